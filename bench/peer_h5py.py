#!/usr/bin/env python3
"""h5py with the filters of hdf5plugin, in an HDF5 file of its own or, with gzip, in the one that gen.py made; in a bucket through s3fs."""
import h5py, hdf5plugin
import numpy as np
from common import main, remote
from layouts import chunks

CACHE = {"rdcc_nbytes": 64 << 20, "rdcc_nslots": 10007}


class Impl:
    def create(self, path, layout, dtype, n):
        zstd = hdf5plugin.Zstd(clevel=3)
        f = {"raw64": {}, "flatraw": {}, "zstd3": zstd, "flat": zstd,
             "blosc": hdf5plugin.Blosc(cname="lz4", clevel=5, shuffle=1)}.get(layout)
        if f is None:
            raise SystemExit("HDF5 has no such layout")
        return h5py.File(path, "w", **CACHE).create_dataset("a", (n,) * 3, "<" + dtype, chunks=tuple(chunks(layout, n)), **dict(f))

    def open(self, path, write):
        if remote(path):
            import s3fs
            path = s3fs.S3FileSystem().open(path.removeprefix("s3://"))
        return h5py.File(path, "r+" if write else "r", **CACHE)["a"]

    def close(self, d):
        d.file.close()

    def read(self, d):
        return d[...]

    def write(self, d, a):
        d[...] = a

    def box(self, d, at):
        return d[at]

    def points(self, d, p):
        return np.array([d[tuple(q)] for q in p])

    def put(self, d, at, a):
        d[at] = a


main("h5py", Impl(), ext="h5")

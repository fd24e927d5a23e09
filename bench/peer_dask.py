#!/usr/bin/env python3
"""Dask arrays over zarr-python, two threads, in blocks of a stored object each."""
import json, os
import dask
import dask.array as da
import zarr
from scipy import ndimage
from common import main
from layouts import metadata

dask.config.set(scheduler="threads", num_workers=2)


class Impl:
    def create(self, path, layout, dtype, n):
        os.makedirs(path)
        with open(path + "/zarr.json", "w") as f:
            json.dump(metadata(layout, dtype, n), f)
        return self.open(path, True)

    def open(self, path, write):
        z = zarr.open_array(path, mode="r+" if write else "r", zarr_format=3)
        self.block = z.shards or z.chunks
        return z if write else da.from_array(z, chunks=self.block, lock=False)

    def read(self, x):
        return x.compute()

    def write(self, z, a):
        da.store(da.from_array(a, chunks=self.block), z, lock=False)

    def box(self, x, at):
        return x[at].compute()

    def points(self, x, p):
        return x.vindex[p[:, 0].tolist(), p[:, 1].tolist(), p[:, 2].tolist()].compute()

    def put(self, z, at, a):
        z[at] = a

    def blur(self, src, dst, sigma):
        x = self.open(src, False)
        z = self.create(dst, "zstd3", "f4", x.shape[0])
        y = x.map_overlap(lambda b: ndimage.gaussian_filter(b, sigma), depth=int(4 * sigma + 0.5), boundary="reflect", dtype="f4")
        da.store(y, z, lock=False)


main("dask", Impl())

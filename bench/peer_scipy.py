#!/usr/bin/env python3
"""SciPy, for the blur only: reads with TensorStore, filters the whole array in memory, writes with TensorStore."""
import tensorstore as ts
from scipy import ndimage
from common import main
from layouts import metadata


class Impl:
    def blur(self, src, dst, sigma):
        file = lambda path: {"driver": "zarr3", "kvstore": {"driver": "file", "path": path}, "context": {"file_io_sync": False}}
        a = ts.open(file(src), open=True).result().read().result()
        out = ts.open(file(dst) | {"metadata": metadata("zstd3", "f4", a.shape[0])}, create=True).result()
        out.write(ndimage.gaussian_filter(a, sigma)).result()


main("scipy", Impl())

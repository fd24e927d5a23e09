#!/usr/bin/env python3
"""xarray over zarr-python, without Dask, in a Zarr group of its own."""
import xarray as xr
from zarr.codecs import BloscCodec, Crc32cCodec, ZstdCodec
from common import main
from layouts import chunks


class Impl:
    def create(self, path, layout, dtype, n):
        zstd = ZstdCodec(level=3)
        enc = {"chunks": tuple(chunks(layout, n)), "compressors": {
            "raw64": None, "flatraw": None, "zstd3": [zstd], "flat": [zstd], "shard": [zstd], "default": [zstd, Crc32cCodec()],
            "blosc": [BloscCodec(cname="lz4", clevel=5, shuffle="shuffle")]}[layout]}
        if layout == "shard":
            enc |= {"shards": enc["chunks"], "chunks": (32,) * 3}
        return path, enc

    def open(self, path, write):
        return path if write else xr.open_zarr(path, chunks=None, consolidated=False)["a"]

    def write(self, h, a):
        path, enc = h
        xr.Dataset({"a": (("z", "y", "x"), a)}).to_zarr(path, mode="w", encoding={"a": enc}, zarr_format=3, consolidated=False)

    def read(self, d):
        return d.values

    def box(self, d, at):
        return d[at].values

    def points(self, d, p):
        return d[tuple(xr.DataArray(p[:, k], dims="p") for k in range(3))].values

    def put(self, path, at, a):
        xr.Dataset({"a": (("z", "y", "x"), a)}).to_zarr(path, region=dict(zip("zyx", at)), zarr_format=3, consolidated=False)


main("xarray", Impl(), ext="xzarr")

#!/usr/bin/env python3
"""zarr-python; with BENCH_PIPELINE=zarrs chunks go through the Rust crate zarrs."""
import json, os
import zarr
from common import main
from layouts import metadata

RUST = os.environ.get("BENCH_PIPELINE") == "zarrs"
if RUST:
    import zarrs  # noqa: F401 (it registers the pipeline)
    zarr.config.set({"codec_pipeline.path": "zarrs.ZarrsCodecPipeline"})


class Impl:
    def create(self, path, layout, dtype, n):
        os.makedirs(path)
        with open(path + "/zarr.json", "w") as f:
            json.dump(metadata(layout, dtype, n), f)
        return self.open(path, True)

    def open(self, path, write):
        store = zarr.storage.LocalStore(path, read_only=not write)
        return zarr.open_array(store, mode="r+" if write else "r", zarr_format=3)

    def read(self, z):
        return z[...]

    def write(self, z, a):
        z[...] = a

    def box(self, z, at):
        return z[at]

    def points(self, z, p):
        return z.vindex[p[:, 0], p[:, 1], p[:, 2]]

    def put(self, z, at, a):
        z[at] = a


main("zarr-python+zarrs" if RUST else "zarr-python", Impl())

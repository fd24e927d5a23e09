#!/usr/bin/env python3
"""zarr-python; with BENCH_PIPELINE=zarrs chunks go through the Rust crate zarrs. Buckets are reached through obstore."""
import json, os
import zarr
from common import main, remote
from layouts import metadata

RUST = os.environ.get("BENCH_PIPELINE") == "zarrs"
if RUST:
    import zarrs  # noqa: F401 (it registers the pipeline)
    zarr.config.set({"codec_pipeline.path": "zarrs.ZarrsCodecPipeline"})


def bucket(path, write):
    from obstore.store import S3Store
    name, _, prefix = path.removeprefix("s3://").partition("/")
    s = S3Store(name, prefix=prefix, endpoint=os.environ["AWS_ENDPOINT_URL"], region="us-east-1", virtual_hosted_style_request=False,
                client_options={"allow_http": True})
    return zarr.storage.ObjectStore(s, read_only=not write)


class Impl:
    def create(self, path, layout, dtype, n):
        if remote(path):
            import obstore
            obstore.put(bucket(path, True).store, "zarr.json", json.dumps(metadata(layout, dtype, n)).encode())
            return self.open(path, True)
        os.makedirs(path)
        with open(path + "/zarr.json", "w") as f:
            json.dump(metadata(layout, dtype, n), f)
        return self.open(path, True)

    def open(self, path, write):
        store = bucket(path, write) if remote(path) else zarr.storage.LocalStore(path, read_only=not write)
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

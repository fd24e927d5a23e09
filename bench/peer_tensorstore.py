#!/usr/bin/env python3
"""TensorStore with its drivers for files and S3. BENCH_CACHE is the size in bytes of a cache of decoded chunks; with BENCH_TRUST,
what is in it is believed without asking whether the file has changed.

By default it syncs every file that it writes; here it does so only where that is asked for.
"""
import os
import tensorstore as ts
from common import main, remote
from layouts import metadata

CACHE = int(os.environ.get("BENCH_CACHE", 0))


class Impl:
    syncs = True

    def spec(self, path):
        if remote(path):
            bucket, _, key = path.removeprefix("s3://").partition("/")
            kvstore = {"driver": "s3", "bucket": bucket, "path": key + "/", "endpoint": os.environ["AWS_ENDPOINT_URL"], "aws_region": "us-east-1",
                       "aws_credentials": {"type": "environment"}}
        else:
            kvstore = {"driver": "file", "path": path}
        s = {"driver": "zarr3", "kvstore": kvstore, "context": {"file_io_sync": self.sync}}
        if CACHE:
            s["context"]["cache_pool"] = {"total_bytes_limit": CACHE}
        if os.environ.get("BENCH_TRUST"):
            s |= {"recheck_cached_data": False, "recheck_cached_metadata": False}
        return s

    def create(self, path, layout, dtype, n):
        return ts.open(self.spec(path) | {"metadata": metadata(layout, dtype, n)}, create=True).result()

    def open(self, path, write):
        return ts.open(self.spec(path), open=True).result()

    def read(self, s):
        return s.read().result()

    def write(self, s, a):
        s.write(a, can_reference_source_data_indefinitely=True).result()

    def box(self, s, at):
        return s[at].read().result()

    def points(self, s, p):
        return s[p[:, 0], p[:, 1], p[:, 2]].read().result()

    def put(self, s, at, a):
        s[at].write(a, can_reference_source_data_indefinitely=True).result()


main("tensorstore+cache" if CACHE else "tensorstore", Impl())

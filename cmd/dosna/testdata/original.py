"""Stores a tree as the first DosNa did in S3, by the description of its layout.

usage: original.py ENDPOINT BUCKET
"""
import itertools
import sys

import boto3
import numpy as np

endpoint, bucket = sys.argv[1:]
s3 = boto3.client("s3", endpoint_url=endpoint, aws_access_key_id="tester", aws_secret_access_key="testertester", region_name="us-east-1")
s3.create_bucket(Bucket=bucket)


def group(path, attrs, links=()):
    s3.put_object(Bucket=bucket, Key=path, Body=b"DosNa Group", Metadata={
        "name": path, "attrs": str(attrs), "absolute-path": path, "datasets": str({}), "parent": path.rsplit("/", 1)[0] or "/",
        "links": str({to: {"name": f"{path}->{to}", "source": path, "target": to} for to in links})})


def dataset(name, data, chunk, fill, leave_out=()):
    grid = [-(-n // c) for n, c in zip(data.shape, chunk)]
    join = lambda numbers: "::".join(map(str, numbers))
    s3.put_object(Bucket=bucket, Key=name, Body=b"DosNa Dataset", Metadata={
        "shape": join(data.shape), "dtype": data.dtype.str, "fillvalue": repr(fill), "chunk-grid": join(grid), "chunk-size": join(chunk)})
    for at in itertools.product(*map(range, grid)):
        if at in leave_out:
            continue
        whole = np.full(chunk, fill, data.dtype)
        part = data[tuple(slice(i * c, (i + 1) * c) for i, c in zip(at, chunk))]
        whole[tuple(slice(n) for n in part.shape)] = part
        s3.put_object(Bucket=bucket, Key=f"{name}/{'.'.join(map(str, at))}", Body=whole.tobytes())


group("/", {}, ["/scan"])
group("/scan", {"beamline": "i12", "angles": "(0, 180)"}, ["/scan/raw", "/calibration"])
group("/scan/raw", {})
group("/calibration", {"energy": "53.1"})
dataset("volume", np.arange(20 * 15 * 7, dtype="<f4").reshape(20, 15, 7), (8, 8, 4), 0)
dataset("/scan/raw/frames", np.arange(30 * 11, dtype=">u2").reshape(30, 11), (7, 4), 42, leave_out={(1, 1)})
dataset("flags", np.arange(9) % 2 == 0, (4,), False)
dataset("waves", np.arange(6) * (1 - 2j), (4,), 0j)

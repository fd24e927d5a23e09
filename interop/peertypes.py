"""Writes or reads arrays of types beyond numbers with zarr-python.

    peertypes.py write|read DIR

Writing makes an array DIR/NAME of each type in each layout; reading reads all that
are there. Either way it prints {NAME: [shape, [bytes of every element in hexadecimal
digits, ...]]}, numbers in little-endian order.
"""

import base64
import json
import os
import sys
import warnings

import numpy as np
import zarr
from zarr.codecs import BloscCodec, BytesCodec, Crc32cCodec, GzipCodec, ShardingCodec, TransposeCodec, VLenBytesCodec, VLenUTF8Codec, ZstdCodec

warnings.simplefilter("ignore")

SHAPE = (7, 5)
STRUCT = np.dtype([("x", "<i4"), ("name", "<U2"), ("in", [("a", "<f8"), ("t", "<M8[s]")])])


def texts(n):
    return ["" if i % 5 == 4 else "日本語 ñ"[: i % 6] + "x" * (i % 11 * (i % 3)) + str(i) for i in range(n)]


def values(name):
    n = int(np.prod(SHAPE))
    i = np.arange(n)
    if name == "string":
        a = np.array(texts(n), dtype=object)
    elif name == "variable_length_bytes":
        a = np.empty(n, object)
        a[:] = [t.encode() + bytes([k, 255]) * (k % 3) for k, t in enumerate(texts(n))]
    elif name == "fixed_length_utf32":
        a = np.array(texts(n), "<U4")
    elif name == "null_terminated_bytes":
        a = np.array([str(k).encode() * (k % 4) for k in i], "S6")
    elif name == "raw_bytes":
        a = np.frombuffer(b"".join(k.to_bytes(3, "big") for k in range(1000, 1000 + n)), "V3")
    elif name == "datetime64":
        a = (i * 10**15 - 10**16).astype("<M8[ns]")
        a[3] = "NaT"
    elif name == "timedelta64":
        a = (i * 7 - 40).astype("<m8[10s]")
        a[5] = "NaT"
    else:
        a = np.zeros(n, STRUCT)
        a["x"], a["name"], a["in"]["a"], a["in"]["t"] = i * 1000 - 7, texts(n), i / 3, i.astype("M8[s]")
    return a.reshape(SHAPE)


NAMES = ["string", "variable_length_bytes", "fixed_length_utf32", "null_terminated_bytes", "raw_bytes", "datetime64", "timedelta64", "struct"]


def serializer(name, order="little"):
    if name == "string":
        return VLenUTF8Codec()
    if name == "variable_length_bytes":
        return VLenBytesCodec()
    return BytesCodec(endian=None if name in ("null_terminated_bytes", "raw_bytes") else order)


def layouts(name):
    s = serializer(name)
    yield "plain", (3, 2), [s]
    yield "zstd", (3, 2), [s, ZstdCodec(level=1)]
    yield "gzip crc", (7, 5), [s, GzipCodec(level=1), Crc32cCodec()]
    yield "blosc", (4, 4), [s, BloscCodec(cname="lz4", shuffle="noshuffle", typesize=1)]
    yield "turned", (3, 2), [TransposeCodec(order=(1, 0)), s, ZstdCodec()]
    if name in ("fixed_length_utf32", "datetime64", "timedelta64"):
        yield "big", (3, 2), [serializer(name, "big"), ZstdCodec()]
    if name not in ("raw_bytes", "struct"):  # of which zarr-python has no shards
        yield "shards", (6, 4), [ShardingCodec(chunk_shape=(3, 2), codecs=[s, ZstdCodec()])]
        yield "raw shards", (6, 4), [ShardingCodec(chunk_shape=(3, 2), codecs=[s], index_location="start")]


def elements(a):
    out = []
    for x in np.asarray(a).ravel().tolist() if a.dtype.kind in "OT" else np.asarray(a).ravel():
        if isinstance(x, str) and a.dtype.kind in "OT":
            x = x.encode()
        elif not isinstance(x, bytes) or a.dtype.kind not in "OT":
            x = np.asarray(x, a.dtype.newbyteorder("<")).tobytes()
        out.append(x.hex())
    return [list(a.shape), out]


def write(root):
    for name in NAMES:
        a = values(name)
        for layout, chunks, codecs in layouts(name):
            path = os.path.join(root, f"{name} {layout}")
            dtype = {"string": "string", "variable_length_bytes": "variable_length_bytes"}.get(name, a.dtype)
            z = zarr.create(store=path, zarr_format=3, shape=SHAPE, chunks=chunks, dtype=dtype, codecs=codecs)
            z[:6, :] = a[:6, :]  # the last row is fill
            yield f"{name} {layout}", z[...]


def older(t):
    """A type as zarr-python has it that does not know the name struct yet."""
    if isinstance(t, dict) and t["name"] == "struct":
        return {"name": "structured", "configuration": {"fields": [[f["name"], older(f["data_type"])] for f in t["configuration"]["fields"]]}}
    return t


def read(root):
    for name in sorted(os.listdir(root)):
        if os.path.isdir(os.path.join(root, name)):
            path = os.path.join(root, name, "zarr.json")
            with open(path) as f:
                doc = json.load(f)
            if doc["data_type"] != older(doc["data_type"]):
                try:
                    zarr.open_array(os.path.join(root, name), mode="r", zarr_format=3)
                except ValueError:
                    item = zarr.core.dtype.parse_dtype(older(doc["data_type"]), zarr_format=3).item_size
                    doc["data_type"], doc["fill_value"] = older(doc["data_type"]), base64.b64encode(bytes(item)).decode()
                    with open(path, "w") as f:
                        json.dump(doc, f)
            yield name, zarr.open_array(os.path.join(root, name), mode="r", zarr_format=3)[...]


print(json.dumps({name: elements(a) for name, a in {"write": write, "read": read}[sys.argv[1]](sys.argv[2])}))

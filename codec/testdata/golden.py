"""Write golden.json: chunks that other implementations have encoded.

Run it with the Python environment of the tests, from the module's root:

    .venv/bin/python codec/testdata/golden.py

Each case has the codecs as they stand in the metadata, the stored bytes of one
object, and the elements in C order, little-endian.
"""

import asyncio
import base64
import json
import pathlib
import tempfile

import numcodecs
import numpy as np
import tensorstore
import zarr
import zarr.storage

LITTLE = {"name": "bytes", "configuration": {"endian": "little"}}
BIG = {"name": "bytes", "configuration": {"endian": "big"}}
BYTES = {"name": "bytes"}
CRC32C = {"name": "crc32c"}


def transpose(*order):
    return {"name": "transpose", "configuration": {"order": list(order)}}


def gzip(level):
    return {"name": "gzip", "configuration": {"level": level}}


def zstd(level, checksum=False):
    return {"name": "zstd", "configuration": {"level": level, "checksum": checksum}}


def blosc(cname, level, shuffle, size, blocksize=0):
    return {
        "name": "blosc",
        "configuration": {
            "cname": cname,
            "clevel": level,
            "shuffle": shuffle,
            "typesize": size,
            "blocksize": blocksize,
        },
    }


def shard(shape, codecs, location="end", index=(LITTLE, CRC32C)):
    return {
        "name": "sharding_indexed",
        "configuration": {
            "chunk_shape": list(shape),
            "codecs": codecs,
            "index_codecs": list(index),
            "index_location": location,
        },
    }


# name: data type, chunk shape, codecs
CASES = {
    "scalar": ("float64", (), [LITTLE]),
    "bool": ("bool", (3, 5), [BYTES]),
    "int8": ("int8", (7,), [BYTES, CRC32C]),
    "int16 big": ("int16", (3, 5), [BIG]),
    "uint64 big crc32c": ("uint64", (2, 3), [BIG, CRC32C]),
    "float16": ("float16", (4, 2), [LITTLE]),
    "float32 crc32c": ("float32", (2, 3, 4), [LITTLE, CRC32C]),
    "complex64 big": ("complex64", (2, 2), [BIG]),
    "complex128": ("complex128", (3,), [LITTLE, CRC32C]),
    "transpose": ("int32", (2, 3, 4), [transpose(2, 0, 1), LITTLE]),
    "transpose twice": ("int32", (2, 3, 4), [transpose(2, 0, 1), transpose(1, 0, 2), BIG]),
    "gzip": ("uint16", (6, 8), [LITTLE, gzip(5)]),
    "gzip 0": ("uint16", (6, 8), [LITTLE, gzip(0), CRC32C]),
    "zstd": ("float32", (6, 8), [LITTLE, zstd(3)]),
    "zstd negative": ("float32", (6, 8), [LITTLE, zstd(-5)]),
    "zstd checksum": ("int64", (6, 8), [LITTLE, zstd(0, True)]),
    "zstd crc32c": ("float64", (6, 8), [transpose(1, 0), BIG, zstd(1), CRC32C]),
    "gzip zstd": ("uint16", (6, 8), [LITTLE, gzip(1), zstd(1)]),
    "shard": ("uint16", (4, 6), [shard((2, 3), [LITTLE])]),
    "shard start": ("uint16", (4, 6), [shard((2, 3), [LITTLE, CRC32C], "start")]),
    "shard zstd": ("float32", (4, 6), [shard((2, 2), [LITTLE, zstd(3), CRC32C])]),
    "shard gzip big index": ("int32", (4, 6), [shard((4, 2), [BIG, gzip(1)], "end", (BIG, CRC32C))]),
    "shard plain index": ("int32", (4, 6), [shard((4, 2), [LITTLE], "start", (LITTLE,))]),
    "shard transposed": ("int32", (4, 6, 2), [transpose(1, 2, 0), shard((3, 2, 2), [transpose(2, 0, 1), LITTLE])]),
    "shard with holes": ("int32", (8, 8), [shard((2, 2), [LITTLE, CRC32C])]),
    "shard one": ("uint8", (5,), [shard((5,), [BYTES, zstd(1)])]),
    "shard in shard": ("uint16", (8, 8), [shard((4, 4), [shard((2, 2), [LITTLE, zstd(1)], "start")])]),
}
for cname in ("lz4", "lz4hc", "blosclz", "zlib", "zstd"):
    for level, shuffle in ((5, "shuffle"), (9, "bitshuffle"), (1, "noshuffle"), (0, "shuffle")):
        if (cname == "lz4") or shuffle == "shuffle" and level:
            CASES[f"blosc {cname} {level} {shuffle}"] = (
                "float32", (10, 16), [LITTLE, blosc(cname, level, shuffle, 4)])
CASES["blosc blocks"] = ("int16", (40, 40), [LITTLE, blosc("lz4", 5, "shuffle", 2, 512), CRC32C])


def elements(name, dtype, shape):
    """Ragged data that compresses, with the values that are easy to get wrong."""
    n = int(np.prod(shape))
    a = (np.arange(n) // 3 * 7 % 251 - 100).astype(np.float64)
    if dtype == "bool":
        return (np.arange(n) % 3 == 1).reshape(shape)
    if np.dtype(dtype).kind == "u":
        a = np.abs(a)
    a = a.astype(dtype)
    if a.dtype.kind in "fc" and n > 5:
        a[1:6] = [np.nan, np.inf, -np.inf, -0.0, np.finfo(a.dtype).tiny]
    if a.dtype.kind == "c":
        a = a + (1j * np.arange(n)).astype(dtype)
    a = a.reshape(shape)
    if name == "shard with holes":
        a[2:4, :] = 0
        a[:, 4:6] = 0
    return a


def by_zarr(root, name, dtype, shape, codecs, data):
    """zarr-python's own pipeline or another one that is configured."""
    path = pathlib.Path(root) / name.replace(" ", "_")
    write_metadata(path, dtype, shape, codecs)
    zarr.open_array(str(path), mode="r+")[...] = data
    return path


def by_tensorstore(root, name, dtype, shape, codecs, data):
    path = pathlib.Path(root) / name.replace(" ", "_")
    write_metadata(path, dtype, shape, codecs)
    spec = {"driver": "zarr3", "kvstore": {"driver": "file", "path": str(path)}}
    tensorstore.open(spec, open=True).result()[...] = data
    return path


def write_metadata(path, dtype, shape, codecs):
    path.mkdir(parents=True)
    kind = np.dtype(dtype).kind
    fill = False if kind == "b" else [0.0, 0.0] if kind == "c" else 0.0 if kind == "f" else 0
    (path / "zarr.json").write_text(json.dumps({
        "zarr_format": 3,
        "node_type": "array",
        "shape": list(shape),
        "data_type": dtype,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(shape)}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "."}},
        "fill_value": fill,
        "codecs": codecs,
        "attributes": {},
    }))


def chunk(path, shape):
    return (path / ".".join(["c"] + ["0"] * len(shape))).read_bytes()


def text(b):
    return base64.b64encode(b).decode()


def main():
    pipelines = {
        "zarr-python": "zarr.core.codec_pipeline.BatchedCodecPipeline",
        "zarrs": "zarrs.ZarrsCodecPipeline",
    }
    out, refused = [], []
    with tempfile.TemporaryDirectory() as root:
        for writer in ("zarr-python", "zarrs", "tensorstore"):
            if writer in pipelines:
                zarr.config.set({"codec_pipeline.path": pipelines[writer]})
            write = by_tensorstore if writer == "tensorstore" else by_zarr
            for name, (dtype, shape, codecs) in CASES.items():
                data = elements(name, dtype, shape)
                if writer == "tensorstore":  # it knows no such option
                    codecs = json.loads(json.dumps(codecs).replace(', "checksum": false', ""))
                try:
                    path = write(root + "/" + writer, name, dtype, shape, codecs, data)
                    stored = chunk(path, shape)
                except Exception as e:
                    refused.append(f"{writer}: {name}: {type(e).__name__}: {str(e)[:100]}")
                    continue
                out.append({
                    "writer": writer,
                    "name": name,
                    "data_type": dtype,
                    "shape": list(shape),
                    "codecs": codecs,
                    "stored": text(stored),
                    "elements": text(data.astype(data.dtype.newbyteorder("<")).tobytes()),
                })
    data = elements("", "float32", (10, 16))
    for name, codec, spec in (
        ("crc32c", numcodecs.CRC32C(location="end"), CRC32C),
        ("gzip", numcodecs.GZip(level=3), gzip(3)),
        ("zstd", numcodecs.Zstd(level=7), zstd(7)),
        ("blosc bits", numcodecs.Blosc("lz4", 5, numcodecs.Blosc.BITSHUFFLE), blosc("lz4", 5, "bitshuffle", 4)),
        ("blosc snappy", numcodecs.Blosc("snappy", 5, numcodecs.Blosc.SHUFFLE), blosc("snappy", 5, "shuffle", 4)),
    ):
        try:
            stored = bytes(codec.encode(data))
        except Exception as e:
            refused.append(f"numcodecs: {name}: {e}")
            continue
        out.append({
            "writer": "numcodecs", "name": name, "data_type": "float32", "shape": [10, 16],
            "codecs": [LITTLE, spec], "stored": text(stored), "elements": text(data.tobytes()),
        })
    lines = ",\n".join(json.dumps(case) for case in out)
    pathlib.Path(__file__).with_suffix(".json").write_text("[\n" + lines + "\n]\n")
    print(len(out), "cases;", len(refused), "refused")
    print("\n".join(refused))


main()

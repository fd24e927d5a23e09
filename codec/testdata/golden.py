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
import warnings

import numcodecs
import numpy as np
import tensorstore
import zarr
import zarr.storage

warnings.simplefilter("ignore")  # of zarr-python, that numcodecs are its own

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


def filters(name, **config):
    """A codec of numcodecs as zarr-python has it."""
    return {"name": "numcodecs." + name, "configuration": config}


# The same with codecs of numcodecs: what comes back may be something else.
NUMCODECS = {
    "bz2 in crc32": ("int32", (6, 8), [LITTLE, filters("bz2", level=1), filters("crc32")]),
    "bz2 9": ("float64", (30, 50), [LITTLE, filters("bz2", level=9)]),
    "zlib": ("int32", (6, 8), [BIG, filters("zlib", level=6)]),
    "zlib -1": ("int32", (6, 8), [LITTLE, filters("zlib", level=-1)]),
    "gzip 9": ("int32", (6, 8), [LITTLE, filters("gzip", level=9)]),
    "zstd checksum": ("int32", (6, 8), [LITTLE, filters("zstd", level=3, checksum=True)]),
    "lz4": ("int32", (6, 8), [LITTLE, filters("lz4", acceleration=1)]),
    "lz4 fast": ("uint8", (600, 8), [BYTES, filters("lz4", acceleration=40)]),
    "shuffle zlib": ("int32", (6, 8), [LITTLE, filters("shuffle", elementsize=4), filters("zlib", level=1)]),
    "shuffle 1": ("int8", (6, 8), [BYTES, filters("shuffle", elementsize=1)]),
    "shuffle 16": ("complex128", (6, 8), [LITTLE, filters("shuffle", elementsize=16)]),
    "shuffle of a checksum": ("int16", (5, 7), [LITTLE, filters("adler32"), filters("shuffle", elementsize=2)]),
    "crc32": ("int16", (5, 7), [LITTLE, filters("crc32")]),
    "crc32 end": ("int16", (5, 7), [LITTLE, filters("crc32", location="end")]),
    "crc32c": ("int16", (5, 7), [LITTLE, filters("crc32c")]),
    "crc32c start": ("int16", (5, 7), [LITTLE, filters("crc32c", location="start")]),
    "adler32": ("int16", (5, 7), [LITTLE, filters("adler32")]),
    "adler32 end": ("int16", (5, 7), [LITTLE, filters("adler32", location="end")]),
    "fletcher32": ("int8", (5, 7), [BYTES, filters("fletcher32")]),
    "fletcher32 long": ("int16", (50, 70), [LITTLE, filters("fletcher32")]),
    "jenkins": ("int8", (5, 7), [BYTES, filters("jenkins_lookup3")]),
    "jenkins 12": ("int8", (12,), [BYTES, filters("jenkins_lookup3", initval=7)]),
    "jenkins 13": ("int8", (13,), [BYTES, filters("jenkins_lookup3", initval=2**32 - 1)]),
    "blosc auto": ("int8", (50, 7), [BYTES, filters("blosc", cname="zstd", clevel=5, shuffle=-1, blocksize=0)]),
    "blosc 2": ("int32", (50, 7), [LITTLE, filters("blosc", cname="lz4", clevel=5, shuffle=2, blocksize=0, typesize=4)]),
    "packbits": ("bool", (5, 5), [filters("packbits"), BYTES]),
    "packbits exact": ("bool", (4, 4), [filters("packbits"), BYTES, filters("zlib", level=1)]),
    "delta astype": ("int32", (6, 8), [filters("delta", dtype="<i4", astype="<i2"), LITTLE]),
    "delta unsigned": ("uint16", (6, 8), [filters("delta", dtype="<u2", astype="|i1"), BYTES]),
    "delta wider": ("int16", (6, 8), [filters("delta", dtype="<i2", astype="<i8"), LITTLE]),
    "delta shuffle bz2": ("int64", (6, 8), [
        filters("delta", dtype="<i8"), LITTLE, filters("shuffle", elementsize=8), filters("bz2", level=2)]),
    "delta f4 f8": ("float32", (40,), [filters("delta", dtype="<f4", astype="<f8"), LITTLE]),
    "delta f4 f2": ("float32", (40,), [filters("delta", dtype="<f4", astype="<f2"), LITTLE]),
    "delta f2 f4": ("float16", (40,), [filters("delta", dtype="<f2", astype="<f4"), LITTLE]),
    "scale f8 u1": ("float64", (6, 8), [filters("fixedscaleoffset", offset=-200, scale=0.5, dtype="<f8", astype="|u1"), BYTES]),
    "scale f4 i2": ("float32", (6, 8), [filters("fixedscaleoffset", offset=1.1, scale=13.7, dtype="<f4", astype="<i2"), LITTLE]),
    "scale f2 i4": ("float16", (6, 8), [filters("fixedscaleoffset", offset=1.1, scale=13.7, dtype="<f2", astype="<i4"), LITTLE]),
    "scale f4 f2": ("float32", (6, 8), [filters("fixedscaleoffset", offset=1.1, scale=13.7, dtype="<f4", astype="<f2"), LITTLE]),
    "scale f8": ("float64", (6, 8), [filters("fixedscaleoffset", offset=0.1, scale=10, dtype="<f8"), LITTLE]),
    "scale i4 whole": ("int32", (6, 8), [filters("fixedscaleoffset", offset=-1000, scale=3, dtype="<i4", astype="<u2"), LITTLE]),
    "scale i2 mixed": ("int16", (6, 8), [filters("fixedscaleoffset", offset=-1000, scale=0.3, dtype="<i2", astype="<u2"), LITTLE]),
    "scale u2 float": ("uint16", (6, 8), [filters("fixedscaleoffset", offset=1.5, scale=7.5, dtype="<u2", astype="<i8"), LITTLE]),
    "astype f8 f4": ("float64", (6, 8), [filters("astype", encode_dtype="<f4", decode_dtype="<f8"), LITTLE]),
    "astype f4 f2": ("float32", (6, 8), [filters("astype", encode_dtype="<f2", decode_dtype="<f4"), LITTLE]),
    "astype i8 i2": ("int64", (6, 8), [filters("astype", encode_dtype="<i2", decode_dtype="<i8"), LITTLE, filters("zlib", level=1)]),
    "astype i4 f8": ("int32", (6, 8), [filters("astype", encode_dtype="<f8", decode_dtype="<i4"), LITTLE]),
    "astype f4 i1": ("float32", (6, 8), [filters("astype", encode_dtype="|i1", decode_dtype="<f4"), BYTES]),
    "astype u8 f4": ("uint64", (6, 8), [filters("astype", encode_dtype="<f4", decode_dtype="<u8"), LITTLE]),
    "astype delta": ("int64", (6, 8), [
        filters("astype", encode_dtype="<i4", decode_dtype="<i8"), filters("delta", dtype="<i4", astype="<i2"), LITTLE]),
    "shard delta": ("int16", (4, 6), [shard((2, 3), [filters("delta", dtype="<i2"), LITTLE, filters("zlib", level=1), CRC32C])]),
    "shard scale": ("float32", (4, 6), [
        shard((2, 3), [filters("fixedscaleoffset", offset=-100, scale=10, dtype="<f4", astype="<i2"), LITTLE])]),
}
for t, n in (("float16", 4), ("float32", 3), ("float64", 6)):
    NUMCODECS["quantize " + t] = (t, (6, 8), [filters("quantize", digits=1, dtype=np.dtype(t).str), LITTLE])
    for keep in (1, n, {"float16": 10, "float32": 23, "float64": 52}[t]):
        NUMCODECS[f"bitround {t} {keep}"] = (t, (6, 8), [filters("bitround", keepbits=keep), LITTLE])
NUMCODECS["quantize tens"] = ("float32", (6, 8), [filters("quantize", digits=-1, dtype="<f4"), LITTLE])
for t in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64"):
    NUMCODECS["delta " + t] = (t, (5, 9), [filters("delta", dtype=np.dtype(t).str), LITTLE])


def elements(name, dtype, shape):
    """Ragged data that compresses, with the values that are easy to get wrong."""
    n = int(np.prod(shape))
    a = (np.arange(n) // 3 * 7 % 251 - 100).astype(np.float64)
    if dtype == "bool":
        return (np.arange(n) % 3 == 1).reshape(shape)
    if np.dtype(dtype).kind == "u":
        a = np.abs(a)
    a = a.astype(dtype)
    finite = name.startswith(("scale", "shard scale", "astype f4 i1", "delta f"))
    if a.dtype.kind == "f" and finite:
        a += np.linspace(0, 1, n).astype(dtype)
    elif a.dtype.kind in "fc" and n > 5:
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
            cases = CASES | {"numcodecs " + k: v for k, v in NUMCODECS.items() if writer == "zarr-python" or
                             writer == "zarrs" and "scale" not in k}  # zarrs computes in single precision
            for name, (dtype, shape, codecs) in cases.items():
                data = elements(name.removeprefix("numcodecs "), dtype, shape)
                if writer == "tensorstore":  # it knows no such option
                    codecs = json.loads(json.dumps(codecs).replace(', "checksum": false', ""))
                try:
                    path = write(root + "/" + writer, name, dtype, shape, codecs, data)
                    stored = chunk(path, shape)
                    back = data if name in CASES else zarr.open_array(str(path))[...]
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
                    "elements": text(back.astype(data.dtype.newbyteorder("<")).tobytes()),
                    **({} if back.tobytes() == data.tobytes() else {"written": text(data.tobytes())}),
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

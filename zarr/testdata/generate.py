"""Writes the documents beside this file as zarr-python and TensorStore store them.

Run it with the Python of the tests (make testdeps), then accept what changed
in the parsed form: go test ./zarr -update
"""

import pathlib
import shutil
import tempfile
import warnings

import tensorstore as ts
import zarr
from zarr.codecs import (
    BloscCodec, BytesCodec, Crc32cCodec, GzipCodec, ShardingCodec, TransposeCodec, ZstdCodec,
)

warnings.simplefilter("ignore")
here = pathlib.Path(__file__).parent
tmp = pathlib.Path(tempfile.mkdtemp())

FILLS = {
    "bool": [False, True],
    "float16": [0.1, 65504.0, 6e-08],
    "float32": [0.1, 3.4028234663852886e38, 1e-45],
    "float64": [0.1, 1.7976931348623157e308, 5e-324, 123456789.0, 1e16, 1e22],
    "complex64": [1 + 2j, complex("nan-infj"), complex(-0.0, 0.5)],
    "complex128": [1 + 2j, complex("inf+nanj"), complex(1e-300, -0.0)],
}
for bits in (8, 16, 32, 64):
    FILLS[f"int{bits}"] = [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1]
    FILLS[f"uint{bits}"] = [0, 2**bits - 1]
for size in (16, 32, 64):
    FILLS[f"float{size}"] += [float("nan"), float("inf"), float("-inf"), -0.0]

little, big = BytesCodec(endian="little"), BytesCodec(endian="big")
CODECS = {
    "blosc": dict(compressors=BloscCodec(cname="zlib", clevel=9, shuffle="bitshuffle", blocksize=4096)),
    "chain": dict(filters=[TransposeCodec(order=(1, 0))], serializer=big, compressors=[GzipCodec(level=3), Crc32cCodec()]),
    "none": dict(compressors=None),
    "zstd": dict(compressors=ZstdCodec(level=-5, checksum=True)),
    "shards": dict(shards=(8, 6), compressors=Crc32cCodec()),
    "nested": dict(
        compressors=None,
        chunks=(8, 6),
        serializer=ShardingCodec(
            chunk_shape=(4, 6),
            codecs=[ShardingCodec(chunk_shape=(2, 3), codecs=[big], index_location="start")],
            index_codecs=[little],
        ),
    ),
}


def zarr_python():
    g = zarr.create_group(tmp / "z", attributes={
        "nested": {"list": [1, 2.5, None, True, ["deep", {}]], "text": 'quote " slash / line\n <é>'},
        "big": 2**80, "small": -(2**63), "float": 1e300,
    })
    for dtype, fills in FILLS.items():
        for i, fill in enumerate(fills):
            g.create_array(f"fill/{dtype}/{i}", shape=(3,), dtype=dtype, fill_value=fill)
    for name, kw in CODECS.items():
        g.create_array(f"codecs/{name}", **{"shape": (9, 7), "chunks": (4, 3), "dtype": "int16", **kw})
    for name, keys in {
        "default": {"name": "default", "separator": "."},
        "v2": {"name": "v2", "separator": "."},
        "v2slash": {"name": "v2", "separator": "/"},
    }.items():
        g.create_array(f"keys/{name}", shape=(3, 3), dtype="u1", chunk_key_encoding=keys)
    g.create_array("shapes/scalar", shape=(), dtype="f4")
    g.create_array("shapes/empty", shape=(0, 5), chunks=(0, 5), dtype="f4")
    g.create_array("shapes/names", shape=(1, 2, 3), dtype="f4", dimension_names=["x", None, ""], attributes={"units": "µm"})
    zarr.consolidate_metadata(tmp / "z")
    shutil.copy(tmp / "z/zarr.json", here / "zarr-python.json")

    not_json = [float("nan"), {"low": float("-inf"), "high": float("inf")}, "NaN"]
    g = zarr.create_group(tmp / "n", attributes={"a": not_json})
    g.create_array("a", shape=(2,), dtype="f4", fill_value=float("nan"), attributes={"valid": not_json})
    shutil.copy(tmp / "n/a/zarr.json", here / "zarr-python-nan.json")
    zarr.consolidate_metadata(tmp / "n")
    shutil.copy(tmp / "n/zarr.json", here / "zarr-python-nan-consolidated.json")


def rectilinear():  # zarr-python 3.2 or newer
    with zarr.config.set({"array.rectilinear_chunks": True}):
        a = zarr.create_array(tmp / "r", shape=(60, 100), dtype="i4", chunks=(5, 10), shards=[[10, 20, 30], [50, 50]])
        a.append(a[:25])
    shutil.copy(tmp / "r/zarr.json", here / "zarr-python-rectilinear.json")


def tensorstore():
    def write(name, metadata):
        spec = {"driver": "zarr3", "kvstore": {"driver": "file", "path": str(tmp / name)}, "metadata": metadata}
        ts.open(spec, create=True, delete_existing=True).result()
        shutil.copy(tmp / name / "zarr.json", here / f"tensorstore-{name}.json")

    write("plain", {"shape": [4, 5], "data_type": "float64", "fill_value": "NaN"})
    write("scalar", {"shape": [], "data_type": "bool", "fill_value": True})
    write("hex", {"shape": [0, 5], "data_type": "float32", "fill_value": "0xffc00001"})
    write("complex", {"shape": [4], "data_type": "complex64", "fill_value": ["-Infinity", -0.0]})
    write("shards", {
        "shape": [9, 7], "data_type": "uint16", "fill_value": 65535,
        "attributes": {"a": [1, {"b": None}]}, "dimension_names": ["y", None],
        "chunk_key_encoding": {"name": "v2"},
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [8, 6]}},
        "codecs": [{"name": "sharding_indexed", "configuration": {
            "chunk_shape": [4, 3], "index_location": "start",
            "codecs": [{"name": "transpose", "configuration": {"order": [1, 0]}}, {"name": "bytes", "configuration": {"endian": "big"}}, {"name": "blosc", "configuration": {"cname": "lz4", "clevel": 5, "shuffle": "shuffle", "typesize": 2}}],
            "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}],
        }}],
    })


zarr_python()
if "rectilinear_chunks" in zarr.config.get("array"):
    rectilinear()
tensorstore()
shutil.rmtree(tmp)

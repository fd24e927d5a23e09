"""Writes zarr-python-2.zmetadata beside this file: all documents of a tree of Zarr v2,
as zarr-python 2.18 consolidates them.

Run it with the Python of .venv-zarr2 (make testdeps), then accept what changed in the
parsed form: go test ./zarr -update
"""

import pathlib
import shutil
import tempfile

import numcodecs
import numpy as np
import zarr

here = pathlib.Path(__file__).parent
tmp = pathlib.Path(tempfile.mkdtemp())
g = zarr.open_group(tmp / "z", mode="w")
g.attrs.update({"title": "all types", "not json": float("nan")})

TYPES = {
    "|b1": True, "|i1": -5, "<i2": 0, ">i4": 7, "<i8": -(2**63), "|u1": 255, ">u8": 2**64 - 1, "<f2": 0.1, ">f4": float("nan"), "<f8": float("-inf"),
    "<c8": complex(1, float("nan")), "<M8[ns]": np.datetime64("NaT"), "<m8[s]": np.timedelta64(5, "s"), "<U3": "é", ">U2": "", "|S3": b"a\xff", "|V3": np.void(b"\0\1\2"),
}
for i, (dtype, fill) in enumerate(TYPES.items()):
    g.create_dataset(f"types/{i:02}", shape=(6, 5), chunks=(4, 3), dtype=dtype, fill_value=fill, compressor=None)
fields = [("x", "<i2"), ("y", "|b1"), ("z", [("re", "<f8"), ("im", "<f8")])]
g.create_dataset("types/struct", shape=(6,), chunks=(4,), dtype=fields, fill_value=np.array((1, True, (0.5, -1.0)), fields)[()])
g.create_dataset("types/null", shape=(6,), chunks=(4,), dtype="f4", fill_value=None)
g.create_dataset("types/text", shape=(6,), chunks=(4,), dtype=object, object_codec=numcodecs.VLenUTF8())
g.create_dataset("types/bytes", shape=(6,), chunks=(4,), dtype=object, object_codec=numcodecs.VLenBytes())
for codec in (
    numcodecs.Zlib(3), numcodecs.GZip(3), numcodecs.BZ2(3), numcodecs.Zstd(3), numcodecs.LZ4(2), numcodecs.LZMA(preset=1), numcodecs.Blosc("zstd", 3, numcodecs.Blosc.AUTOSHUFFLE),
    numcodecs.Blosc("lz4", 5, numcodecs.Blosc.BITSHUFFLE, 4096),
):
    name = f"compressors/{codec.codec_id}{len(list(g.require_group('compressors')))}"
    g.create_dataset(name, shape=(6, 5), chunks=(4, 3), dtype="<i4", compressor=codec, order="F", dimension_separator="/")
FILTERS = {
    "delta": [numcodecs.Delta("<i4", "<i2")], "scale": [numcodecs.FixedScaleOffset(1, 10, "<f8", "|u1")], "quantize": [numcodecs.Quantize(3, "<f8", "<f4")],
    "bitround": [numcodecs.BitRound(5)], "packbits": [numcodecs.PackBits()], "astype": [numcodecs.AsType("<f4", "<f8")],
    "several": [numcodecs.Delta("<i4"), numcodecs.Shuffle(4), numcodecs.CRC32()],
}
for name, filters in FILTERS.items():
    dtype = {"packbits": "|b1", "delta": "<i4", "several": "<i4", "bitround": "<f4"}.get(name, "<f8")
    a = g.create_dataset(f"filters/{name}", shape=(6, 5), chunks=(4, 3), dtype=dtype, filters=filters)
    a.attrs["_ARRAY_DIMENSIONS"] = ["y", "x"]
g.create_dataset("shapes/scalar", shape=(), dtype="f4").attrs["_ARRAY_DIMENSIONS"] = []
g.create_dataset("shapes/empty", shape=(0, 5), dtype="f4")
zarr.consolidate_metadata(tmp / "z")
shutil.copy(tmp / "z/.zmetadata", here / "zarr-python-2.zmetadata")

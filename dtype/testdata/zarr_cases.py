"""Prints what zarr-python writes for types and fill values, one JSON object a line.
Given a file with such lines, prints what zarr-python reads from each."""

import base64
import json
import sys
import warnings

import numpy as np
from zarr.dtype import parse_dtype

warnings.simplefilter("ignore")


def hexed(value, dtype):
    if isinstance(value, str) and dtype is None:
        return value.encode().hex()
    if isinstance(value, bytes) and dtype is None:
        return value.hex()
    return np.array(value, dtype).tobytes().hex()


if len(sys.argv) > 1:
    with open(sys.argv[1]) as lines:
        for line in lines:
            case = json.loads(line)
            try:
                zdtype = parse_dtype(case["type"], zarr_format=3)
                value = zdtype.from_json_scalar(case["fill"], zarr_format=3)
                native = None if case["type"] in ("string", "variable_length_bytes") else zdtype.to_native_dtype()
                print(json.dumps({"type": zdtype.to_json(zarr_format=3), "elem": hexed(value, native)}))
            except Exception as fault:
                print(json.dumps({"fault": f"{type(fault).__name__}: {fault}"}))
    sys.exit()


def emit(spec, *values):
    zdtype = parse_dtype(spec, zarr_format=3)
    variable = spec in ("string", "variable_length_bytes")
    native = None if variable else zdtype.to_native_dtype()
    for value in values:
        scalar = value if variable else zdtype.cast_scalar(value)
        fill = zdtype.to_json_scalar(scalar, zarr_format=3)
        size = 0 if variable else native.itemsize
        print(json.dumps({"type": zdtype.to_json(zarr_format=3), "fill": fill, "size": size, "elem": hexed(scalar, native)}))


emit("bool", True, False)
for name in ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]:
    info = np.iinfo(name)
    emit(name, 0, info.min, info.max)
for name in ["float16", "float32", "float64"]:
    info = np.finfo(name)
    emit(name, 0.0, -0.0, 0.1, float(info.max), float(info.smallest_subnormal), np.inf, -np.inf, np.nan)
emit("complex64", 1 + 2j, complex(np.nan, -np.inf), complex(-0.0, 0.1))
emit("complex128", 1 + 2j, complex(np.inf, np.nan), complex(1e300, -0.0))
for spec in ["datetime64[ns]", "datetime64[10us]", "datetime64[D]", "datetime64[Y]", "timedelta64[s]", "timedelta64[25ms]"]:
    dtype = np.dtype(spec)
    emit(dtype, np.array(0, "i8").view(dtype)[()], np.array(-12345, "i8").view(dtype)[()], np.array("NaT", dtype)[()])
emit(np.dtype("<U5"), "", "Hi", "né", "𝄞x", "a\0b", '"\\')
emit(np.dtype("S4"), b"", b"ab", b"a\0b", b"\xff\xfe\xfd\xfc")
emit(np.dtype("V3"), np.void(b"\0\0\0"), np.void(b"\1\2\xff"))
emit("string", "", "foo", "né\U0001d11e", "\"\\\n")
emit("variable_length_bytes", b"", b"\0\1\xff")
record = np.dtype([("x", "<f4"), ("y", [("a", "u1"), ("b", "<i2")]), ("t", "<M8[s]"), ("s", "<U2"), ("v", "V3")])
emit(record, np.zeros((), record)[()], np.array((1.5, (2, -3), 4, "né", b"\1\2\3"), record)[()])

"""Prints random arrays and NumPy's text of them, one JSON object a line.

Arguments: a seed and the number of arrays.
"""
import base64
import json
import sys

import numpy as np

rng = np.random.default_rng(int(sys.argv[1]))
TYPES = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
         "float16", "float32", "float64", "complex64", "complex128"]


def floats(dtype, n):
    kind = rng.integers(9)
    if kind == 0:
        a = rng.normal(size=n)
    elif kind == 1:
        a = rng.normal(size=n) * 10.0 ** rng.integers(-12, 12)
    elif kind == 2:
        a = rng.normal(size=n) * 10.0 ** rng.integers(-8, 8, size=n)
    elif kind == 3:
        a = rng.integers(-1000, 1000, size=n) / rng.choice([1, 2, 4, 10, 100, 3, 7])
    elif kind == 4:
        a = rng.random(n)
    elif kind == 5:
        a = np.round(rng.normal(size=n) * 100, rng.integers(0, 4))
    elif kind == 6:  # any bits at all
        size = np.dtype(dtype).itemsize
        a = np.frombuffer(rng.bytes(n * size), dtype)
    elif kind == 7:
        a = rng.choice([0.0, -0.0, 1.0, 1e8, 99999999.0, 1e-4, 0.00010001, 1000.0, 1001.0, 5e-9, 1.5, 1e16, 123456.0, 1e6], size=n)
    else:
        a = np.full(n, rng.normal() * 10.0 ** rng.integers(-3, 3))
    with np.errstate(all="ignore"):
        a = a.astype(dtype)
    if rng.integers(4) == 0 and n:
        for _ in range(rng.integers(1, 4)):
            a[rng.integers(n)] = rng.choice([np.nan, np.inf, -np.inf, 0.0, -0.0])
    return a


def elements(name, n):
    dtype = np.dtype(name)
    if dtype.kind == "b":
        return rng.integers(2, size=n).astype(bool)
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        a = rng.integers(info.min, info.max, size=n, dtype=dtype, endpoint=True)
        return a >> rng.integers(0, 8 * dtype.itemsize).astype(dtype)
    if dtype.kind == "c":
        part = "float32" if dtype.itemsize == 8 else "float64"
        a = np.empty(n, dtype)
        a.real, a.imag = floats(part, n), floats(part, n)
        return a
    return floats(dtype, n)


for _ in range(int(sys.argv[2])):
    ndim = rng.choice([0, 1, 1, 1, 2, 2, 3, 4, 5])
    most = {0: 1, 1: 30, 2: 12, 3: 7, 4: 5, 5: 4}[ndim]
    if rng.integers(30) == 0:
        most = {0: 1, 1: 1500, 2: 50, 3: 14, 4: 8, 5: 7}[ndim]
    shape = tuple(int(n) for n in rng.integers(1, most + 1, size=ndim))
    if ndim and rng.integers(30) == 0:
        shape = shape[:-1] + (0,)
    o = {}
    if rng.integers(2) and ndim:
        o = {"Threshold": int(rng.integers(1, 60)), "Edge": int(rng.integers(1, 5)), "Precision": int(rng.integers(1, 18)),
             "Width": int(rng.integers(3, 100)), "Suppress": bool(rng.integers(2))}
    name = str(rng.choice(TYPES))
    a = elements(name, int(np.prod(shape))).reshape(shape)
    names = {"Threshold": "threshold", "Edge": "edgeitems", "Precision": "precision", "Width": "linewidth", "Suppress": "suppress"}
    with np.printoptions(**{names[k]: v for k, v in o.items()}):
        text = str(a)
    print(json.dumps({"Type": name, "Shape": shape, "Options": o, "Text": text,
                      "Data": base64.b64encode(a.tobytes()).decode()}))

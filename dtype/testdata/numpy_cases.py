"""Prints cases for the tests of this package, one JSON object a line: what NumPy
and ml_dtypes make of types, times, structs and narrow floats. Takes a seed."""

import json
import random
import sys

import ml_dtypes
import numpy as np

random.seed(int(sys.argv[1]))


def emit(kind, **case):
    print(json.dumps({"kind": kind, **case}))


def count():
    return random.choice([-1, 1]) * random.getrandbits(random.choice([1, 8, 20, 31, 42]))


# Types, and how they are written.
SIMPLE = ["|b1", "|i1", "<i2", ">i4", "<i8", "|u1", ">u2", "<u4", "<u8", "<f2", ">f4", "<f8", "<c8", ">c16",
          "<U5", ">U1", "|S3", "|V7", "<M8[ns]", ">M8[10us]", "<M8", "<m8[D]", ">m8[25s]", "<m8"]


def struct(depth):
    fields = []
    for i in range(random.randint(1, 4)):
        t = struct(depth + 1) if depth < 3 and random.random() < 0.25 else random.choice(SIMPLE)
        shape = () if random.random() < 0.8 else tuple(random.randint(1, 3) for _ in range(random.randint(1, 2)))
        fields.append((random.choice("xyzß ,") + str(i), t) + ((shape,) if shape else ()))
    return fields


def descr(t):
    if isinstance(t, str):
        return t
    return [[f[0], descr(f[1]), *[list(s) for s in f[2:]]] for f in t]


for t in SIMPLE + [struct(0) for _ in range(60)]:
    dtype = np.dtype(t)
    data = random.randbytes(3 * dtype.itemsize)
    native = np.frombuffer(data, dtype).astype(dtype.newbyteorder("=")).tobytes()
    emit("type", descr=descr(t), size=dtype.itemsize, data=data.hex(), native=native.hex())

# Times as text. Beyond some 10¹⁸ days NumPy's own numbers overflow.
for unit in ["Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as"]:
    for n in [0, 1, -1, 365, -366, 59, 86399, -86401] + [count() for _ in range(40)]:
        scale = random.choice([1, 1, 7, 25])
        if unit == "as" and random.random() < 0.5:
            n, scale = random.choice([-1, 1]) * random.getrandbits(62), 1
        emit("datetime", type=f"<M8[{scale}{unit}]", count=n, text=str(np.datetime64(n, f"{scale}{unit}")))
for text, unit in [("2020-02-29", "D"), ("1900-02-28T23", "m"), ("-0004-02-29 11:12:13", "s"), ("2020", "M"), ("12020-01", "D"),
                   ("1969-12-31T23:59:59.25", "ms"), ("2262-04-11T23:47:16.854775807", "ns"), ("1970-01-01", "W"), ("0000-01-01T00:00Z", "h")]:
    emit("parse", type=f"<M8[{unit}]", text=text, count=int(np.datetime64(text, unit).astype("i8")))
for a, b in [("5h", "s"), ("-3W", "D"), ("7D", "W"), ("2Y", "M"), ("24M", "Y"), ("1500us", "500us"), ("9s", "ns")]:
    n = int(a.rstrip("WDhmsuYM"))
    wide = np.timedelta64(n, a.lstrip("-0123456789"))
    emit("parse", type=f"<m8[{b}]", text=a, count=int(wide.astype(f"m8[{b}]").astype("i8")))

# Texts.
for s in ["", "a", "Hi", "né", "𝄞x", "a\0b", " b", "1,2", '"', "0x41", "[", "tab\t", "\u00a0"]:
    emit("text", type="<U5", text=s, elem=np.array([s], "<U5").tobytes().hex())
    emit("text", type="|S9", text=s, elem=np.array([s.encode()], "|S9").tobytes().hex())

# Every number of the narrow floats, and what others round to.
for name in ["float4_e2m1fn", "float6_e2m3fn", "float6_e3m2fn", "float8_e3m4", "float8_e4m3", "float8_e4m3fn", "float8_e4m3b11fnuz",
             "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu", "bfloat16"]:
    dtype = np.dtype(getattr(ml_dtypes, name))
    info = ml_dtypes.finfo(name)
    if name == "bfloat16":
        bits = np.array([random.getrandbits(16) for _ in range(500)], "u2")
    else:
        bits = np.arange(1 << info.bits, dtype="u1")
    emit("decode", type=name, bits=bits.tolist(), values=[repr(x) for x in bits.view(dtype).astype("f8").tolist()])
    top = float(info.max)
    xs = [random.choice([-1, 1]) * top * 2.0 ** random.uniform(-2 * info.nexp - 12, 0) for _ in range(300)] + [0.0, -0.0, top, -top]
    finite = np.sort(bits.view(dtype).astype("f8")[np.isfinite(bits.view(dtype).astype("f8"))])
    xs += ((finite[1:] + finite[:-1]) / 2).tolist()
    if name == "float8_e8m0fnu":
        xs = [abs(x) for x in xs if abs(x) >= float(info.smallest_normal)]
    xs = [x for x in xs if abs(x) <= top]
    emit("encode", type=name, values=[repr(x) for x in xs], bits=np.array(xs).astype(dtype).view(bits.dtype).tolist())

for unit, names in {"int": ["int2", "int4"], "uint": ["uint2", "uint4"]}.items():
    for name in names:
        bits = np.arange(256, dtype="u1")
        emit("decode", type=name, bits=bits.tolist(), values=[repr(float(x)) for x in bits.view(getattr(ml_dtypes, name)).astype("i8")])

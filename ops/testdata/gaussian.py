"""Prints random Gaussian filters of random arrays by SciPy, a JSON object a line.

usage: gaussian.py SEED COUNT [plain]

NumPy's exp is off by one bit now and then, differently on different machines.
Here it is replaced by one that rounds correctly, unless "plain" is said.
"""
import base64, decimal, json, sys
import numpy as np
from scipy import ndimage

seed, count, plain = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:] == ["plain"]
if not plain:
    decimal.getcontext().prec = 60
    exact = lambda x: float(decimal.Decimal(float(x)).exp())
    np.exp = lambda a: np.array([exact(x) for x in a])

rng = np.random.default_rng(seed)
ints = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
floats = ["float32", "float64"]
complexes = ["complex64", "complex128"]


def values(dtype, shape):
    if dtype == "bool":
        return rng.random(shape) < 0.7
    if dtype in ints:
        bits = min(np.iinfo(dtype).bits, 52)  # SciPy computes with doubles
        lo, hi = (0, 2**bits - 1) if dtype[0] == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        a = rng.integers(lo, hi, shape, endpoint=True).astype(dtype)
        if rng.random() < 0.3:
            a[...] = rng.integers(0, 100)  # flat
        return a
    a = rng.normal(scale=100, size=shape)
    if dtype in complexes:
        a = a + 1j * rng.normal(size=shape)
    a = a.astype(dtype)
    if rng.random() < 0.1 and a.size:
        a.flat[rng.integers(a.size)] = rng.choice([np.nan, np.inf, -np.inf])
    return a


def draw(kind):
    dtype = rng.choice(kind)
    out = rng.choice(floats) if dtype not in complexes and rng.random() < 0.2 else dtype
    if dtype == "bool":
        out = rng.choice(["uint8", "float32"])  # SciPy has no filter into bool
    ndim = int(rng.integers(1, 5))
    shape = rng.integers(1, [0, 300, 24, 12, 7][ndim], ndim)
    each = ndim if rng.random() < 0.5 else 1
    sigma = rng.choice([0, 0.1, 0.5, 1, 1.5, 2, 3.3], each)
    order = rng.choice([0, 0, 0, 1, 2, 3], each) if rng.random() < 0.2 and dtype not in ints + ["bool"] else [0] * each
    if any(order):
        sigma = np.maximum(sigma, 0.5)  # below, SciPy takes the weights of a derivative for symmetric
    mode = rng.choice(["reflect", "constant", "nearest", "mirror", "wrap"])
    truncate = float(rng.choice([4, 4, 2.5, 6]))
    cval = float(rng.integers(0, 100)) if mode == "constant" and rng.random() < 0.8 else 0.0
    if dtype == "bool":
        cval = float(cval > 50)
    a = values(dtype, shape)
    one = lambda s: s if len(s) > 1 else s[0]
    with np.errstate(all="ignore"):
        b = ndimage.gaussian_filter(a, one(sigma), order=one(order), output=out, mode=mode, cval=cval, truncate=truncate)
    return {
        "in": str(dtype), "out": str(out), "shape": shape.tolist(), "sigma": list(map(float, sigma)), "order": list(map(int, order)),
        "mode": str(mode), "cval": cval, "truncate": truncate,
        "input": base64.b64encode(a.tobytes()).decode(), "output": base64.b64encode(b.tobytes()).decode(),
    }


for i in range(count):
    print(json.dumps(draw([ints, floats, complexes, ["bool"]][rng.choice(4, p=[0.4, 0.4, 0.15, 0.05])])))

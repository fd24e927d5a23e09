"""Prints conversions by NumPy between all pairs of types, a JSON object a line.

"rounded" is rounded half to even and clipped to the range of integer types;
"truncated" is astype, of numbers that are in range only (out of it, C leaves
the result of a conversion from float open).
"""
import base64, json, sys, warnings
import numpy as np

rng = np.random.default_rng(int(sys.argv[1]))
warnings.simplefilter("ignore")
TYPES = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 complex64 complex128".split()
SPECIAL = [0, 1, -1, 0.5, 1.5, 2.5, -0.5, -1.5, -0.0, 127, 128, -128, -129, 127.5, 254.5, 255.5, 255, 256, 32767.5, 65535, 65536, 1e9,
           2**31 - 1, 2**31, 2**32 - 1, 2**32, 2.0**53, 2.0**63, -(2.0**63), 2.0**64, 1e30, -1e30, np.inf, -np.inf, np.nan, 1e-8, 3.1e-5, 65519, 65520]


def values(t):
    n = 40
    if t == "bool":
        return rng.random(n) < 0.5
    if t.startswith(("int", "uint")):
        i = np.iinfo(t)
        wild = rng.integers(i.min, i.max, n, dtype=t, endpoint=True)
        edges = [x for e in (0, 127, 128, -128, 255, 32767, 65535, 2**31, 2**32, 2**53, 2**62 + 1, 2**24 + 1, i.min, i.max)
                 for x in (e - 1, e, e + 1) if i.min <= x <= i.max]
        return np.concatenate([wild, np.array(edges, t)])
    a = np.concatenate([SPECIAL, rng.normal(scale=100, size=n), rng.normal(scale=1e5, size=n)])
    if t.startswith("complex"):
        a = a + 0j
        a.imag[40:] = rng.normal(size=len(a) - 40)
    return a.astype(t)


def rounded(a, t):
    a = a.real if t in REAL else a
    if not t.startswith(("int", "uint")):
        return a.astype(t)
    i = np.iinfo(t)
    if a.dtype.kind == "f":
        exact = [0 if np.isnan(x) else (i.max if x > 0 else i.min) if np.isinf(x) else int(np.rint(x)) for x in a.astype("f8")]
    else:
        exact = [int(x) for x in a]
    return np.array([min(max(x, i.min), i.max) for x in exact], t)


def in_range(a, t):
    if a.dtype.kind not in "fc" or not t.startswith(("int", "uint")):
        return a
    i = np.iinfo(t)
    r = a.real.astype("f8")
    return a[np.isfinite(r) & (r > float(i.min) - 1) & (r < float(i.max) - (0 if i.bits < 64 else 1)) & (r >= i.min)]


text = lambda a: base64.b64encode(np.ascontiguousarray(a).tobytes()).decode()
REAL = [t for t in TYPES if not t.startswith("complex") and t != "bool"]
for f in TYPES:
    for t in TYPES:
        a = values(f)
        b = in_range(a, t)
        c = (b.real if t in REAL else b).astype(t)
        print(json.dumps({"from": f, "to": t, "input": text(a), "rounded": text(rounded(a, t)), "inrange": text(b), "truncated": text(c)}))

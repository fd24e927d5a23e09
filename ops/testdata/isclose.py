"""Prints what numpy.isclose says of pairs of arrays, a JSON object a line.

Numbers narrower than 64 bits are compared in float64 or complex128, since NumPy
rounds the bound to their own type; integers are below 2**52, where it is exact.
"""
import base64, json, sys, warnings
import numpy as np

rng = np.random.default_rng(int(sys.argv[1]))
warnings.simplefilter("ignore")
TYPES = "bool int8 int32 int64 uint16 uint64 float16 float32 float64 complex64 complex128".split()
SPECIAL = [0, -0.0, 1, -1, np.inf, -np.inf, np.nan, 1e300, -1e300, 1e-300, 1 + 1e-5, 1 + 1e-8, 2, 100, 101]


def values(t, n):
    if t == "bool":
        return rng.random(n) < 0.5
    if t.startswith(("int", "uint")):
        top = min(np.iinfo(t).max, 2**52)
        return rng.choice([rng.integers(0, 100, n), rng.integers(0, top, n)]).astype(t)
    a = np.where(rng.random(n) < 0.4, rng.choice(SPECIAL, n), np.round(rng.normal(size=n), 1))
    if t.startswith("complex"):
        a = a + 1j * np.where(rng.random(n) < 0.3, rng.choice(SPECIAL, n), 0)
    return a.astype(t)


def wide(a):
    return a.astype("c16" if a.dtype.kind == "c" else "f8")


for s in TYPES:
    for t in TYPES:
        if {s[:3], t[:3]} & {"com"} and {s, t} & {"int64", "uint64"}:
            continue
        for rtol, atol in [(0, 0), (1e-5, 1e-8), (0.1, 0), (0, 1), (0.5, 0.25), (1e10, 0), (0, 1e300)]:
            a, b = values(s, 150), values(t, 150)
            same = rng.random(150) < 0.5
            with np.errstate(all="ignore"):
                b = np.where(same, a.real if t[0] != "c" else a, b).astype(t)
            nan = bool(rng.random() < 0.5)
            close = np.isclose(wide(a), wide(b), rtol=rtol, atol=atol, equal_nan=nan)
            print(json.dumps({
                "A": s, "B": t, "Rtol": rtol, "Atol": atol, "EqualNaN": nan,
                "X": base64.b64encode(a.tobytes()).decode(), "Y": base64.b64encode(b.tobytes()).decode(),
                "Close": base64.b64encode(close.tobytes()).decode(),
            }))

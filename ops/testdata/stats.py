"""Prints statistics of random arrays by NumPy, a JSON object a line.

usage: stats.py SEED COUNT SIZE, where arrays have up to SIZE elements

Floats are converted to float64 first, with which the Go code computes too.
Numbers are printed as C99 hexadecimal floats.
"""
import base64, json, sys, warnings
import numpy as np

rng = np.random.default_rng(int(sys.argv[1]))
warnings.simplefilter("ignore")
TYPES = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64".split()


def values(t):
    n = min(int(rng.choice([1, 2, 3, 10, 1000, 5000])), int(sys.argv[3]))
    kind = rng.integers(4)
    if t == "bool":
        return rng.random(n) < rng.random()
    if t.startswith(("int", "uint")):
        i = np.iinfo(t)
        if kind == 0:
            return rng.integers(i.min, i.max, n, dtype=t, endpoint=True)
        return np.clip(rng.normal(100, 50, n), i.min, i.max).astype(t)
    a = rng.normal(scale=10.0 ** rng.integers(-3, 3), size=n) + [0, 1, 0, 100][kind]
    if kind == 2:
        a = np.exp(a * 3)
    a = a.astype(t)
    a[rng.random(n) < rng.choice([0, 0.1])] = np.nan
    return a


hexes = lambda a: [float(x).hex() for x in np.atleast_1d(a)]
for i in range(int(sys.argv[2])):
    t = TYPES[i % len(TYPES)]
    a = values(t)
    f = a.astype("f8")
    f = f[np.isfinite(f)] if i % 7 else f[~np.isnan(f)]
    if t in ("float16", "float32", "float64") and i % 7:
        a[np.isinf(a)] = np.nan
    if not f.size:
        continue
    p = [0, 100, 50] + list(map(float, rng.uniform(0, 100, 5))) + [99.9]
    bins = int(rng.integers(1, 50))
    lo, hi = f.min(), f.max()
    finite = np.isfinite(lo) and np.isfinite(hi)
    if not finite:
        bins = 0
    own = bool(rng.random() < 0.5)
    rng_ = None if own else sorted(map(float, rng.choice([lo, hi, (lo + hi) / 2, lo - 1, hi + 2.5], 2)))
    try:
        h, e = np.histogram(f, bins=bins, range=rng_) if finite else ([], [])
    except ValueError:  # the range is too narrow for so many bins
        continue
    edges = np.unique(rng.choice(f, 5)).tolist() + [float(f.max()) + 1] if finite else [0.0, 1.0]
    h2, _ = np.histogram(f, bins=edges) if finite else ([], [])
    exact = f if t.startswith("float") else a.astype(object)
    std = f.std() if finite else np.nan
    print(json.dumps({
        "type": t, "data": base64.b64encode(a.tobytes()).decode(), "count": int(f.size), "nans": int(a.size - f.size),
        "min": str(exact.min()), "max": str(exact.max()), "mean": float(f.mean()).hex(), "std": float(std).hex(),
        "p": p, "percentiles": hexes(np.percentile(f, p)) if finite else [], "bins": bins, "range": rng_,
        "counts": list(map(int, h)), "binedges": hexes(e) if finite else [], "edges": edges, "edgecounts": list(map(int, h2)),
    }))

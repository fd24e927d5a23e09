"""Write castvalue.json: elements of every type as cast_value_rs 0.5.1, with which
zarr-python casts, makes elements of every other of them, or null where it refuses.

It needs NumPy and cast_value_rs alone, which Python from 3.11 on has.
"""

import itertools
import json
import pathlib

import numpy as np
from cast_value_rs import cast_array

TYPES = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64"]
ROUNDINGS = ["nearest-even", "towards-zero", "towards-positive", "towards-negative", "nearest-away"]
BEYOND = [None, "clamp", "wrap"]
EDGES = [0.0, -0.0, 0.5, 1.5, -2.5, 126.5, 127.5, 128, -128.5, -129, 255.5, 32767.5, 65519, 65520, 65536, 2.0**31 - 0.5, 2.0**31, 2.0**53 + 2, 2.0**63,
         -(2.0**63), 2.0**64, 3.5e38, 1e-8, -3e-46, float("inf"), -float("inf"), float("nan")]

r = np.random.default_rng(1)


def elements(typ):
    if typ.kind == "f":
        with np.errstate(over="ignore"):
            return np.concatenate([r.choice(EDGES, 8), r.normal(size=4) * 10.0 ** r.integers(0, 12, 4)]).astype(typ)
    info = np.iinfo(typ)
    near = [info.min, info.max, info.max - 1, info.min + 1, *(min(info.max, (1 << k) + d) for k in (7, 11, 24, 53) for d in (-1, 1, 3))]
    drawn = r.integers(info.min, info.max, 6, dtype=typ, endpoint=True)
    return np.concatenate([np.array([near[i] for i in r.integers(0, len(near), 6)], typ), drawn])


cases = []
for source, target in itertools.product(TYPES, TYPES):
    combinations = [c for c in itertools.product(ROUNDINGS, BEYOND) if c[1] != "wrap" or "int" in target]
    for i in r.choice(len(combinations), 4, replace=False):
        rounding, beyond = combinations[i]
        pairs = []
        for x in elements(np.dtype(source)):
            try:
                y = cast_array(np.array([x]), target_dtype=target, rounding_mode=rounding, out_of_range_mode=beyond)
                pairs.append([np.array([x]).tobytes().hex(), y.tobytes().hex()])
            except ValueError:
                pairs.append([np.array([x]).tobytes().hex(), None])
        cases.append({"from": source, "to": target, "rounding": rounding, "out_of_range": beyond, "pairs": pairs})
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")

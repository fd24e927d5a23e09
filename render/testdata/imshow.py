"""Prints the colours that matplotlib's imshow gives to small arrays, one JSON
object a line. Needs matplotlib (3.11), which the tests do not."""
import json

import matplotlib
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

rng = np.random.default_rng(5)
for name in ["gray", "viridis", "magma", "inferno", "plasma", "turbo", "viridis_r", "coolwarm"]:
    for kind in range(5):
        a = rng.normal(size=tuple(rng.integers(1, 7, size=2)))
        low = high = None
        if kind == 1:
            a = np.round(a * 100)
        elif kind == 2:
            low, high = -0.5, 1.25
        elif kind == 3:
            a.flat[rng.integers(a.size)] = np.nan
        elif kind == 4:
            a = np.linspace(-1, 1, 300).reshape(3, 100)
        m = ScalarMappable(Normalize(low, high), matplotlib.colormaps[name].with_extremes(bad=(0, 0, 0, 0)))
        masked = np.ma.masked_invalid(a)
        m.norm.autoscale_None(masked)
        rgba = m.to_rgba(masked, bytes=True)
        print(json.dumps({"Colormap": name, "Range": None if low is None else [low, high], "Shape": a.shape,
                          "Values": [None if np.isnan(x) else x for x in a.ravel()], "Pixels": rgba.ravel().tolist()}))

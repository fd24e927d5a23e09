"""Writes pad.txt: what numpy.pad makes of the indices of short axes."""
import numpy as np

MODES = {"reflect": "symmetric", "nearest": "edge", "mirror": "reflect", "wrap": "wrap"}

with open("pad.txt", "w") as f:
    for name, mode in MODES.items():
        for n in range(1, 6):
            for before, after in ((0, 0), (1, 2), (4, 3), (13, 11)):
                padded = np.pad(np.arange(n), (before, after), mode=mode)
                print(name, n, before, after, ",".join(map(str, padded)), file=f)
    for n in range(1, 4):
        padded = np.pad(np.arange(n), (2, 3), mode="constant", constant_values=-1)
        print("constant", n, 2, 3, ",".join(map(str, padded)), file=f)

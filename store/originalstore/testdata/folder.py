"""Stores datasets in folders as the first DosNa did with h5py, by the description of its layout, and says in JSON what is in them.

usage: folder.py DIRECTORY [DATASET...]

The folder connection has been made by: folder.py connection flags waves scan/raw
"""
import base64
import itertools
import json
import os
import sys

import h5py
import numpy as np

home, only = sys.argv[1], sys.argv[2:]
rng = np.random.default_rng(7)
out = {}


def dataset(name, data, chunk, fill, leave_out=(), unwritten=(), folder=None):
    """What create_dataset stored, and then load: chunks of the whole shape, also at the edges."""
    path = os.path.join(home, name)
    if only and name not in only:
        return
    os.makedirs(path)
    grid = np.ceil(np.asarray(data.shape, float) / chunk).astype(int)
    with h5py.File(os.path.join(path, "dataset.h5"), "w") as f:
        f.attrs["shape"] = data.shape
        f.attrs["dtype"] = np.dtype(data.dtype).str
        f.attrs["fillvalue"] = np.dtype(data.dtype).type(fill)
        f.attrs["chunk_grid"] = np.asarray(grid, dtype=int)
        f.attrs["chunk_size"] = np.asarray(chunk, dtype=int)
    want = np.full(data.shape, fill, data.dtype)
    chunks = []
    for at in itertools.product(*map(range, grid)):
        if at in leave_out:
            continue
        chunks.append(list(at))
        box = tuple(slice(i * c, min((i + 1) * c, n)) for i, c, n in zip(at, chunk, data.shape))
        part = data[box]
        with h5py.File(os.path.join(path, "chunk_{}.h5".format("_".join(map(str, at)))), "w") as f:
            f.create_dataset("data", shape=tuple(chunk), dtype=data.dtype, fillvalue=np.dtype(data.dtype).type(fill), chunks=None)
            if at not in unwritten:
                f["data"][tuple(slice(n) for n in part.shape)] = part
                want[box] = part
    little = want.astype(want.dtype.newbyteorder("<"))
    out[folder or name] = {"shape": list(data.shape), "chunk": list(chunk), "type": little.dtype.str, "chunks": chunks,
                 "data": base64.b64encode(np.ascontiguousarray(little).tobytes()).decode(),
                 "fill": base64.b64encode(np.array([fill], little.dtype).tobytes()).decode()}


os.makedirs(os.path.join(home, "nothing"))
dataset("volume", np.arange(20 * 15 * 7, dtype="<f4").reshape(20, 15, 7), (8, 8, 4), 0)
dataset("frames", np.arange(30 * 11, dtype=">u2").reshape(30, 11), (7, 4), 42, leave_out={(1, 1)}, unwritten={(2, 2)})
dataset("flags", np.arange(9) % 2 == 0, (4,), True, leave_out={(1,)})
dataset("waves", (np.arange(6) * (1 - 2j)).astype("c8"), (4,), 1 + 2j, leave_out={(0,)})
dataset("texts", np.array([b"one", b"two", b"three"]), (2,), b"-", leave_out={(1,)})
dataset("whole", rng.random((3, 4)), (3, 4), np.nan)
dataset("empty", np.zeros((5, 5), "i8"), (2, 2), -1, leave_out=set(itertools.product(range(3), range(3))))
for t in "i1", "u1", "<i2", ">i4", "<u4", ">u8", "<f2", ">f8":
    dataset("type-" + np.dtype(t).name + np.dtype(t).byteorder.replace(">", "-big").replace("<", "").replace("|", "").replace("=", ""),
            rng.integers(0, 100, (5, 6)).astype(t), (2, 4), 7, leave_out={(1, 1)})
dataset("many", np.arange(13, dtype="i4"), (1,), 0)
dataset("scan/raw", np.arange(12, dtype="i4").reshape(3, 4), (2, 2), 3)
dataset("volume/inner", np.arange(4, dtype="i4"), (2,), 3, folder="volume%2Finner")
dataset("a b", np.arange(4, dtype="i4"), (2,), 3)
with open(os.path.join(home, "values.json"), "w") as f:
    json.dump(out, f)

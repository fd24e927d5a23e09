#!/usr/bin/env python3
"""Makes the data that all peers work on, the same every time.  gen.py DIR

  f4.bin, u2.bin             one smooth field in C order, little-endian, edges of BENCH_N (512)
  sel.json                   the selections that all peers read, and what their elements add up to
  ref/<type>_<layout>.zarr   the field in each layout, written by TensorStore
  ref/<type>_<layout>.h5     the field in an HDF5 file, written by h5py
  ref/blur.zarr              a corner of the field, edges of half the length, to be blurred

What is there already is kept.
"""
import json, os, sys
import numpy as np
import tensorstore
from scipy.ndimage import uniform_filter
from layouts import HDF5, LAYOUTS, chunks, metadata

N = int(os.environ.get("BENCH_N", 512))
PLANES, BOXES, POINTS, BOX, BLOCK = 16, 125, 2000, 32, 64
OVERWRITE = [[100, 300], [37, 260], [61, 330]]  # on no border of chunks, for edges of 512


def field():
    a = np.random.Generator(np.random.PCG64(42)).standard_normal((N,) * 3, dtype=np.float32)
    for _ in range(3):  # close to a Gaussian of sigma 4
        uniform_filter(a, 9, output=a, mode="wrap")
    a *= 64 / a.std()  # 64 steps in a standard deviation
    return np.rint(a, out=a)


def selections():
    rng = np.random.Generator(np.random.PCG64(7))
    return {
        "n": N,
        "zplanes": rng.integers(0, N, PLANES).tolist(),
        "xplanes": rng.integers(0, N, PLANES).tolist(),
        "boxes": rng.integers(0, N - BOX, (BOXES, 3)).tolist(),
        "box": BOX,
        "points": rng.integers(0, N, (POINTS, 3)).tolist(),
        "overwrite": [[N * lo // 512, N * hi // 512] for lo, hi in OVERWRITE],
        "block": BLOCK,
    }


def checks(a, sel):
    """What the elements read add up to. All are multiples of 1/64: sums are exact."""
    every = lambda part: part.reshape(-1)[::97].sum(dtype="f8")
    p, b = np.asarray(sel["points"]), sel["box"]
    parts = {
        "read": a[::37, ::41, ::43].sum(dtype="f8"),
        "chunks1": a[::BLOCK, ::BLOCK, ::BLOCK].sum(dtype="f8"),
        "zplanes": sum(every(a[k]) for k in sel["zplanes"]),
        "xplanes": sum(every(a[:, :, k]) for k in sel["xplanes"]),
        "boxes": sum(every(a[z:z + b, y:y + b, x:x + b]) for z, y, x in sel["boxes"]),
        "points": a[p[:, 0], p[:, 1], p[:, 2]].sum(dtype="f8"),
    }
    parts["chunks2"] = parts["chunks1"]
    for op in ("zplanes", "xplanes", "boxes"):
        parts[op + "_again"] = parts[op]
    return {op: float(v) for op, v in parts.items()}


def store(path, name, dtype, a):
    if os.path.exists(path):
        return
    spec = {"driver": "zarr3", "kvstore": {"driver": "file", "path": path + ".part"},
            "metadata": metadata(name, dtype, a.shape[0])}
    tensorstore.open(spec, create=True, delete_existing=True).result().write(a).result()
    os.rename(path + ".part", path)  # it is there as a whole or not at all
    size = sum(os.path.getsize(os.path.join(d, f)) for d, _, files in os.walk(path) for f in files)
    print(f"{os.path.basename(path)}: {size / 2**20:.1f} MiB, {a.nbytes / size:.2f} times less than in memory", flush=True)


def hdf5(path, name, a):
    import h5py
    if os.path.exists(path):
        return
    with h5py.File(path + ".part", "w") as f:
        f.create_dataset("a", data=a, chunks=tuple(chunks(name, a.shape[0])), compression="gzip", compression_opts=4, shuffle=True)
    os.rename(path + ".part", path)
    size = os.path.getsize(path)
    print(f"{os.path.basename(path)}: {size / 2**20:.1f} MiB, {a.nbytes / size:.2f} times less than in memory", flush=True)


def main(root):
    os.makedirs(root, exist_ok=True)
    sel = selections()
    if not os.path.exists(f"{root}/u2.bin"):
        a = field()
        (a / 64).astype("<f4").tofile(f"{root}/f4.bin")
        (a + 32768).astype("<u2").tofile(f"{root}/u2.bin")
        del a
    sel["checks"] = {}
    for dtype, names in LAYOUTS.items():
        a = np.fromfile(f"{root}/{dtype}.bin", dtype="<" + dtype)
        if a.size != N**3:
            raise SystemExit(f"{root} has data of another size: remove it, or set BENCH_N to {round(a.size ** (1 / 3))}")
        a = a.reshape((N,) * 3)
        sel["checks"][dtype] = checks(a, sel)
        for name in names:
            store(f"{root}/ref/{dtype}_{name}.zarr", name, dtype, a)
        for name in HDF5.get(dtype, ()):
            hdf5(f"{root}/ref/{dtype}_{name}.h5", name, a)
        if dtype == "f4":
            store(f"{root}/ref/blur.zarr", "zstd3", dtype, np.ascontiguousarray(a[:N // 2, :N // 2, :N // 2]))
    with open(f"{root}/sel.json", "w") as f:
        json.dump(sel, f)


main(sys.argv[1])

#!/usr/bin/env python3
"""Small arrays from Python, beside h5py and the first DosNa: 256³ float32 in chunks of 64³, uncompressed.

  small.py [--rounds N] [--original CHECKOUT]

Prints medians of wall seconds: all written, all read, 64 z-planes, 16 x-planes and 200 boxes of 32³, each one call; and our
reading of 1 KiB, in microseconds. The first DosNa is run from a checkout of it, if one is named, in a process of its own.
"""
import argparse, json, os, statistics, subprocess, sys, tempfile, time
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
N, CHUNK = 256, 64
OPS = ("write", "read", "z", "x", "boxes")


def measure(create, planes):
    """create returns something to assign to and to slice."""
    rng = np.random.default_rng(7)
    a = rng.standard_normal((N,) * 3, dtype="f4")
    ks, boxes = rng.integers(0, N, planes[0]), rng.integers(0, N - 32, (200, 3))
    took, check = {}, 0.0

    def timed(what, do):
        begin = time.perf_counter()
        out = do()
        took[what] = time.perf_counter() - begin
        return out

    ds = timed("write", lambda: create(a))
    got = timed("read", lambda: ds[:, :, :])
    if not np.array_equal(got, a):
        raise SystemExit("other elements")
    for what, parts, same in (
        ("z", lambda: [ds[int(k) : int(k) + 1] for k in ks], lambda: [a[int(k) : int(k) + 1] for k in ks]),
        ("x", lambda: [ds[:, :, int(k) : int(k) + 1] for k in ks[: planes[1]]], lambda: [a[:, :, int(k) : int(k) + 1] for k in ks[: planes[1]]]),
        ("boxes", lambda: [ds[z : z + 32, y : y + 32, x : x + 32] for z, y, x in boxes.tolist()],
         lambda: [a[z : z + 32, y : y + 32, x : x + 32] for z, y, x in boxes.tolist()]),
    ):
        got = timed(what, parts)
        if not all(np.array_equal(g, w) for g, w in zip(got, same())):
            raise SystemExit("other elements in " + what)
    return took


def peer(which, directory):
    if which == "h5py":
        import h5py
        f = h5py.File(directory + "/a.h5", "w")

        def create(a):
            return f.create_dataset("a", data=a, chunks=(CHUNK,) * 3)
    else:
        name, backend, engine = (which.split() + ["cpu"])[:3]
        import dosna as dn
        dn.use(backend=backend, engine=engine, engine_kw={"njobs": 1} if engine == "jl" else None)
        con = dn.Connection("a", directory=directory)
        con.connect()
        if name == "ours":
            con.create_dataset("warm", data=np.zeros(10))  # the server has started, as libraries have been loaded

            def create(a):
                return con.create_dataset("a", data=a, chunk_size=(CHUNK,) * 3, codec="none", checksum="none")
        else:
            os.makedirs(directory + "/a")  # which it does not make

            def create(a):
                return con.create_dataset("a", data=a, chunk_size=(CHUNK,) * 3)
    took = measure(create, (64, 16))
    if which.startswith("ours"):
        one = con.create_dataset("one", data=np.zeros(1024, "u1"))
        for _ in range(500):
            one[:]
        best = []
        for _ in range(20):
            begin = time.perf_counter()
            for _ in range(100):
                one[:]
            best.append((time.perf_counter() - begin) / 100)
        took["1 KiB, µs"] = statistics.median(best) * 1e6
    print(json.dumps(took))


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--rounds", type=int, default=5)
    ap.add_argument("--original", help="checkout of the first DosNa")
    ap.add_argument("--peer", help=argparse.SUPPRESS)
    ap.add_argument("--directory", help=argparse.SUPPRESS)
    o = ap.parse_args()
    if o.peer:
        return peer(o.peer, o.directory)
    peers = ["ours file", "ours ram", "h5py"] + (["original hdf5", "original ram"] if o.original else [])
    runs = {p: [] for p in peers}
    for _ in range(o.rounds):
        for p in peers:
            with tempfile.TemporaryDirectory() as d:
                env = dict(os.environ, PYTHONPATH=o.original if p.startswith("original") else os.path.join(HERE, "..", "python"))
                env.setdefault("DOSNA_BINARY", f"{HERE}/bin/dosna-command")
                out = subprocess.run([sys.executable, __file__, "--peer", p, "--directory", d], env=env, capture_output=True, text=True)
                if out.returncode:
                    raise SystemExit(f"{p}: {out.stderr}")
                runs[p].append(json.loads(out.stdout.splitlines()[-1]))
    print(f"{'':14}" + "".join(f"{op:>9}" for op in OPS) + "   1 KiB, µs")
    for p in peers:
        med = {k: statistics.median(r[k] for r in runs[p]) for k in runs[p][0]}
        last = f"{med['1 KiB, µs']:12.0f}" if "1 KiB, µs" in med else ""
        print(f"{p:14}" + "".join(f"{med[op]:9.4f}" for op in OPS) + last)


main()

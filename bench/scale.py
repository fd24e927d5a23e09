#!/usr/bin/env python3
"""Measures how times grow, one program after the other, and writes a line of JSON for each figure.

scale.py --data DIR --results FILE [--gib 1,2,4,8,16] [--chunks 100,...,1000000] [--workers 1,2,4] [--repeat 3]

What takes longest is measured once, the rest several times, and TensorStore beside it up to 4 GiB and 100,000 chunks.
Files are emptied after each step and removed at the end: at most about 0.3 of the largest size in GiB, and 5 KiB for each
of the largest number of chunks, lie on the disk at a time.
"""
import argparse, json, os, shutil, subprocess, sys, time

import run

HERE = os.path.dirname(os.path.abspath(__file__))
OURS = [f"{HERE}/bin/scale"]
TENSORSTORE = [sys.executable, f"{HERE}/scale_tensorstore.py"]


def numbers(text):
    return [int(x) for x in text.split(",") if x]


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--data", required=True), ap.add_argument("--results", required=True)
    ap.add_argument("--gib", type=numbers, default=[1, 2, 4, 8, 16])
    ap.add_argument("--chunks", type=numbers, default=[10**k for k in range(2, 7)])
    ap.add_argument("--workers", type=numbers, default=[1, 2, 4])
    ap.add_argument("--repeat", type=int, default=3)
    o = ap.parse_args()
    o.data = os.path.abspath(o.data)
    with open(f"{o.data}/sel.json") as f:
        machine = run.machine(json.load(f)["n"])
    steps = [(OURS, "sparse")] * o.repeat
    steps += [(OURS, "workers", n) for n in o.workers] * o.repeat
    for kind, counts, repeated, peer in (("chunks", o.chunks, 10_000, 100_000), ("size", o.gib, 2, 4)):
        for n in counts:
            who = [OURS, TENSORSTORE] if n <= peer else [OURS]
            steps += [(w, kind, n) for w in who] * (o.repeat if n <= repeated else 1)
    os.makedirs(os.path.dirname(os.path.abspath(o.results)), exist_ok=True)
    work, old = f"{o.data}/scale", f"{o.data}/scale-old"
    with open(o.results, "w") as f:
        f.write(json.dumps({"machine": machine}) + "\n")
        for who, *step in steps:
            began = time.time()
            q = subprocess.run([*who, "--dir", work, "--data", o.data, *map(str, step)], capture_output=True, text=True)
            run.put_away(work, old)
            f.write(q.stdout)
            if q.returncode:
                error = (q.stderr or q.stdout).strip()[-400:]
                f.write(json.dumps({"kind": step[0], "x": (step[1:] or [0])[0], "library": os.path.basename(who[-1]), "error": error}) + "\n")
                print("failed:", *step, error, flush=True)
            f.flush()
            print(f"{os.path.basename(who[-1])} {' '.join(map(str, step))}: {time.time() - began:.0f} s with cleaning up", flush=True)
    shutil.rmtree(old)


main()

#!/usr/bin/env python3
"""What TensorStore takes for the growing datasets and numbers of chunks of bench/scale.  size GIB | chunks COUNT"""
import argparse, json, os, shutil
import numpy as np
import tensorstore as ts
from common import Timer, rss_mib
from layouts import BYTES, CRC32C, ZSTD

ap = argparse.ArgumentParser()
ap.add_argument("--dir", required=True), ap.add_argument("--data", required=True)
ap.add_argument("kind"), ap.add_argument("x", type=int)
o = ap.parse_args()
shutil.rmtree(o.dir, ignore_errors=True)
os.makedirs(o.dir)
SPEC = {"driver": "zarr3", "kvstore": {"driver": "file", "path": o.dir + "/x.zarr"}, "context": {"file_io_sync": False}}


def say(what, seconds, cpu):
    print(json.dumps({"library": "tensorstore", "kind": o.kind, "x": o.x, "what": what,
                      "seconds": seconds, "cpu_s": cpu, "rss_mib": rss_mib()}), flush=True)


def timed(what, f):
    with Timer() as t:
        r = f()
    say(what, t.seconds, t.cpu)
    return r


def create(shape, chunks):
    metadata = {"shape": shape, "data_type": "float32", "fill_value": 0, "codecs": [BYTES, ZSTD, CRC32C],
                "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": chunks}}}
    return timed("create", lambda: ts.open(SPEC | {"metadata": metadata}, create=True).result())


reopen = lambda: timed("open", lambda: ts.open(SPEC, open=True).result())

if o.kind == "size":
    planes, n, slab = o.x * 1024, 512, 64
    s = create([planes, n, n], [slab] * 3)
    source = np.memmap(f"{o.data}/f4.bin", "<f4", "r", shape=(n,) * 3)
    for what in ("write", "read"):
        seconds = cpu = 0
        for z in range(0, planes, slab):
            a = np.array(source[z % n:z % n + slab]) if what == "write" else None
            with Timer() as t:
                if what == "write":
                    s[z:z + slab].write(a, can_reference_source_data_indefinitely=True).result()
                else:
                    s[z:z + slab].read().result()
            seconds, cpu = seconds + t.seconds, cpu + t.cpu
        say(what, seconds, cpu)
        if what == "write":
            s = reopen()
    z = planes // 2 + 7
    timed("box", lambda: s[z:z + 32, 100:132, 200:232].read().result())
elif o.kind == "chunks":
    rows = next(r for r in range(int(np.ceil(o.x**0.5)), o.x + 1) if o.x % r == 0)
    shape = [rows * 16, o.x // rows * 16]
    s = create(shape, [16, 16])
    a = (np.arange(np.prod(shape)) % 1000 + 1).astype("f4").reshape(shape)
    timed("write", lambda: s.write(a, can_reference_source_data_indefinitely=True).result())
    s = reopen()
    got = timed("read", lambda: s.read().result())
    assert np.array_equal(got, a)
else:
    raise SystemExit("unknown measurement " + o.kind)

"""Command line, timing and output of the Python peers. See README.md for what the operations are."""
import argparse, json, os, resource, shutil, time
from concurrent.futures import ThreadPoolExecutor
import numpy as np
from layouts import ITEM

SIGMA = 2.0          # of the blur
AGAIN = 3            # passes that are timed, after one that is not, of the operations named ..._again


def rss_mib():
    """The most memory resident so far. (ru_maxrss may be that of the parent.)"""
    try:
        with open("/proc/self/status") as f:
            return next(int(line.split()[1]) / 1024 for line in f if line.startswith("VmHWM:"))
    except FileNotFoundError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def cpu_s():
    r = resource.getrusage(resource.RUSAGE_SELF)
    return r.ru_utime + r.ru_stime


class Timer:
    def __enter__(self):
        self.cpu0, self.wall0 = cpu_s(), time.perf_counter()
        return self

    def __exit__(self, *_):
        self.seconds = time.perf_counter() - self.wall0
        self.cpu = cpu_s() - self.cpu0


def remote(path):
    return path.startswith("s3://")


def remove(path):
    """Of what is written to a bucket run.py sees to it that there is nothing."""
    if os.path.isdir(path):
        shutil.rmtree(path)
    elif os.path.exists(path):
        os.remove(path)


def copy(src, dst):
    remove(dst)
    if os.path.isdir(src):
        shutil.copytree(src, dst)
    else:
        shutil.copy(src, dst)


class Run:
    """One operation: do(), which is timed, returns what was read; nbytes is how much is moved."""

    def __init__(self, o, impl, ext):
        self.o, self.impl = o, impl
        with open(f"{o.data}/sel.json") as f:
            self.sel = json.load(f)
        self.n = self.sel["n"]
        self.dtype, self.name = o.layout.split("_", 1)
        self.ref = f"{o.root}/ref/{o.layout}.{ext}"
        self.out = f"{o.root}/out/{o.peer_name}_{o.layout}_{o.op}.{ext}"
        if not remote(o.root):
            os.makedirs(f"{o.root}/out", exist_ok=True)
        if ext != "zarr" and not remote(o.root) and not os.path.exists(self.ref):  # peers with a container of their own
            h = impl.create(self.ref, self.name, self.dtype, self.n)
            impl.write(h, self.source((self.n,) * 3))
            self.close(h)

    def source(self, shape):
        return np.fromfile(f"{self.o.data}/{self.dtype}.bin", "<" + self.dtype, int(np.prod(shape))).reshape(shape)

    def close(self, h):
        getattr(self.impl, "close", lambda h: None)(h)

    def prepare(self):
        op, sync = self.o.op, self.o.op.endswith("_sync")
        if sync and not getattr(self.impl, "syncs", False):
            raise SystemExit(f"{self.o.peer_name} does not offer to sync what it writes")
        self.impl.sync = sync
        if op in ("write", "write_sync"):
            a = self.source((self.n,) * 3)
            remove(self.out)
            self.nbytes = a.nbytes
            return lambda: self.write(a)
        if op in ("overwrite", "overwrite_sync"):
            copy(self.ref, self.out)
            at = tuple(slice(*edge) for edge in self.sel["overwrite"])
            a = self.source(tuple(s.stop - s.start for s in at))
            h = self.impl.open(self.out, True)
            self.nbytes = a.nbytes
            return lambda: self.put(h, at, a)
        if op == "blur":
            a_shape = (self.n // 2,) * 3
            self.nbytes = int(np.prod(a_shape)) * ITEM[self.dtype]
            remove(self.out)
            return lambda: self.impl.blur(f"{self.o.root}/ref/blur.zarr", self.out, SIGMA)
        h = self.impl.open(self.ref, False)
        if op == "read":
            self.nbytes = self.n**3 * ITEM[self.dtype]
            return lambda: self.impl.read(h)
        if op == "points":
            self.nbytes = len(self.sel["points"]) * ITEM[self.dtype]
            return lambda: self.impl.points(h, np.asarray(self.sel["points"]))
        boxes = self.boxes(op.removesuffix("_again"))
        self.nbytes = sum(int(np.prod([s.stop - s.start for s in b])) for b in boxes) * ITEM[self.dtype]
        if op.startswith("chunks"):
            first = lambda b: float(self.impl.box(h, b)[0, 0, 0])
            if op == "chunks1":
                return lambda: [first(b) for b in boxes]
            return lambda: self.threads(2, first, boxes)
        all_boxes = lambda: [self.impl.box(h, b) for b in boxes]
        if not op.endswith("_again"):
            return all_boxes
        all_boxes()
        self.nbytes *= AGAIN
        return lambda: [all_boxes() for _ in range(AGAIN)][-1]

    def boxes(self, op):
        n, sel = self.n, self.sel
        if op.startswith("chunks"):
            b = sel["block"]
            return [tuple(slice(k * b, (k + 1) * b) for k in at) for at in np.ndindex((n // b,) * 3)]
        if op == "zplanes":
            return [(slice(k, k + 1), slice(0, n), slice(0, n)) for k in sel[op]]
        if op == "xplanes":
            return [(slice(0, n), slice(0, n), slice(k, k + 1)) for k in sel[op]]
        if op == "boxes":
            return [tuple(slice(k, k + sel["box"]) for k in at) for at in sel[op]]
        raise SystemExit("unknown operation " + op)

    def write(self, a):
        h = self.impl.create(self.out, self.name, self.dtype, self.n)
        self.impl.write(h, a)
        self.close(h)

    def put(self, h, at, a):
        self.impl.put(h, at, a)
        self.close(h)

    def threads(self, n, f, items):
        with ThreadPoolExecutor(n) as ex:
            return list(ex.map(f, items))

    def check(self, got):
        op = self.o.op
        if got is None or op == "blur":
            return None
        if op == "read":
            got = np.asarray(got)[::37, ::41, ::43]
        elif not op.startswith("chunks") and op != "points":
            return float(sum(np.asarray(x).reshape(-1)[::97].sum(dtype="f8") for x in got))
        return float(np.asarray(got).sum(dtype="f8"))


def main(peer, impl, ext="zarr"):
    """impl has create(path, layout, dtype, n), open(path, write), read(h), write(h, a), box(h, slices),
    points(h, array of N×3) and put(h, slices, a); and may have close(h), blur(src, dst, sigma), and
    syncs = True if it looks at self.sync."""
    ap = argparse.ArgumentParser()
    ap.add_argument("--root", required=True, help="directory, or s3:// with a bucket, with ref, to read, and out, to write")
    ap.add_argument("--op", required=True)
    ap.add_argument("--layout", required=True, help="element type and layout, such as f4_zstd3")
    ap.add_argument("--data", help="directory with f4.bin, u2.bin and sel.json (default: root)")
    ap.add_argument("--peer-name", default=peer)
    o = ap.parse_args()
    o.data = o.data or o.root
    run = Run(o, impl, ext)
    do = run.prepare()
    rss0 = rss_mib()
    with Timer() as t:
        got = do()
    print(json.dumps({
        "peer": o.peer_name, "layout": o.layout, "op": o.op, "seconds": t.seconds, "cpu_s": t.cpu,
        "mib_s": run.nbytes / 2**20 / t.seconds, "rss_mib": rss_mib(), "rss0_mib": rss0, "check": run.check(got),
    }), flush=True)
    os._exit(0)  # not a word about the time that an orderly end takes

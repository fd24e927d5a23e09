#!/usr/bin/env python3
"""Measures peers side by side and appends a line of JSON for each run to a file.

In every cell, an operation on a layout, all peers run once a round, one right after the other in random order, each
in a new process. What is in the file already is not repeated: the same command goes on with a run that was
interrupted, or adds rounds. The first two rounds measure all peers of a cell. After that, those that have always taken
more than 1.5 times as long as the fastest other library, in wall and in CPU time, are left out: they cannot become the
fastest. Suites that are to have fewer rounds come when the others have all of theirs.
"""
import argparse, collections, importlib.metadata, json, os, platform, random, re, shutil, statistics, subprocess, sys, tempfile, time
import numpy as np
import buckets
from plan import OURS, SUITES

HERE = os.path.dirname(os.path.abspath(__file__))
TIMEOUT = 600        # seconds for one run
ALL, HOPELESS = 2, 1.5
QUICK = ["main", "blur", "cache", "bucket"]


def machine(n):
    """What the figures depend on."""
    def out(*cmd):
        try:
            return subprocess.run(cmd, cwd=HERE, capture_output=True, text=True).stdout.strip()
        except FileNotFoundError:
            return ""

    def grep(path, pattern):
        try:
            with open(path) as f:
                found = re.search(pattern, f.read(), re.M)
        except FileNotFoundError:
            return ""
        return found.group(1) if found else ""

    versions = {}
    for name in ("tensorstore", "zarr", "zarrs", "numpy", "dask", "scipy", "h5py", "xarray"):
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            pass
    return {
        "n": n, "time": time.strftime("%Y-%m-%d %H:%M", time.gmtime()), "cpu": grep("/proc/cpuinfo", r"^model name\s*:\s*(.*)$"),
        "cores": os.cpu_count(), "memory_gib": round(int(grep("/proc/meminfo", r"^MemTotal:\s*(\d+)") or 0) / 2**20),
        "kernel": platform.system() + " " + platform.release(), "python": platform.python_version(), "go": out("go", "env", "GOVERSION"),
        "commit": out("git", "describe", "--always", "--dirty"), "zarrs_crate": grep(f"{HERE}/rust/Cargo.lock", r'name = "zarrs"\nversion = "(.*)"'),
        "versions": versions, "load": os.getloadavg()[0],
    }


class Runner:
    def __init__(self, o):
        self.o, self.stop_at = o, time.time() + o.deadline
        with open(f"{HERE}/peers.json") as f:
            self.peers = json.load(f)
        with open(f"{o.data}/sel.json") as f:
            self.sel = json.load(f)
        self.absent = {}
        self.done = collections.defaultdict(dict)  # (suite, layout, op) → (round, peer) → result
        if os.path.exists(o.results):
            with open(o.results) as f:
                for line in f:
                    self.note(json.loads(line))
        os.makedirs(os.path.dirname(os.path.abspath(o.results)), exist_ok=True)
        self.file = open(o.results, "a")
        self.root = tempfile.mkdtemp(prefix="run-", dir=o.data)  # what is written goes here, out of the way of other runs
        os.symlink(f"{o.data}/ref", f"{self.root}/ref")
        self.server = None  # of buckets, once there is need of it
        self.write({"machine": machine(self.sel["n"])})

    def note(self, r):
        if "machine" not in r:
            self.done[r["suite"], r["layout"], r["op"]][r["round"], r["peer"]] = r
        elif r["machine"]["n"] != self.sel["n"]:
            raise SystemExit(f"{self.o.results} has runs with edges of {r['machine']['n']}: name another file")

    def write(self, r):
        self.file.write(json.dumps(r) + "\n")
        self.file.flush()

    def cells(self, suites, rnd):
        for name in suites:
            s = SUITES[name]
            cells = [(name, lay, op) for lay in s.layouts for op in s.ops
                     if (not self.o.layouts or lay in self.o.layouts) and (not self.o.ops or op in self.o.ops)]
            rng = random.Random(f"{name} {rnd}")
            rng.shuffle(cells)
            for cell in cells:
                peers = [p for p in self.o.peers or s.peers if self.there(p)]
                if self.o.quick and "zarr-python" in peers:
                    peers.remove("zarr-python")
                rng.shuffle(peers)
                yield cell, peers

    def there(self, peer):
        """Whether the peer can be run at all; if not, it is said once."""
        if peer not in self.absent:
            program = self.peers[peer]["cmd"][0].format(here=HERE, python=sys.executable)
            self.absent[peer] = not shutil.which(program)
            if self.absent[peer]:
                print(f"run.py: {peer} is left out, there is no {program}", flush=True)
        return not self.absent[peer]

    def hopeless(self, cell, peer):
        if self.o.all or peer in OURS:
            return False
        runs = collections.defaultdict(list)
        for (_, p), r in self.done[cell].items():
            if "seconds" in r and p not in OURS:
                runs[p].append(r)
        if len(runs[peer]) < ALL:
            failed = sum(p == peer for _, p in self.done[cell])
            return failed >= ALL
        return all(min(r[f] for r in runs[peer]) > HOPELESS * min(statistics.median(r[f] for r in v) for v in runs.values() if v)
                   for f in ("seconds", "cpu_s"))

    def run(self):
        chosen = [name for name in SUITES if not self.o.suites or name in self.o.suites]
        last = [name for name in chosen if SUITES[name].most < self.o.rounds]
        first = [name for name in chosen if name not in last]
        steps = [(first, k) for k in range(self.o.rounds)]
        for name in last:
            steps += [([name], k) for k in range(SUITES[name].most)]
        for suites, rnd in steps:
            began, ran = time.time(), 0
            for cell, peers in self.cells(suites, rnd):
                peers = [p for p in peers if (rnd, p) not in self.done[cell] and not self.hopeless(cell, p)]
                if peers:
                    self.warm(cell)
                for peer in peers:
                    if time.time() > self.stop_at:
                        print(f"run.py: out of time in round {rnd + 1}; the same command goes on from here", flush=True)
                        return
                    r = self.measure(cell, peer, rnd)
                    self.note(r)
                    self.write(r)
                    ran += 1
            if ran:
                print(f"round {rnd + 1}, {' '.join(suites)}: {ran} runs, {time.time() - began:.0f} s, load {os.getloadavg()[0]:.1f}", flush=True)

    def place(self, suite):
        """Where a suite is measured: the root for the peers, the directory that it is, and the environment."""
        where = SUITES[suite].where
        if not where:
            return self.root, self.root, {}
        if self.server is None:
            self.server = buckets.Server(self.o.data)
        return "s3://" + buckets.BUCKET, self.server.bucket, self.server.env(where)

    def close(self):
        if self.server is not None:
            self.server.stop()
            shutil.rmtree(f"{self.server.dir}/old", ignore_errors=True)
        shutil.rmtree(self.root)

    def warm(self, cell):
        """Reads the stored objects, so that all peers find them in the page cache."""
        suite, layout, _ = cell
        _, root, _ = self.place(suite)
        if SUITES[suite].where:
            self.server.seed(f"{self.o.data}/ref", layout)
        paths = [os.path.join(d, name) for d, _, files in os.walk(f"{root}/ref/{layout}.zarr") for name in files] or [f"{root}/ref/{layout}.h5"]
        for path in paths:
            with open(path, "rb", buffering=0) as f:
                while f.read(1 << 20):
                    pass

    def measure(self, cell, peer, rnd):
        suite, layout, op = cell
        conf, (address, root, env) = self.peers[peer], self.place(suite)
        out = f"{root}/out"
        cmd = [x.format(here=HERE, python=sys.executable) for x in conf["cmd"]]
        cmd += ["--root", address, "--op", op, "--layout", layout, "--data", self.o.data]
        r = {}
        try:
            q = subprocess.run(cmd, env={**os.environ, **conf.get("env", {}), **env}, capture_output=True, text=True, timeout=TIMEOUT)
            if q.returncode == 0:
                r = json.loads(q.stdout.strip().splitlines()[-1])
                r["wrong"] = self.wrong(cell, r, out, rnd)
            else:
                r["error"] = (q.stderr or q.stdout).strip()[-400:] or f"exit status {q.returncode}"
        except (OSError, subprocess.TimeoutExpired, ValueError, IndexError) as e:
            r["error"] = str(e)[-400:]
        put_away(out, f"{os.path.dirname(root)}/old" if env else f"{root}/old")
        if r.get("wrong"):
            r = {"error": "wrong result: " + r["wrong"]}
        r.pop("wrong", None)
        if "error" in r:
            print(f"{suite} {layout} {op} {peer}: failed: {r['error']}", flush=True)
        return r | {"suite": suite, "layout": layout, "op": op, "peer": peer, "round": rnd, "load": os.getloadavg()[0]}

    def wrong(self, cell, r, out, rnd):
        """Compares what was read with what is stored, and in the first round what was stored with what was to be."""
        _, layout, op = cell
        want = self.sel["checks"][layout[:2]].get(op)
        if want is not None:
            return None if r["check"] == want else f"elements add up to {r['check']}, not to {want}"
        if rnd:
            return None
        stores = [f for f in os.listdir(out) if f.endswith(".zarr")]
        return compare(self.o.data, f"{out}/{stores[0]}", layout[:2], op) if stores else None


def put_away(path, to):
    """Empties the files below path and moves it into the directory to, which is removed at the end: a file system may
    be slow to make files for minutes after many were removed, as ext4 without a journal is, which the next run would pay."""
    if not os.path.exists(path):
        return
    for d, _, files in os.walk(path):
        for name in files:
            os.truncate(os.path.join(d, name), 0)
    os.makedirs(to, exist_ok=True)
    os.rename(path, f"{to}/{len(os.listdir(to))}")


def compare(data, path, dtype, op):
    """What is wrong with the array that an operation has left at path; None if nothing is."""
    import tensorstore as ts
    from scipy import ndimage
    with open(f"{data}/sel.json") as f:
        sel = json.load(f)
    n = sel["n"]
    want = np.memmap(f"{data}/{dtype}.bin", "<" + dtype, "r", shape=(n,) * 3)
    got = ts.open({"driver": "zarr3", "kvstore": {"driver": "file", "path": path}}, open=True).result()
    if op == "blur":
        h = n // 2
        diff = np.abs(got.read().result() - ndimage.gaussian_filter(np.array(want[:h, :h, :h]), 2.0)).max()
        return None if diff < 1e-5 else f"up to {diff} away from SciPy's"
    if op.startswith("overwrite"):
        at = tuple(slice(*edge) for edge in sel["overwrite"])
        shape = tuple(s.stop - s.start for s in at)
        flat = want.reshape(-1)[:int(np.prod(shape))].reshape(shape)
        want = np.array(want)
        want[at] = flat
    for z in range(0, n, 64):
        if not np.array_equal(got[z:z + 64].read().result(), want[z:z + 64]):
            return f"elements from z = {z} on are not those written"
    return None


def names(text):
    return text.split(",") if text else None


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--data", required=True, help="directory that gen.py made")
    ap.add_argument("--results", required=True, help="file to append to")
    ap.add_argument("--rounds", type=int, default=6, help="rounds that the file shall have (some suites take no more than 6)")
    ap.add_argument("--suites", type=names, help=f"only these of {','.join(SUITES)}")
    ap.add_argument("--layouts", type=names, help="only these, such as f4_raw64,f4_shard")
    ap.add_argument("--ops", type=names, help="only these, such as read,zplanes")
    ap.add_argument("--peers", type=names, help="these instead of those of the plan, of peers.json")
    ap.add_argument("--deadline", type=float, default=1e9, help="seconds after which no run is started")
    ap.add_argument("--all", action="store_true", help="leave out no peer for being slow")
    ap.add_argument("--quick", action="store_true", help="a look at whether all works: fewer suites, and peers")
    o = ap.parse_args()
    if o.quick:
        o.suites = o.suites or QUICK
    o.data = os.path.abspath(o.data)
    runner = Runner(o)
    try:
        runner.run()
    finally:
        runner.close()


if __name__ == "__main__":
    main()

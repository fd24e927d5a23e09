"""Forks, spawned processes, threads and pickles; what is left when processes die."""

import gc
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import dosna as dn

from .conftest import python

DATA = np.arange(64 * 64 * 64, dtype="i4").reshape(64, 64, 64)


@pytest.fixture
def ds(con):
    return con.create_dataset("data", data=DATA, chunk_size=(16, 16, 16))


def read(ds, i):
    return int(ds[i].sum(dtype="i8"))


def read_large(ds, i):
    return int(ds[...].sum(dtype="i8")) + i


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_pools(ds, method):
    with multiprocessing.get_context(method).Pool(3) as pool:
        got = pool.starmap(read, [(ds, i) for i in range(64)], chunksize=4)
        assert got == DATA.sum((1, 2), dtype="i8").tolist()
        total = int(DATA.sum(dtype="i8"))
        assert pool.starmap(read_large, [(ds, i) for i in range(9)]) == [total + i for i in range(9)]


@pytest.mark.parametrize("backend_of_joblib", ["loky", "multiprocessing", "threading"])
def test_joblib(ds, backend_of_joblib):
    joblib = pytest.importorskip("joblib")
    got = joblib.Parallel(n_jobs=3, backend=backend_of_joblib)(joblib.delayed(read)(ds, i) for i in range(64))
    assert got == DATA.sum((1, 2), dtype="i8").tolist()


def test_joblib_engine(backend, options, name):
    pytest.importorskip("joblib")
    dn.use(engine="jl", backend=backend, engine_kw={"njobs": 2, "backend": "loky"})
    try:
        with dn.Connection(name, **options) as con:
            ds = con.create_dataset("data", data=DATA, chunk_size=(16, 16, 16))
            assert (ds.njobs, ds.jlbackend) == (2, "loky")
            np.testing.assert_array_equal(ds.map(lambda x: x * 2, "twice")[...], DATA * 2)
            ds.apply(np.negative)
            np.testing.assert_array_equal(ds[...], -DATA)
        with dn.Connection(name, njobs=3, jlbackend="threading", **options) as con:
            assert con["data"].njobs == 3
            con["data"].apply(np.negative)
            np.testing.assert_array_equal(con["data"][...], DATA)
    finally:
        dn.use(engine="jl", engine_kw={"njobs": 1, "backend": "multiprocessing"})
        dn.use(engine="cpu", backend="ram")


def test_pickle(con, ds):
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(ds, protocol))
        assert again == ds and again.shape == ds.shape
        np.testing.assert_array_equal(again[3], DATA[3])
        assert pickle.loads(pickle.dumps(con, protocol))["data"] == ds
    group = con.create_group("A/B", {"a": 1})
    assert pickle.loads(pickle.dumps(group)).attrs["a"] == 1


def test_threads(ds):
    def work(i):
        np.testing.assert_array_equal(ds[i], DATA[i])
        whole = ds[...]
        np.testing.assert_array_equal(whole, DATA)
        ds[i] = whole[i]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(64)))
    np.testing.assert_array_equal(ds[...], DATA)


def in_child(work):
    """Runs a function in a forked child, and returns its exit code."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_arrays_after_fork(ram):
    """What parent and child have read is their own, whatever either does."""
    ds = ram.create_dataset("data", data=DATA, chunk_size=(16, 16, 16))
    mine = ds[...]
    going, ready = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            assert np.array_equal(mine, DATA)
            mine[0] = -1
            os.write(ready[1], b"x")
            os.read(going[0], 1)
            assert (mine[0] == -1).all() and np.array_equal(mine[1:], DATA[1:])
            other = ds[...]
            assert (other == 7).all()
            code = 0
        finally:
            os._exit(code)
    os.read(ready[0], 1)
    assert np.array_equal(mine, DATA)
    mine[1] = -2
    del mine
    gc.collect()
    ds[...] = np.full(DATA.shape, 7, "i4")
    for _ in range(5):
        assert (ds[...] == 7).all()
    os.write(going[1], b"x")
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    for fd in (*going, *ready):
        os.close(fd)


def segments():
    """How many segments this process has mapped."""
    with open("/proc/self/maps") as f:
        return sum("memfd:dosna" in line for line in f)


def descriptors():
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="segments are Linux's")
def test_many_forks(ram):
    """200 forks, in each of which and after each of which there is work, leave nothing."""
    ds = ram.create_dataset("data", data=DATA, chunk_size=(16, 16, 16))

    def work():
        assert np.array_equal(ds[...], DATA)

    def once():
        held = ds[...]
        assert in_child(work) == 0
        assert np.array_equal(held, DATA)

    for _ in range(10):
        once()
    before = segments(), descriptors(), dn.server()["memory"], threading.active_count()
    sessions = dn.server()["sessions"]
    for _ in range(200):
        once()
    deadline = time.monotonic() + 10
    while dn.server()["sessions"] > sessions and time.monotonic() < deadline:
        time.sleep(0.01)
    assert dn.server()["sessions"] <= sessions
    after = segments(), descriptors(), dn.server()["memory"], threading.active_count()
    assert all(a <= b + 2 for a, b in zip(after[:2], before[:2])) and after[2] <= before[2] + (1 << 21) and after[3] == before[3]


def test_loader(ds):
    """As data loaders do: workers are forked when the dataset has been used, and sent indices."""
    ds[0]
    context = multiprocessing.get_context("fork")
    tasks, results = context.Queue(), context.Queue()

    def worker():
        for i in iter(tasks.get, None):
            results.put((i, int(ds[i].sum(dtype="i8"))))

    workers = [context.Process(target=worker, daemon=True) for _ in range(3)]
    for w in workers:
        w.start()
    for i in range(64):
        tasks.put(i)
    got = dict(results.get(timeout=60) for _ in range(64))
    for _ in workers:
        tasks.put(None)
    for w in workers:
        w.join(20)
        assert w.exitcode == 0
    assert [got[i] for i in range(64)] == DATA.sum((1, 2), dtype="i8").tolist()


def test_fork_while_threads_read(ds):
    stop = threading.Event()
    failed = []

    def loop():
        while not stop.is_set():
            if not np.array_equal(ds[...], DATA):
                failed.append("differs")

    threads = [threading.Thread(target=loop) for _ in range(3)]
    for t in threads:
        t.start()
    try:
        for _ in range(20):
            assert in_child(lambda: np.testing.assert_array_equal(ds[...], DATA)) == 0
    finally:
        stop.set()
        for t in threads:
            t.join(30)
    assert not failed


KILLED = """
import os, signal, sys
import numpy as np
import dosna as dn
with dn.Connection("x") as con:
    ds = con.create_dataset("data", data=np.zeros((64, 64, 64)), chunk_size=(16, 16, 16))
    held = ds[...]
    print(dn.server()["pid"], dn.server()["address"], flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def gone(pid, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with open(f"/proc/{pid}/stat") as f:
                if f.read().rsplit(")", 1)[1].split()[0] == "Z":
                    return True
        except FileNotFoundError:
            return True
        time.sleep(0.02)
    return False


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it looks at /proc")
def test_killed_parent_leaves_nothing():
    env = {k: v for k, v in os.environ.items() if k != "DOSNA_HELPER"}
    done = subprocess.run([sys.executable, "-c", KILLED], capture_output=True, text=True, timeout=60, env=env)
    assert done.returncode == -signal.SIGKILL, done.stderr
    pid, address = done.stdout.split()
    assert gone(int(pid)), "the server is still there"
    assert not os.path.exists(os.path.dirname(address))


def test_helper_killed(tmp_path):
    """Where nothing is lost another server is started; else it is said what is."""
    out = python(
        """
import os, signal, sys, time
import numpy as np
import dosna as dn
from dosna.backends.base import ServerError
dn.use(backend="file")
con = dn.Connection("pool", directory=sys.argv[1])
ds = con.create_dataset("data", data=np.arange(1000), chunk_size=(100,))
ram = dn.Connection("lost", backend="ram")
gone = ram.create_dataset("data", data=np.arange(10))
def kill():
    os.kill(dn.server()["pid"], signal.SIGKILL)
    time.sleep(0.2)
kill()
print(ds[5], ds.sum() if hasattr(ds, "sum") else ds[...].sum())
ds[3] = 7
print(ds[3])
try:
    gone[...]
except ServerError as err:
    print("lost" in str(err))
kill()
ds[4] = 8
print(ds[4])
dn.shutdown()
print(ds[4])
""", tmp_path, DOSNA_HELPER="")
    assert out.split() == ["5", "499500", "7", "True", "8", "8"]


def test_children_share_the_server(ds):
    if ds._place.volatile:
        out = python("import dosna as dn, sys; print(dn.Connection(sys.argv[1])['data'][1, 2, 3])", ds.connection.name)
        assert int(out) == DATA[1, 2, 3]


def test_many_arrays(ram):
    """More arrays than there may be segments."""
    ds = ram.create_dataset("data", data=DATA, chunk_size=(16, 16, 16))
    held = [ds[...] for _ in range(150)]
    for a in held:
        assert np.array_equal(a, DATA)
        a[...] = 1
    assert np.array_equal(ds[...], DATA)


def test_views_keep_memory(ram):
    ds = ram.create_dataset("data", data=DATA, chunk_size=(16, 16, 16))
    view = ds[...][3:5].T
    raw = memoryview(ds[...])
    gc.collect()
    for _ in range(5):
        ds[...] = np.zeros_like(DATA)
        assert not ds[...].any()
    np.testing.assert_array_equal(view, DATA[3:5].T)
    assert raw.tobytes() == DATA.tobytes()


def test_memory_is_given_back(ram):
    ds = ram.create_dataset("data", shape=(1 << 24,), dtype="u1", chunk_size=(1 << 20,))
    before = dn.server()["memory"]
    for _ in range(20):
        a = ds[...]
        del a
        assert dn.server()["memory"] <= before + (3 << 24)


def test_no_shared_memory(tmp_path):
    out = python(
        """
import sys
import numpy as np
import dosna as dn
dn.use(backend="file")
con = dn.Connection("pool", directory=sys.argv[1])
data = np.random.default_rng(1).normal(size=(100, 100, 100))
ds = con.create_dataset("data", data=data, chunk_size=(32, 32, 32))
print(np.array_equal(ds[...], data), dn.server()["memory"])
ds[::2, 3] = data[::2, 4]
print(np.array_equal(ds[::2, 3], data[::2, 4]))
""", tmp_path, DOSNA_NO_SHARED_MEMORY="1", DOSNA_HELPER="")
    assert out.split() == ["True", "0", "True"]


def test_interrupt(ram):
    """A read that is interrupted ends, and the next one is right."""
    ds = ram.create_dataset("data", data=DATA, chunk_size=(2, 2, 2))
    main = threading.get_ident()
    timer = threading.Timer(0.005, lambda: signal.pthread_kill(main, signal.SIGINT))
    try:
        timer.start()
        while True:
            ds[...]
    except KeyboardInterrupt:
        pass
    np.testing.assert_array_equal(ds[...], DATA)


def test_missing_server():
    out = python("""
import dosna as dn
from dosna.backends.base import ServerError
try:
    dn.Connection("x").connect()
except ServerError as err:
    print(err.message)
""", DOSNA_SERVER="/nowhere/socket")
    assert "/nowhere/socket" in out

"""What the tests share.

DOSNA_TEST_S3 is the address of a server of S3, with credentials in the environment; tests
of buckets are skipped without it.
"""

import itertools
import os
import subprocess
import sys

import numpy as np
import pytest

import dosna as dn

BACKENDS = ["ram", "file", "s3"]
_names = (f"test-{os.getpid()}-{n}" for n in itertools.count())


@pytest.fixture
def name():
    return next(_names)


@pytest.fixture(params=BACKENDS)
def backend(request):
    if request.param == "s3" and "DOSNA_TEST_S3" not in os.environ:
        pytest.skip("DOSNA_TEST_S3 names no server")
    return request.param


@pytest.fixture
def options(backend, tmp_path):
    return {"ram": {}, "file": {"directory": tmp_path}, "s3": {"endpoint_url": os.environ.get("DOSNA_TEST_S3")}}[backend]


@pytest.fixture(params=["cpu", "jl"])
def engine(request):
    if request.param == "jl":
        pytest.importorskip("joblib")
    return request.param


@pytest.fixture
def con(backend, options, name):
    """A connection with the engine cpu, to each backend."""
    dn.use(engine="cpu", backend=backend)
    connection = dn.Connection(name, **options)
    connection.connect()
    yield connection
    connection.disconnect()
    dn.use(engine="cpu", backend="ram")


@pytest.fixture
def econ(engine, backend, options, name):
    """A connection with each engine, to each backend."""
    dn.use(engine=engine, backend=backend)
    connection = dn.Connection(name, **options)
    connection.connect()
    yield connection
    connection.disconnect()
    dn.use(engine="cpu", backend="ram")


@pytest.fixture
def ram(name):
    dn.use(engine="cpu", backend="ram")
    with dn.Connection(name) as connection:
        yield connection


@pytest.fixture
def data():
    return np.random.default_rng(7).integers(-10000, 10000, (50, 37, 41)).astype("i4")


def python(source, *args, **env):
    """Runs a program in a new interpreter, and returns what it prints."""
    done = subprocess.run([sys.executable, "-c", source, *map(str, args)], capture_output=True, text=True, timeout=120, env={**os.environ, **env})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout

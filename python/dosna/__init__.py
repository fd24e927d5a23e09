"""N-dimensional arrays in object stores, sliced like NumPy arrays or h5py datasets.

>>> import dosna as dn
>>> import numpy as np
>>> data = np.random.randn(100, 100, 100)
>>> con = dn.Connection("dosna-tutorial")
>>> con.connect()
>>> ds = con.create_dataset("data", data=data, chunk_size=(32, 32, 32))
>>> bool(np.allclose(ds[36:80, 89:, :56], data[36:80, 89:, :56]))
True
>>> con.disconnect()

What is stored is Zarr v3, which zarr-python, xarray, Dask and TensorStore open. The work is
done by a server, a program that comes with this package: a private one, which is started
when it is first needed and ends with this process, or the one at the socket that the
environment variable ``DOSNA_SERVER`` names. Elements pass through shared memory.
"""

from __future__ import annotations

from typing import Any

from . import _state, backends, engines
from ._client import shutdown
from ._state import Backend, Engine, Status

__version__ = "0.1.0"
__all__ = [
    "Connection", "DataChunk", "Dataset", "backends", "compatible", "connection", "engines", "get_backend", "get_engine",
    "server", "shutdown", "status", "use", "util",
]

Connection: Any
Dataset: Any
DataChunk: Any


def use(engine: str | None = None, backend: str | None = None, engine_kw: dict[str, Any] | None = None) -> None:
    """Selects the engine (``cpu``, ``joblib``, also called ``jl``, ``mpi``) and the backend (``ram``, ``file``, ``s3``)
    of connections that are made from now on. engine_kw are settings of the engine, which
    stay: ``njobs`` and ``backend`` of ``joblib``, ``comm`` of ``mpi``."""
    global Connection, Dataset, DataChunk
    _state.select(engine, backend, engine_kw)
    current = _state.engine()
    Connection, Dataset, DataChunk = current.Connection, current.Dataset, current.DataChunk


def connection(*args: Any, **kwargs: Any) -> Any:
    """A connection of the engine in use: the same as ``dn.Connection(...)``."""
    return Connection(*args, **kwargs)


def status(show: bool = False) -> Status:
    """The engine and the backend in use."""
    now = Status(_state.engine(), _state.backend())
    if show:
        print(f"engine {now.engine.name} {now.engine.params}, backend {now.backend.name}")
    return now


def compatible(engine: str, backend: str) -> bool:
    """Whether an engine works with a backend: every one of them does, but for ``ram`` between
    the hosts of an MPI job."""
    return engine.lower() in _state.ENGINES and backend.lower() in _state.BACKENDS


def get_backend(name: str | None = None) -> Backend:
    """The backend in use; with a name it is selected first."""
    if name is not None:
        use(backend=name)
    return _state.backend()


def get_engine(name: str | None = None) -> Engine:
    """The engine in use; with a name it is selected first."""
    if name is not None:
        use(engine=name)
    return _state.engine()


def server() -> dict[str, Any]:
    """About the server of this process: its ``address``, process (``pid``), bytes of shared
    ``memory`` in use, and more."""
    from ._client import client

    one = client()
    return {"address": one.address, "pid": one.welcome["pid"], "server": one.welcome["server"], "cores": one.welcome["cores"], **one.call("status").ok}


def __getattr__(name: str) -> Any:
    if name == "util":
        from importlib import import_module

        return import_module("dosna.util")
    raise AttributeError(f"module 'dosna' has no attribute {name!r}")


use()

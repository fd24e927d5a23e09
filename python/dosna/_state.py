"""Which engine and which backend are in use."""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple


class Engine(NamedTuple):
    """An engine: what work on chunks runs on."""

    name: str
    Connection: Any
    Dataset: Any
    DataChunk: Any
    params: dict[str, Any]


class Backend(NamedTuple):
    """A backend: where chunks are stored."""

    name: str
    Connection: Any
    Dataset: Any
    DataChunk: Any


class Status(NamedTuple):
    engine: Engine
    backend: Backend


#: The modules of engines and backends, by name.
ENGINES = {"cpu": "cpu", "jl": "jl", "joblib": "jl", "mpi": "mpi"}
BACKENDS = {"ram": "ram", "file": "file", "s3": "s3"}

_current: dict[str, str] = {"engine": "cpu", "backend": "ram"}
_params: dict[str, dict[str, Any]] = {}


def engine(name: str | None = None) -> Engine:
    name = (name or _current["engine"]).lower()
    if name not in ENGINES:
        raise ValueError(f"there is no engine {name!r}, only {', '.join(ENGINES)}")
    module = import_module(f"dosna.engines.{ENGINES[name]}")
    params = _params.setdefault(ENGINES[name], dict(module.PARAMS))
    return Engine(name, *module.CLASSES, params)


def backend(name: str | None = None) -> Backend:
    name = (name or _current["backend"]).lower()
    if name not in BACKENDS:
        raise ValueError(f"there is no backend {name!r}, only {', '.join(BACKENDS)}")
    return import_module(f"dosna.backends.{BACKENDS[name]}").BACKEND


def select(engine_name: str | None, backend_name: str | None, engine_kw: dict[str, Any] | None) -> None:
    if engine_name is not None:
        engine(engine_name)
    if backend_name is not None:
        backend(backend_name)
    if engine_name is not None:
        _current["engine"] = engine_name.lower()
    if backend_name is not None:
        _current["backend"] = backend_name.lower()
    if engine_kw:
        engine().params.update(engine_kw)

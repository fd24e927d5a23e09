"""The engine that calls Python functions on several chunks at a time, by joblib.

Settings are ``njobs``, the number of workers, and ``backend``, joblib's: ``"threading"``,
``"loky"`` or ``"multiprocessing"``. By default there is one worker, as in the first DosNa.
Functions for processes have to be such as joblib can send there.
"""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from .. import _progress, _state
from .base import EngineConnection, EngineDataChunk, EngineDataset, EngineGroup, EngineLink

#: Settings.
PARAMS: dict[str, Any] = {"njobs": 1, "backend": "multiprocessing"}


class JoblibLink(EngineLink):
    pass


class JoblibDataChunk(EngineDataChunk):
    pass


class JoblibDataset(EngineDataset):
    DataChunk = JoblibDataChunk

    @property
    def _jobs(self) -> tuple[int, str]:
        node: Any = self._parent
        while not isinstance(node, JoblibConnection):
            node = node._parent
        return node.njobs, node.jlbackend

    @property
    def njobs(self) -> int:
        """The number of workers."""
        return self._jobs[0]

    @property
    def jlbackend(self) -> str:
        """What joblib runs them with."""
        return self._jobs[1]

    def _work(self, func: Callable[[np.ndarray], Any], target: Any, what: str, halo: Any = 0, mode: str = "symmetric") -> None:
        njobs, backend = self._jobs
        if njobs == 1:
            super()._work(func, target, what, halo, mode)
            return
        from joblib import Parallel, delayed

        # Some chunks together, so that sending the function does not take the time.
        cells = list(self._indices())
        size = max(1, min(16, len(cells) // (4 * _workers(njobs)) or 1))
        batches = [cells[i : i + size] for i in range(0, len(cells), size)]
        tasks = (delayed(_batch)(self, func, target, batch, halo, mode) for batch in batches)
        done = Parallel(n_jobs=njobs, backend=backend, return_as="generator_unordered")(tasks)
        for _ in _progress.over(done, len(batches), f"{what} {self.absolute_path}"):
            pass


def _workers(njobs: int) -> int:
    from joblib import effective_n_jobs

    return effective_n_jobs(njobs)


def _batch(source: JoblibDataset, func: Callable[[np.ndarray], Any], target: Any, batch: list[tuple[int, ...]], halo: Any, mode: str) -> None:
    for idx in batch:
        source._work_chunk(func, target, idx, halo, mode)


class JoblibGroup(EngineGroup):
    Dataset, Link = JoblibDataset, JoblibLink


class JoblibConnection(EngineConnection):
    """A connection whose datasets work on several chunks at a time; njobs and jlbackend are
    settings for it alone."""

    Dataset, Link, Group = JoblibDataset, JoblibLink, JoblibGroup

    def __init__(self, name: str, open_mode: str = "a", *, njobs: int | None = None, jlbackend: str | None = None, **options: Any):
        params = _state.engine("jl").params
        self.njobs = params["njobs"] if njobs is None else njobs
        self.jlbackend = params["backend"] if jlbackend is None else jlbackend
        super().__init__(name, open_mode, **options)


JoblibGroup.Group = JoblibGroup
CLASSES = (JoblibConnection, JoblibDataset, JoblibDataChunk)

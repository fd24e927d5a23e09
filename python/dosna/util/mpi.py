"""What programs need that run on the ranks of MPI. It needs mpi4py.

Ranks are those of the communicator that the engine ``mpi`` has been given as ``comm``, or of
``COMM_WORLD``.
"""

from __future__ import annotations

import time
from typing import Any

try:
    from mpi4py import MPI
except ImportError as err:
    raise ImportError("dosna.util.mpi needs mpi4py: pip install 'dosna[mpi]'") from err

from .. import _state

__all__ = ["mpi_comm", "mpi_rank", "mpi_size", "mpi_is_root", "mpi_root", "mpi_barrier", "pprint", "MpiTimer"]


def mpi_comm() -> Any:
    """The communicator."""
    return _state.engine("mpi").params["comm"] or MPI.COMM_WORLD


def mpi_rank(comm: Any = None) -> int:
    """The number of this process, from 0."""
    return (comm or mpi_comm()).Get_rank()


def mpi_size(comm: Any = None) -> int:
    """The number of processes."""
    return (comm or mpi_comm()).Get_size()


def mpi_is_root(comm: Any = None) -> bool:
    """Whether this is the process 0."""
    return mpi_rank(comm) == 0


mpi_root = mpi_is_root


def mpi_barrier(comm: Any = None) -> None:
    """Waits for all processes."""
    (comm or mpi_comm()).Barrier()


def pprint(*args: Any, **kwargs: Any) -> None:
    """Prints, with the number of the process; with ``rank=0`` only in that one."""
    rank, comm = kwargs.pop("rank", None), kwargs.pop("comm", None)
    own = mpi_rank(comm)
    if rank is None or rank == own:
        width = len(str(mpi_size(comm) - 1))
        print(f"|{own:{width}d})", *args, **{"flush": True, **kwargs})


class MpiTimer:
    """Measures how long a block takes until all processes have done it, and prints it on one;
    ``time`` is in seconds."""

    def __init__(self, name: str = "Timer", rank: int = 0):
        self.name, self.rank, self.time = name, rank, 0.0

    def __enter__(self) -> MpiTimer:
        self._began = time.perf_counter()
        return self

    def __exit__(self, *exc: Any) -> None:
        if exc[0] is None:  # else others may wait elsewhere
            mpi_barrier()
        self.time = time.perf_counter() - self._began
        pprint(f"{self.name} -- Elapsed: {self.time:.4f} seconds", rank=self.rank)

"""The engine whose processes, the ranks of MPI, share work on datasets. It needs mpi4py.

Every rank runs the same program. What creates, deletes or works on all chunks is *collective*: every
rank has to call it, in the same order. Rank 0 creates and deletes; chunks are shared out, the first to rank
0, the next to rank 1 and so on; and all return when all are done. Where it fails on one rank it fails on all, instead of
leaving the others waiting. Slices and attributes are read and written by each rank for itself.

The setting ``comm`` is the communicator, ``COMM_WORLD`` by default. The ranks on one node share a server, and
with it what is in RAM there.
"""

from __future__ import annotations

from typing import Any, Callable, Iterator, Sequence, TypeVar

import numpy as np
try:
    from mpi4py import MPI
except ImportError as err:
    raise ImportError("the engine mpi needs mpi4py: pip install 'dosna[mpi]'") from err

from .. import _state
from .base import EngineConnection, EngineDataChunk, EngineDataset, EngineGroup, EngineLink

#: Settings.
PARAMS: dict[str, Any] = {"comm": MPI.COMM_WORLD}

T = TypeVar("T")


class Ranks:
    """What every object of this engine knows."""

    @property
    def mpi_comm(self) -> Any:
        """The communicator."""
        node: Any = self
        while not isinstance(node, MpiConnection):
            node = node._parent
        return node._comm or _state.engine("mpi").params["comm"]

    @property
    def mpi_size(self) -> int:
        """The number of ranks."""
        return self.mpi_comm.Get_size()

    @property
    def mpi_rank(self) -> int:
        """The number of this rank, from 0."""
        return self.mpi_comm.Get_rank()

    @property
    def mpi_is_root(self) -> bool:
        """Whether this is rank 0."""
        return self.mpi_rank == 0

    def mpi_barrier(self) -> None:
        """Waits for all ranks."""
        self.mpi_comm.Barrier()

    def _on_root(self, do: Callable[[], T]) -> T:
        """Has rank 0 do something, and returns to all what it returned, or raises what it raised."""
        comm = self.mpi_comm
        done: Any = None
        if comm.Get_rank() == 0:
            try:
                done = do(), None
            except Exception as err:
                done = None, err
        result, error = comm.bcast(done, root=0)
        if error is not None:
            raise error
        return result

    def _on_all(self, do: Callable[[], T]) -> T:
        """Does something on every rank, and raises on all what one has raised."""
        result: Any = None
        error: Exception | None = None
        try:
            result = do()
        except Exception as err:
            error = err
        errors = self.mpi_comm.allgather(error)
        if error is not None:
            raise error
        for other in errors:
            if other is not None:
                raise other
        return result


class MpiLink(EngineLink):
    pass


class MpiDataChunk(EngineDataChunk):
    pass


class MpiDataset(Ranks, EngineDataset):
    """A dataset on whose chunks the ranks work together."""

    DataChunk = MpiDataChunk

    def _indices(self) -> Iterator[tuple[int, ...]]:
        """The chunks of this rank."""
        rank, size = self.mpi_rank, self.mpi_size
        return (idx for i, idx in enumerate(super()._indices()) if i % size == rank)

    def load(self, data: Any) -> None:
        """Fills the dataset with an array of the same shape, of which every rank reads the chunks
        that are its own. Collective."""
        shape = tuple(getattr(data, "shape", None) or np.shape(data))
        if shape != self._shape:
            raise ValueError(f"data has the shape {shape}, and the dataset {self._shape}")
        if not hasattr(data, "shape"):
            data = np.asarray(data)

        def mine() -> None:
            for _, bounds in self._parts("load"):
                self._put(bounds, np.asarray(data[bounds]))

        self._on_all(mine)

    def _work(self, func: Callable[[np.ndarray], Any], target: Any, what: str, halo: Any = 0, mode: str = "symmetric") -> None:
        super_work = super()._work
        self._on_all(lambda: super_work(func, target, what, halo, mode))

    def clear(self) -> None:
        """Removes all chunks. Collective."""
        self._on_root(super().clear)

    def clone(self, output_name: str, data: bool = False) -> MpiDataset:
        """Creates a dataset of the same layout, and with data=True of the same elements. Collective."""
        clone = super().clone
        path = self._parent._path(output_name)
        info = self._on_root(lambda: clone(output_name, data)._info)
        return self._parent._made(self._parent._shown(output_name), self._place.below(path), info)

    def create_chunk(self, idx: Sequence[int], data: Any = None, slices: Any = None) -> Any:
        """Stores a chunk, which must not be stored yet. Collective."""
        create = super().create_chunk
        self._on_root(lambda: create(idx, data, slices) and None)
        return self.get_chunk(idx)

    def resize(self, shape: Sequence[int]) -> None:
        """Changes the lengths of the axes. Collective."""
        resize = super().resize

        def on_root() -> dict[str, Any]:
            resize(shape)
            return self._info

        self._set(self._on_root(on_root))


class MpiNode(Ranks):
    """What creates and deletes together."""

    def create_dataset(self, name: str, shape: Any = None, dtype: Any = np.float32, fillvalue: Any = 0, data: Any = None, chunk_size: Any = None, **options: Any) -> MpiDataset:
        """Creates a dataset, and fills it with data if they are given, of which every rank reads its part. Collective."""
        if data is not None:
            data = data if hasattr(data, "shape") else np.asarray(data)
            shape, dtype = data.shape, data.dtype
            if dtype == object:
                dtype = bytes if any(isinstance(v, bytes) for v in np.asarray(data).flat) else str
        create = super().create_dataset

        def on_root() -> tuple[str, dict[str, Any]]:
            ds = create(name, shape, dtype, fillvalue, None, chunk_size, **options)
            return ds._place.path, ds._info

        path, info = self._on_root(on_root)
        ds = self.Dataset(self, self._shown(name), self._at(path), info)
        if data is not None:
            try:
                ds.load(data)
            except BaseException:
                self.del_dataset(name)
                raise
        return ds

    def del_dataset(self, name: str) -> None:
        """Deletes a dataset, with all its chunks. Collective."""
        delete = super().del_dataset
        self._on_root(lambda: delete(name))

    def create_group(self, path: str, attrs: dict[str, Any] | None = None) -> Any:
        """Creates a group, and the groups above it that are missing. Collective."""
        create = super().create_group
        self._on_root(lambda: create(path, attrs) and None)
        return self.get_group("/" + self._path(path))

    def require_group(self, path: str) -> Any:
        """The group of that name, which is created if there is none. Collective."""
        require = super().require_group
        self._on_root(lambda: require(path) and None)
        return self.get_group("/" + self._path(path))

    def del_group(self, path: str) -> None:
        """Deletes a group, with everything in it. Collective."""
        delete = super().del_group
        self._on_root(lambda: delete(path))

    def create_link(self, path: str) -> bool:
        """Links to the group or dataset at a path from the root. Collective."""
        create = super().create_link
        return self._on_root(lambda: create(path))

    def del_link(self, path: str) -> bool:
        """Removes the link to a path. Collective."""
        delete = super().del_link
        return self._on_root(lambda: delete(path))


class MpiGroup(MpiNode, EngineGroup):
    Dataset, Link = MpiDataset, MpiLink


class MpiConnection(MpiNode, EngineConnection):
    """A connection whose ranks work together; comm is the communicator for it alone."""

    Dataset, Link, Group = MpiDataset, MpiLink, MpiGroup

    def __init__(self, name: str, open_mode: str = "a", *, comm: Any = None, **options: Any):
        self._comm = comm
        super().__init__(name, open_mode, **options)

    def connect(self) -> None:
        """Opens the store, which rank 0 creates if the mode allows that. Collective."""
        connect = super().connect
        self._on_root(connect)
        if not self.mpi_is_root:
            if self._place.fields["mode"] == "x":  # by now it is there
                self._place.fields["mode"] = "r+"
            connect()

    def _ready(self) -> Any:
        if not self._connected:
            super().connect()  # nobody knows whether the others do
        return self._place

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_comm": None}


MpiGroup.Group = MpiGroup
CLASSES = (MpiConnection, MpiDataset, MpiDataChunk)

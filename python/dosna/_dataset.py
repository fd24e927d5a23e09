"""Datasets: what all engines have in common."""

from __future__ import annotations

import os
from collections import deque
from itertools import product
from typing import TYPE_CHECKING, Any, Callable, Iterator, Sequence

import numpy as np

from . import _dtype, _progress
from ._client import INLINE, Exists, NotFound, Place, request
from ._select import box, encode
from .backends.base import DatasetExistsError, DatasetNotFoundError, IndexOutOfRangeError

if TYPE_CHECKING:
    from ._tree import Node

#: Large writes go in parts of about so many bytes: one is copied while another is stored.
_SLAB = 1 << 26


class Dataset:
    """An N-dimensional array that lies in chunks in a store.

    It is sliced as NumPy's arrays are, and only the chunks that a slice touches are read
    or written. Elements that were never written have the value ``fillvalue``.

    Any number of threads, processes and hosts may write to a dataset: parts of one chunk
    that are written at the same time all arrive. What a write has stored is seen by every
    read that begins after it, anywhere. The shape and the attributes are those of the
    moment when the dataset was opened, or last changed through this object: see `refresh`.

    Objects can be pickled, and mean the same dataset in any process.

    >>> import dosna as dn
    >>> with dn.Connection("doc", backend="ram") as con:
    ...     ds = con.create_dataset("squares", data=np.arange(12).reshape(3, 4) ** 2, chunk_size=(2, 2))
    ...     print(ds[1, ::2], ds[-1, -1], ds.chunk_grid)
    [16 36] 121 (2, 2)
    """

    #: What chunks are made as.
    DataChunk: type[DataChunk]

    def __init__(self, parent: Node, name: str, place: Place, info: dict[str, Any]):
        self._parent, self._name, self._place = parent, name, place
        self._lock_id = 0
        self._set(info)

    def _set(self, info: dict[str, Any]) -> None:
        self._info = info
        self._shape = tuple(info["shape"])
        self._dtype = _dtype.parse(info["dtype"], info["data_type"], info["item"])
        self._variable = info["item"] == 0

    # What it is.

    @property
    def name(self) -> str:
        """The name by which it was created or looked up in a connection; in a group, its path."""
        return self._name

    @property
    def absolute_path(self) -> str:
        """The path from the root: ``"/group/name"``."""
        return "/" + self._place.path.strip("/")

    def get_absolute_path(self) -> str:
        """The path from the root."""
        return self.absolute_path

    @property
    def url(self) -> str:
        """An address by which every program of DosNa finds it: ``"/data/pool#/scan/raw"``."""
        return self._info["tree"] + "#" + self._info["path"]

    @property
    def connection(self) -> Any:
        """The connection or group by which it was opened."""
        return self._parent

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes."""
        return self._shape

    @property
    def ndim(self) -> int:
        return len(self._shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return int(np.prod(self._shape, dtype=object)) if self._shape else 1

    @property
    def nbytes(self) -> int:
        """The size of all elements in memory; 0 if they are of any length."""
        return self.size * self._info["item"]

    @property
    def dtype(self) -> np.dtype:
        """The type of the elements; ``object`` for texts (str) and bytes of any length."""
        return self._dtype

    @property
    def fillvalue(self) -> Any:
        """The value of elements that were never written."""
        raw = bytes.fromhex(self._info["fill"])
        if self._variable:
            return raw.decode() if self._info.get("text") else raw
        return np.frombuffer(raw, self._dtype, 1)[0]

    @property
    def chunk_size(self) -> tuple[int, ...]:
        """The shape of chunks; at the array's edges they hold less. Where chunks are gathered
        in shards it is that of shards, which are what is stored as a whole."""
        return tuple(self._info["shards"] or self._info["chunks"])

    @property
    def chunks(self) -> tuple[int, ...]:
        """The shape of chunks: those inside the shards, where there are shards."""
        return tuple(self._info["chunks"])

    @property
    def shards(self) -> tuple[int, ...] | None:
        """The shape of shards, or None."""
        return tuple(self._info["shards"]) if self._info["shards"] else None

    @property
    def chunk_grid(self) -> tuple[int, ...]:
        """The number of chunks along each axis."""
        return tuple(self._info["grid"])

    @property
    def total_chunks(self) -> int:
        return int(np.prod(self._info["grid"], dtype=object)) if self._info["grid"] else 1

    @property
    def codecs(self) -> list[dict[str, Any]]:
        """The codecs of chunks, as in the metadata of Zarr."""
        return self._info["codecs"]

    @property
    def checked(self) -> bool:
        """Whether all elements are under checksums."""
        return self._info["checked"]

    @property
    def dimension_names(self) -> tuple[str, ...] | None:
        return tuple(self._info["dimension_names"]) if self._info["dimension_names"] else None

    @property
    def attrs(self) -> Any:
        """The attributes: a mapping of names to what JSON can hold. Changing it stores it."""
        from ._tree import Attributes

        return Attributes(self._place, self._info)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.absolute_path!r}: shape {self._shape}, {self._dtype}, chunks of {self.chunk_size}, in {self._info['tree']}>"

    def __len__(self) -> int:
        if not self._shape:
            raise TypeError("len() of a dataset without axes")
        return self._shape[0]

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError("a dataset cannot become an array without being read")
        out = np.asarray(self._get(Ellipsis))
        return out if dtype is None else out.astype(dtype, copy=False)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dataset) and other.url == self.url

    def __hash__(self) -> int:
        return hash(self.url)

    # Reading and writing.

    def __getitem__(self, key: Any) -> Any:
        return self._get(key)

    def __setitem__(self, key: Any, values: Any) -> None:
        self._put(key, values)

    def get_data(self, slices: Any = None, out: np.ndarray | None = None) -> Any:
        """Reads a selection, as NumPy's arrays are indexed: an array of its shape, or a
        scalar where all axes are indexed by integers. None is everything.

        With out, an array of the same shape, the elements are put there, and converted to
        its type, and it is returned.

        Where several lists or masks are given, they select points; see `oindex`.
        """
        return self._get(Ellipsis if slices is None else slices, out=out)

    @property
    def oindex(self) -> Any:
        """``ds.oindex[[0, 5], :, [1, 2]]`` applies each list to its axis by itself, so that the
        result has 2 rows and 2 columns rather than two points."""
        return _Orthogonal(self)

    def _get(self, key: Any, out: np.ndarray | None = None, orthogonal: bool = False) -> Any:
        items, arrays = encode(key)
        args: dict[str, Any] = {"sel": items}
        if orthogonal:
            args["orthogonal"] = True
        into = None
        if out is not None and out.dtype == self._dtype and not self._variable:
            into = self._place.client().segments.find(out)
            if into is not None:
                args["into"] = {"id": into[0], "off": into[1], "len": out.nbytes}
        reply = request(self._place, "read", args, arrays, lock=self._lock_id)
        shape = tuple(reply.ok["shape"])
        if into is not None:
            return out
        if self._variable:
            data = _dtype.unpack(reply.data, reply.ok["count"], shape, bool(self._info.get("text")))
        elif reply.data is None:
            data = np.empty(shape, self._dtype)
        else:
            data = reply.data.view(self._dtype).reshape(shape)
        if out is not None:
            if out.shape != shape:
                raise ValueError(f"out has the shape {out.shape}, and what is read {shape}")
            np.copyto(out, data, casting="unsafe")
            return out
        if not shape and not (key is Ellipsis or isinstance(key, tuple) and any(k is Ellipsis for k in key)):
            return data[()]
        return data

    def set_data(self, values: Any, slices: Any = None) -> None:
        """Assigns to a selection, as NumPy's arrays are assigned to: values are broadcast to
        its shape and converted to the dataset's type. None is everything: see `load`."""
        if slices is None:
            self.load(values)
        else:
            self._put(slices, values)

    def _put(self, key: Any, values: Any, orthogonal: bool = False) -> None:
        items, arrays = encode(key)
        args: dict[str, Any] = {"sel": items}
        if orthogonal:
            args["orthogonal"] = True
        values = self._as_values(values)
        if values.nbytes > 2 * _SLAB and not orthogonal and self._slabs(key, values):
            return
        body, memory = self._body(values, args, arrays)
        request(self._place, "write", args, body, lock=self._lock_id)
        del memory

    def _as_values(self, values: Any) -> np.ndarray:
        if self._variable:
            return np.asarray(values, object)
        if isinstance(values, Dataset):
            values = values[...]
        if self._dtype.kind == "V" and self._dtype.names and isinstance(values, tuple):
            return np.array(values, self._dtype)
        return np.asarray(values)

    def _body(self, values: np.ndarray, args: dict[str, Any], arrays: bytes) -> tuple[Any, Any]:
        """Gets values to where the server takes them from, which args then say: the body,
        which is returned, or a segment. What is returned beside it has to be kept until
        the server has answered."""
        args["shape"] = list(values.shape)
        if self._variable:
            packed, args["count"] = _dtype.pack(values)
            return arrays + packed, None
        size = values.size * self._dtype.itemsize
        client = self._place.client()
        if size <= INLINE or not client.memory:
            same = np.ascontiguousarray(values, self._dtype) if values.dtype != self._dtype or not values.flags.c_contiguous else values
            raw = same.reshape(-1).view(np.uint8)
            return arrays + raw.tobytes() if arrays or size <= INLINE else raw, same
        found = client.segments.find(values) if values.dtype == self._dtype else None
        if found is not None:
            args["from"] = {"id": found[0], "off": found[1], "len": size}
            return arrays, values
        memory = client.call("alloc", None, {"bytes": size}).data
        found = client.segments.find(memory)
        if found is None:  # too many arrays are in shared memory
            return arrays + np.ascontiguousarray(values, self._dtype).tobytes(), None
        np.copyto(memory.view(self._dtype).reshape(values.shape), values, casting="unsafe")
        args["from"] = {"id": found[0], "off": found[1], "len": size}
        return arrays, memory

    def _slabs(self, key: Any, values: Any) -> bool:
        """Writes a large box part by part, along whole chunks, if it is one."""
        try:
            slices, dropped = box(key, self._shape)
        except (IndexError, TypeError):
            return False
        shape = tuple(s.stop - s.start for i, s in enumerate(slices) if i not in dropped)
        if self._variable or 0 in dropped or not shape or tuple(values.shape) != shape or self._info.get("edges"):
            return False
        client = self._place.client()
        if not client.memory:
            return False
        first, step = slices[0], self.chunk_size[0]
        row = int(np.prod(shape[1:], dtype=np.int64)) * self._dtype.itemsize
        rows = max(1, _SLAB // max(row * step, 1)) * step
        waiting: deque[Any] = deque()
        free: list[np.ndarray] = []
        try:
            at = first.start
            while at < first.stop:
                stop = min((at // step) * step + rows, first.stop)
                part = np.asarray(values[at - first.start : stop - first.start])
                if len(waiting) == 2:
                    pending, memory = waiting[0]
                    pending.reply()
                    waiting.popleft()
                    free.append(memory)
                size = part.size * self._dtype.itemsize
                memory = free.pop() if free else client.call("alloc", None, {"bytes": min(rows, first.stop - first.start) * row}).data
                found = client.segments.find(memory)
                if found is None or memory.nbytes < size:
                    return self._rest(key, slices, dropped, at, values)
                np.copyto(memory[:size].view(self._dtype).reshape(part.shape), part, casting="unsafe")
                sel = [slice(at, stop), *slices[1:]]
                args = {
                    "sel": encode(tuple(s.start if i in dropped else s for i, s in enumerate(sel)))[0],
                    "shape": list(part.shape), "from": {"id": found[0], "off": found[1], "len": size},
                }
                waiting.append((client.start("write", self._place.fields, args, lock=self._lock_id), memory))
                at = stop
            while waiting:
                waiting.popleft()[0].reply()
        finally:
            for pending, _ in waiting:
                pending.wire.close()
        return True

    def _rest(self, key: Any, slices: Sequence[slice], dropped: list[int], at: int, values: Any) -> bool:
        for start in range(at, slices[0].stop, self.chunk_size[0]):
            stop = min(start + self.chunk_size[0], slices[0].stop)
            sel = [slice(start, stop), *slices[1:]]
            self._put(tuple(s.start if i in dropped else s for i, s in enumerate(sel)), values[start - slices[0].start : stop - slices[0].start])
        return True

    def load(self, data: Any) -> None:
        """Fills the dataset with an array of the same shape: anything with ``shape`` and
        slicing, such as an ``h5py.Dataset``, which is read part by part."""
        shape = tuple(getattr(data, "shape", None) or np.shape(data))
        if shape != self._shape:
            raise ValueError(f"data has the shape {shape}, and the dataset {self._shape}")
        if isinstance(data, np.ndarray) or not hasattr(data, "shape") or not shape:
            self._put(Ellipsis, np.asarray(data) if not hasattr(data, "dtype") else data[()] if not shape else np.asarray(data))
            return
        for idx, bounds in self._parts("load"):
            self._put(bounds, np.asarray(data[bounds]))

    def _parts(self, what: str = "") -> Iterator[tuple[tuple[int, ...], tuple[slice, ...]]]:
        """The chunks that this process is to work on, with progress on a terminal."""
        return _progress.over(((idx, self._global_chunk_bounds(idx)) for idx in self._indices()), self.total_chunks, f"{what} {self.absolute_path}")

    def _indices(self) -> Iterator[tuple[int, ...]]:
        return product(*(range(n) for n in self.chunk_grid))

    # The dataset as a whole.

    def clear(self) -> None:
        """Removes all chunks: every element is the fill value then."""
        request(self._place, "clear")

    def delete(self) -> None:
        """Deletes the dataset."""
        self._parent.del_dataset(self.name)

    def refresh(self) -> Dataset:
        """Looks at the shape and the attributes of now, which others may have changed, and
        returns the dataset itself. The elements are always those of now."""
        place = self._place.below(self._place.path)
        try:
            self._set(request(place, "node").ok)
        except NotFound as err:
            raise DatasetNotFoundError(self.name, str(err)) from err
        self._place = place
        return self

    def flush(self) -> None:
        """Makes everything written so far, to the whole store, survive a loss of power. Other
        readers see writes without it, as soon as these return."""
        request(self._place.below(""), "sync")

    def resize(self, shape: Sequence[int]) -> None:
        """Changes the lengths of the axes. What is cut off is gone; what is new is fillvalue."""
        self._set(request(self._place, "resize", {"shape": list(shape)}, lock=self._lock_id).ok)

    def append(self, values: Any, axis: int = 0) -> int:
        """Makes an axis longer, and writes values there, which have the dataset's shape in all
        other axes. Returns the index at which they begin: several writers may append at
        the same time, and each gets a place of its own."""
        values = self._as_values(values)
        if values.ndim != self.ndim:
            raise ValueError(f"values have {values.ndim} axes, and the dataset {self.ndim}")
        args: dict[str, Any] = {"axis": axis % max(self.ndim, 1)}
        body, memory = self._body(values, args, b"")
        ok = request(self._place, "append", args, body, lock=self._lock_id).ok
        del memory
        self._set(ok["node"])
        return ok["at"]

    def verify(self) -> list[tuple[str, str]]:
        """Reads every chunk and checks it, and returns what is damaged: the name of the stored
        object and what is wrong with it. An empty list is good news."""
        with _progress.bar(f"verify {self.absolute_path}") as bar:
            ok = request(self._place, "verify", progress=bar).ok
        return [(f["key"], f["error"]) for f in ok["faults"]]

    def usage(self) -> dict[str, int]:
        """What is stored: the number of ``objects``, of bytes in them (``stored``), and how many
        objects (``cells``) there were if none were all fill value."""
        return request(self._place, "usage").ok

    def lock(self, shared: bool = False, wait: float | None = None, ttl: float = 30, note: str = "") -> Lock:
        """A lock on the dataset, to be used with ``with``: it keeps those apart who ask for it,
        in any process and on any host, and ends by itself when its holder dies.

        wait is how many seconds to wait for others, 0 not at all, and None as long as it
        takes; then `LockedError` is raised. What is written inside, through this object,
        is refused when the lock is lost.
        """
        return Lock(self, self._place, shared, wait, ttl, note)

    def clone(self, output_name: str, data: bool = False) -> Dataset:
        """Creates a dataset of the same shape, type and layout, beside this one if the name has
        no ``/`` at its beginning, and with data=True of the same elements."""
        path = self._parent._path(output_name)
        with _progress.bar(f"clone {self.absolute_path}") as bar:
            try:
                info = request(self._place, "clone", {"to": path, "data": data}, progress=bar if data else None).ok
            except Exists as err:
                raise DatasetExistsError(output_name, str(err)) from err
        return self._parent._made(self._parent._shown(output_name), self._place.below(path), info)

    def map(self, func: Callable[[np.ndarray], Any], output_name: str, **options: Any) -> Dataset:
        """Creates a dataset like this one and fills it with what func makes of each chunk,
        which it gets as an array, cut at the dataset's edges.

        Options are ``halo``, the number of elements around a chunk that func sees too, one
        for all axes or one for each (func returns an array of the shape that it gets, or
        of the chunk's without the halo; beyond the dataset's edges elements are reflected,
        or what else the ``mode`` of ``numpy.pad`` says), and ``dtype``.
        """
        dtype = options.pop("dtype", None)
        target = self.clone(output_name) if dtype is None else self._like(output_name, dtype)
        self._work(func, target, "map", **options)
        return target

    def _like(self, output_name: str, dtype: Any) -> Dataset:
        return self._parent.create_dataset(
            output_name, self._shape, dtype, chunk_size=self.chunks, shards=self.shards, dimension_names=self.dimension_names)

    def apply(self, func: Callable[[np.ndarray], Any]) -> None:
        """Replaces each chunk by what func makes of it, an array of the same shape."""
        self._work(func, self, "apply")

    def _work(self, func: Callable[[np.ndarray], Any], target: Dataset, what: str, halo: Any = 0, mode: str = "symmetric") -> None:
        """Calls func for all chunks that this process is to work on."""
        for idx, _ in self._parts(what):
            self._work_chunk(func, target, idx, halo, mode)

    def _work_chunk(self, func: Callable[[np.ndarray], Any], target: Dataset, idx: tuple[int, ...], halo: Any, mode: str) -> None:
        bounds = self._global_chunk_bounds(idx)
        shape = tuple(s.stop - s.start for s in bounds)
        if not np.any(halo):
            result = func(self._get(bounds))
        else:
            widths = tuple(int(h) for h in np.broadcast_to(halo, (self.ndim,)))
            block = self._with_halo(bounds, widths, mode)
            result = np.asarray(func(block))
            if result.shape == block.shape:
                result = result[tuple(slice(h, h + n) for h, n in zip(widths, shape))]
        result = np.asarray(result)
        if result.shape != shape and result.ndim:
            raise ValueError(f"the function made the shape {result.shape} of chunk {idx}, which has {shape}")
        target._put(bounds, result)

    def _with_halo(self, bounds: Sequence[slice], widths: Sequence[int], mode: str) -> np.ndarray:
        inner = tuple(slice(max(s.start - h, 0), min(s.stop + h, n)) for s, h, n in zip(bounds, widths, self._shape))
        missing = [(h - (s.start - i.start), h - (i.stop - s.stop)) for s, h, i in zip(bounds, widths, inner)]
        block = self._get(inner)
        if not any(a or b for a, b in missing):
            return block
        if mode == "wrap" or any(max(m) > n for m, n in zip(missing, block.shape)):
            index = [_beyond(np.arange(s.start - h, s.stop + h), n, mode) for s, h, n in zip(bounds, widths, self._shape)]
            return self._get(tuple(index), orthogonal=True)
        return np.pad(block, missing, mode=mode)

    # Chunks.

    def _check(self, idx: Sequence[int]) -> tuple[int, ...]:
        if not isinstance(idx, (tuple, list)):
            raise TypeError(f"a chunk is named by a tuple of coordinates, not by {idx!r}")
        if len(idx) != self.ndim or any(not 0 <= i < n for i, n in zip(idx, self.chunk_grid)):
            raise IndexOutOfRangeError(tuple(idx), tuple(n - 1 for n in self.chunk_grid))
        return tuple(int(i) for i in idx)

    def get_chunk(self, idx: Sequence[int]) -> DataChunk:
        """The chunk at coordinates of the grid, stored or not."""
        return self.DataChunk(self, self._check(idx))

    def create_chunk(self, idx: Sequence[int], data: Any = None, slices: Any = None) -> DataChunk:
        """Stores a chunk, which must not be stored yet, with data in a part of it or the whole.
        One that is all fill value needs no storing, and has_chunk stays False."""
        chunk = self.get_chunk(idx)
        if self.has_chunk(chunk.index):
            raise DatasetExistsError(chunk.name, f"DataChunk {chunk.name} already exists")
        if data is not None:
            chunk.set_data(data, slices)
        return chunk

    def has_chunk(self, idx: Sequence[int]) -> bool:
        """Whether the chunk is stored; one that is not is all fill value."""
        return request(self._place, "chunk", {"coords": list(self._check(idx)), "do": "has"}).ok

    def del_chunk(self, idx: Sequence[int]) -> bool:
        """Removes a chunk, which is all fill value then; False if it was not stored."""
        return request(self._place, "chunk", {"coords": list(self._check(idx)), "do": "delete"}).ok

    def stored_chunks(self) -> list[tuple[int, ...]]:
        """The coordinates of all chunks that are stored."""
        return [tuple(c) for c in request(self._place, "stored-chunks").ok]

    def get_chunk_data(self, idx: Sequence[int], slices: Any = None) -> np.ndarray:
        """A part of a chunk, or all of it; at the array's edges it is filled up to the shape of
        all chunks with fillvalue."""
        return self.get_chunk(idx).get_data(slices)

    def set_chunk_data(self, idx: Sequence[int], values: Any, slices: Any = None) -> None:
        """Assigns to a part of a chunk, or to all of it."""
        self.get_chunk(idx).set_data(values, slices)

    def _idx_from_flat(self, idx: int) -> tuple[int, ...]:
        return tuple(int(i) for i in np.unravel_index(idx, self.chunk_grid))

    def _edges(self, axis: int, i: int) -> tuple[int, int]:
        edges = self._info.get("edges")
        if edges and edges[axis]:
            start = sum(edges[axis][:i])
            return start, start + edges[axis][i]
        n = self.chunk_size[axis]
        return i * n, (i + 1) * n

    def _global_chunk_bounds(self, idx: Sequence[int]) -> tuple[slice, ...]:
        return tuple(slice(a, min(b, n)) for (a, b), n in ((self._edges(axis, i), self._shape[axis]) for axis, i in enumerate(idx)))

    def _local_chunk_bounds(self, idx: Sequence[int]) -> tuple[slice, ...]:
        return tuple(slice(0, s.stop - s.start) for s in self._global_chunk_bounds(idx))

    def _process_slices(self, slices: Any, squeeze: bool = False) -> Any:
        out, dropped = box(slices, self._shape)
        plain = [slice(s.start, s.stop) for s in out]
        return (plain, tuple(dropped)) if squeeze else plain

    def _chunk_slice_iterator(self, slices: Sequence[slice], ndim: int) -> Iterator[tuple[tuple[int, ...], tuple[slice, ...], tuple[slice, ...]]]:
        """The chunks that a box touches: coordinates, the part of the chunk, and that of the box."""
        ranges = []
        for axis, s in enumerate(slices[:ndim]):
            one = []
            for i in range(self.chunk_grid[axis]):
                a, b = self._edges(axis, i)
                lo, hi = max(a, s.start), min(b, s.stop)
                if lo < hi:
                    one.append((i, slice(lo - a, hi - a), slice(lo - s.start, hi - s.start)))
            ranges.append(one)
        for cell in product(*ranges):
            yield tuple(c[0] for c in cell), tuple(c[1] for c in cell), tuple(c[2] for c in cell)

    # Pickles.

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        state["_lock_id"] = 0
        return state


def _beyond(index: np.ndarray, n: int, mode: str) -> np.ndarray:
    """Where positions beyond the edges are taken from, as numpy.pad has it."""
    if mode == "wrap":
        return index % n
    if mode == "edge":
        return np.clip(index, 0, n - 1)
    if mode == "symmetric":
        folded = index % (2 * n)
        return np.where(folded < n, folded, 2 * n - 1 - folded)
    if mode == "reflect":
        if n == 1:
            return np.zeros_like(index)
        folded = index % (2 * n - 2)
        return np.where(folded < n, folded, 2 * n - 2 - folded)
    raise ValueError(f"{mode!r} is none of symmetric, reflect, edge, wrap where the halo is wider than the array")


class _Orthogonal:
    def __init__(self, dataset: Dataset):
        self._dataset = dataset

    def __getitem__(self, key: Any) -> Any:
        return self._dataset._get(key, orthogonal=True)

    def __setitem__(self, key: Any, values: Any) -> None:
        self._dataset._put(key, values, orthogonal=True)


class DataChunk:
    """A chunk of a dataset.

    ``chunk[...]`` and `get_data` read it; its shape is that of all chunks, also at the edges
    of the array, where what lies beyond is fillvalue and is not stored.
    """

    def __init__(self, dataset: Dataset, index: tuple[int, ...]):
        self.dataset, self.index = dataset, index

    @property
    def name(self) -> str:
        return f"{self.dataset.name}/{'.'.join(map(str, self.index))}"

    @property
    def shape(self) -> tuple[int, ...]:
        if self.dataset._info.get("edges"):
            return tuple(b - a for a, b in (self.dataset._edges(axis, i) for axis, i in enumerate(self.index)))
        return self.dataset.chunk_size

    @property
    def size(self) -> int:
        return int(np.prod(self.shape, dtype=object)) if self.shape else 1

    @property
    def dtype(self) -> np.dtype:
        return self.dataset.dtype

    @property
    def fillvalue(self) -> Any:
        return self.dataset.fillvalue

    @property
    def byte_count(self) -> int:
        return self.size * self.dtype.itemsize

    @property
    def instance(self) -> DataChunk:
        return self

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}: shape {self.shape}, {self.dtype}>"

    def get_data(self, slices: Any = None) -> np.ndarray:
        """Reads a part of the chunk, or all of it."""
        bounds = self.dataset._global_chunk_bounds(self.index)
        inside = self.dataset._get(bounds)
        if inside.shape != self.shape:
            whole = np.full(self.shape, self.fillvalue, self.dtype)
            whole[tuple(slice(0, n) for n in inside.shape)] = inside
            inside = whole
        return inside if slices is None else inside[slices]

    def set_data(self, values: Any, slices: Any = None) -> None:
        """Assigns to a part of the chunk, or to all of it. What lies beyond the edges of the
        array is passed over."""
        bounds = self.dataset._global_chunk_bounds(self.index)
        inside = tuple(b.stop - b.start for b in bounds)
        if slices is None and np.shape(values) in ((), inside):
            self.dataset._put(bounds, values)
            return
        part, dropped = box(Ellipsis if slices is None else slices, self.shape)
        values = np.broadcast_to(np.asarray(values), tuple(s.stop - s.start for i, s in enumerate(part) if i not in dropped))
        cut = [slice(s.start, min(s.stop, n)) for s, n in zip(part, inside)]
        if any(s.start >= s.stop for s in cut):
            return
        values = values[tuple(slice(0, s.stop - s.start) for i, s in enumerate(cut) if i not in dropped)]
        key = [slice(b.start + s.start, b.start + s.stop) for b, s in zip(bounds, cut)]
        self.dataset._put(tuple(s.start if i in dropped else s for i, s in enumerate(key)), values)

    def __getitem__(self, key: Any) -> Any:
        return self.get_data(key)

    def __setitem__(self, key: Any, values: Any) -> None:
        self.set_data(values, key)


Dataset.DataChunk = DataChunk


class Lock:
    """A lock on a node, held inside ``with``; ``fence`` is a number that grows with each lock."""

    def __init__(self, owner: Any, place: Place, shared: bool, wait: float | None, ttl: float, note: str):
        self._owner, self._place = owner, place
        self._args = {"shared": shared, "ttl": ttl, "wait": 0 if wait is None else -1 if wait <= 0 else wait, "note": note}
        self._id, self.fence = 0, 0

    def acquire(self) -> Lock:
        """Gets the lock."""
        ok = request(self._place, "lock", self._args).ok
        self._id, self.fence = ok["lock"], ok["fence"]
        self._pid = os.getpid()
        if hasattr(self._owner, "_lock_id"):
            self._owner._lock_id = self._id
        return self

    def release(self) -> None:
        """Releases it; `LockLostError` says that it had ended before."""
        if not self._id:
            return
        id, self._id = self._id, 0
        if hasattr(self._owner, "_lock_id"):
            self._owner._lock_id = 0
        if os.getpid() == self._pid:
            request(self._place, "unlock", {"lock": id, "fence": self.fence})

    def __enter__(self) -> Lock:
        return self.acquire()

    def __exit__(self, *exc: Any) -> None:
        try:
            self.release()
        except Exception:
            if exc[0] is None:
                raise

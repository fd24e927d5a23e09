"""Memory that is shared with the server, as NumPy arrays.

A segment belongs to the server, which reuses it when the client has given it back.
The array that a read returns lies in one; when it is collected, and every view of it,
the segment is given back. After a fork parent and child have copies of what they had,
as of any memory: see Segments.before_fork.
"""

from __future__ import annotations

import ctypes
import os
import threading
import weakref
from collections import deque
from typing import Any, Callable

import numpy as np

_READ_WRITE = 3
_SHARED, _PRIVATE, _FIXED = 1, 2, 0x10

#: How many arrays may lie in shared memory at a time. Further ones are copies, so that
#: a program that keeps many arrays does not run out of descriptors and mappings.
MOST_LEASES = 64
#: How many segments stay mapped.
MOST_MAPPED = 96


class _LibC:
    """What is needed of the C library, looked up when it is."""

    def __init__(self) -> None:
        lib = ctypes.CDLL(None, use_errno=True)
        size, pointer, integer = ctypes.c_size_t, ctypes.c_void_p, ctypes.c_int
        self.mmap = lib.mmap
        self.mmap.restype = pointer
        self.mmap.argtypes = [pointer, size, integer, integer, integer, ctypes.c_long]
        self.munmap = lib.munmap
        self.munmap.argtypes = [pointer, size]


_libc: _LibC | None = None


def _map(fd: int, size: int, flags: int, at: int | None = None) -> int:
    global _libc
    if _libc is None:
        _libc = _LibC()
    address = _libc.mmap(at, size, _READ_WRITE, flags | (_FIXED if at is not None else 0), fd, 0)
    if address is None or address == ctypes.c_void_p(-1).value:
        code = ctypes.get_errno()
        raise OSError(code, f"map {size} bytes of shared memory: {os.strerror(code)}")
    return address


class Segment:
    """A segment that is mapped here."""

    __slots__ = ("id", "fd", "size", "address", "private")

    def __init__(self, id: int, fd: int, size: int):
        self.id, self.fd, self.size, self.private = id, fd, size, False
        self.address = _map(fd, size, _SHARED)

    def part(self) -> None:
        """Makes the mapping a private one, of what is there now."""
        if not self.private:
            _map(self.fd, self.size, _PRIVATE, self.address)
            self.private = True

    def close(self) -> None:
        if self.address:
            _libc.munmap(self.address, self.size)
            os.close(self.fd)
            self.address = 0


class Lease:
    """The use of a segment by an array, which keeps it alive as its base."""

    __slots__ = ("segments", "segment", "use", "__array_interface__", "__weakref__")

    def __init__(self, segments: Segments, segment: Segment, use: int, size: int):
        self.segments, self.segment, self.use = segments, segment, use
        self.__array_interface__ = {"data": (segment.address, False), "shape": (size,), "typestr": "|u1", "version": 3}

    def array(self) -> np.ndarray:
        """The memory, as an array of bytes."""
        return np.asarray(self)

    def __del__(self) -> None:
        try:
            self.segments.returned(self)
        except Exception:  # at the end of the interpreter
            pass


class Segments:
    """The segments of a session with a server, in one process."""

    def __init__(self, tell: Callable[[list[list[int]], list[list[int]]], None]):
        self._tell = tell
        self._mapped: dict[int, Segment] = {}
        self._leases: weakref.WeakSet[Lease] = weakref.WeakSet()
        self._back: deque[tuple[Segment, int]] = deque()
        self._lock = threading.RLock()
        self._closed = False
        self.pid = os.getpid()

    def lease(self, portion: dict[str, Any], fd: int) -> Lease:
        """Takes what the server has lent; fd is the segment's descriptor if it is new."""
        with self._lock:
            segment = self._mapped.get(portion["id"])
            if portion.get("new"):
                try:
                    segment = Segment(portion["id"], fd, portion["size"])
                except BaseException:
                    os.close(fd)
                    raise
                self._mapped[segment.id] = segment
            lease = Lease(self, segment, portion["use"], portion["len"])
            self._leases.add(lease)
            return lease

    @property
    def leases(self) -> int:
        return len(self._leases)

    def returned(self, lease: Lease) -> None:
        """Is called when an array is collected, at any moment: nothing here waits for a lock."""
        segment = lease.segment
        if os.getpid() != self.pid or self._closed:
            segment.close()
            return
        self._back.append((segment, lease.use))
        if segment.size >= 1 << 22:
            self._tell(*self.given_back(again=True))

    def given_back(self, again: bool = False) -> tuple[list[list[int]], list[list[int]]]:
        """Segments to be told to the server as free, and those that it is to forget. With
        again they will be told again, as may be: only the first time counts."""
        free: list[list[int]] = []
        forget: list[list[int]] = []
        kept = []
        while self._back:
            try:
                segment, use = self._back.popleft()
            except IndexError:
                break
            if segment.private or len(self._mapped) > MOST_MAPPED:
                self._mapped.pop(segment.id, None)
                segment.close()
                forget.append([segment.id, use])
            else:
                free.append([segment.id, use])
                kept.append((segment, use))
        if again:
            self._back.extend(kept)
        return free, forget

    def find(self, array: np.ndarray) -> tuple[int, int] | None:
        """The segment in which an array lies as a whole, in C order, and its offset there."""
        if not array.flags.c_contiguous:
            return None
        base: Any = array
        while isinstance(base, np.ndarray):
            base = base.base
        if not isinstance(base, Lease) or base.segments is not self or base.segment.private:
            return None
        return base.segment.id, array.__array_interface__["data"][0] - base.segment.address

    def before_fork(self) -> None:
        """Makes arrays private memory, so that neither parent nor child sees what the other
        writes to them afterwards, and the server never reuses them."""
        self._lock.acquire()
        if os.getpid() == self.pid:
            for lease in list(self._leases):
                lease.segment.part()

    def after_fork_in_parent(self) -> None:
        self._lock.release()

    def after_fork_in_child(self) -> None:
        """Drops what only the parent uses."""
        self._lock = threading.RLock()
        used = {id(lease.segment) for lease in self._leases}
        for segment in self._mapped.values():
            if id(segment) not in used:
                segment.close()
        self._mapped.clear()
        self._back.clear()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            used = {id(lease.segment) for lease in self._leases}
            for segment in self._mapped.values():
                if id(segment) not in used:
                    segment.close()
            self._mapped.clear()
            self._back.clear()

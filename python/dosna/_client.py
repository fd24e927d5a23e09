"""The client: requests to the server of this process."""

from __future__ import annotations

import os
import secrets
import threading
from typing import Any, Callable, NamedTuple

import numpy as np

from . import _helper
from ._memory import MOST_LEASES, Segments
from ._wire import Wire
from .backends import base

#: Elements of so many bytes and fewer come with the message.
INLINE = 1 << 16

#: What is asked again of a new server when the old one has ended: it changes nothing.
_REPEATABLE = {"read", "node", "has", "children", "open", "guess", "usage", "stored-chunks", "verify", "verify-tree", "status", "alloc"}

_ERRORS: dict[str, type[Exception]] = {
    "permission": PermissionError,
    "corrupt": base.CorruptError,
    "conflict": base.ConflictError,
    "unknown-outcome": base.UnknownOutcomeError,
    "held": base.LockedError,
    "lost": base.LockLostError,
    "memory": MemoryError,
    "invalid": ValueError,
    "index": IndexError,
    "unsupported": NotImplementedError,
    "cancelled": base.DosnaError,
    "loop": base.DosnaError,
}


class NotFound(base.DosnaError):
    """There is no such node; raised as the exception that callers know."""


class Exists(base.DosnaError):
    """There is such a node already."""


def _error(fault: dict[str, str]) -> Exception:
    kind, text = fault["kind"], fault["message"]
    if kind in ("not-found", "unfinished"):
        return NotFound(text)
    if kind == "exists":
        return Exists(text)
    return _ERRORS.get(kind, base.DosnaError)(text)


class Reply(NamedTuple):
    ok: Any
    data: np.ndarray | None  # bytes, which the caller may keep and change
    handle: str | None


class Pending:
    """A request whose reply has not been read."""

    __slots__ = ("client", "wire", "progress")

    def __init__(self, client: Client, wire: Wire, progress: Callable[[int, int], None] | None):
        self.client, self.wire, self.progress = client, wire, progress

    def reply(self) -> Reply:
        return self.client._reply(self.wire, self.progress)


class Client:
    """A session with a server. It may be used by any number of threads, each of whose
    requests has a connection to itself while it is under way."""

    def __init__(self, address: str, helper: _helper.Helper | None = None):
        self.address, self.helper = address, helper
        self.pid = os.getpid()
        self.segments = Segments(self._tell)
        self.volatile: set[str] = set()  # addresses of trees that end with the server
        self._session = secrets.token_hex(16)
        self._idle: list[Wire] = []
        self._control: Wire | None = None
        self.dead = False
        wire = self._connect()
        self.memory = self.welcome["memory"]
        self._idle.append(wire)

    def __repr__(self) -> str:
        return f"<{self.welcome['server']} at {self.address}, process {self.welcome['pid']}>"

    def _connect(self) -> Wire:
        try:
            wire = Wire(self.address)
        except OSError as err:
            raise base.ServerError(f"connect to the server at {self.address}: {err}") from err
        try:
            wire.send({"id": 1, "op": "hello", "protocol": [1], "session": self._session, "memory": "DOSNA_NO_SHARED_MEMORY" not in os.environ})
            header, _, _ = wire.receive()
        except (OSError, EOFError) as err:
            wire.close()
            raise base.ServerError(f"greet the server at {self.address}: {err}") from err
        if "error" in header:
            wire.close()
            raise base.ServerError(header["error"]["message"])
        self.welcome: dict[str, Any] = header["ok"]
        return wire

    def start(
        self, op: str, at: dict[str, Any] | None = None, args: dict[str, Any] | None = None, body: Any = b"", *,
        lock: int = 0, progress: Callable[[int, int], None] | None = None,
    ) -> Pending:
        """Sends a request."""
        try:
            wire = self._idle.pop()
        except IndexError:
            wire = self._connect()
        header: dict[str, Any] = {"id": 1, "op": op}
        if at is not None:
            header["at"] = at
        if args is not None:
            header["args"] = args
        if op == "read":
            header["inline"] = INLINE
        if lock:
            header["lock"] = lock
        if progress is not None:
            header["progress"] = True
        free, forget = self.segments.given_back()
        if free:
            header["free"] = free
        if forget:
            header["forget"] = forget
        try:
            wire.send(header, body)
        except OSError as err:
            # The server may have said why it has closed the connection.
            wire.close()
            raise self._ended(op) from err
        except BaseException:
            wire.close()
            raise
        return Pending(self, wire, progress)

    def _reply(self, wire: Wire, progress: Callable[[int, int], None] | None) -> Reply:
        try:
            while True:
                header, body, fd = wire.receive()
                step = header.get("progress")
                if step is None:
                    break
                if progress is not None:
                    progress(*step)
        except (OSError, EOFError) as err:
            wire.close()
            raise self._ended() from err
        except BaseException:
            # The server notices, and stops. What it was filling is not used again here.
            wire.close()
            raise
        portion = header.get("segment")
        data = None
        if portion is not None:
            if self._control is None and portion.get("new") and portion["size"] >= 1 << 22:
                self._control = self._connect()
            lease = self.segments.lease(portion, fd)
            data = lease.array()
            if self.segments.leases > MOST_LEASES:
                data = data.copy()
        elif body:
            data = np.frombuffer(body, np.uint8)
        self._idle.append(wire)
        fault = header.get("error")
        if fault is not None:
            raise _error(fault)
        return Reply(header.get("ok"), data, header.get("handle"))

    def call(self, op: str, at: dict[str, Any] | None = None, args: dict[str, Any] | None = None, body: Any = b"", **options: Any) -> Reply:
        """Sends a request and waits for the reply."""
        return self.start(op, at, args, body, **options).reply()

    def _ended(self, op: str = "") -> base.ServerError:
        """What to raise when the server has gone."""
        self.dead = True
        for wire in self._idle:
            wire.close()
        self._idle.clear()
        how = f" ({self.helper.ending()})" if self.helper is not None else ""
        return base.ServerError(
            f"the server at {self.address} has ended{how}; what was being done may have been done in part"
            + (f", and what it held in RAM is lost: {', '.join(sorted(self.volatile))}" if self.volatile else "")
        )

    def _tell(self, free: list[list[int]], forget: list[list[int]]) -> None:
        """Tells of segments at once, if that can be done without waiting."""
        if self.dead or not (free or forget):
            return
        try:
            if self._control is None:
                return
            self._control.sock.setblocking(False)
            self._control.send({"id": 0, "op": "free", "free": free, "forget": forget})
        except OSError:
            self._control.close()
            self._control = None

    def close(self) -> None:
        """Ends the session, and the server if it is one of this process's own."""
        self.dead = True
        for wire in self._idle:
            wire.close()
        self._idle.clear()
        if self._control is not None:
            self._control.close()
            self._control = None
        self.segments.close()
        if self.helper is not None:
            self.helper.stop()

    def abandon(self) -> None:
        """Is called in a child after a fork: everything is the parent's."""
        self.dead = True
        for wire in self._idle:
            wire.close()
        self._idle.clear()
        if self._control is not None:
            self._control.close()
            self._control = None
        self.segments.after_fork_in_child()
        if self.helper is not None:
            self.helper.disown()


def request(
    place: Place, op: str, args: dict[str, Any] | None = None, body: Any = b"", **options: Any
) -> Reply:
    """Asks the server of a place for something. If it has ended, another is asked, where
    nothing is lost by that."""
    one = place.client()
    if one.helper is not None and op not in _REPEATABLE and not one.helper.alive():
        error = one._ended(op)
        if place.volatile:
            raise error
        one = place.client()
    try:
        reply = one.call(op, place.fields, args, body, **options)
    except base.ServerError:
        if place.volatile or op not in _REPEATABLE or options.get("lock"):
            raise
        reply = place.client().call(op, place.fields, args, body, **options)
    if reply.handle is not None:
        place.fields["handle"] = reply.handle
    return reply


class Place:
    """A node in a tree, by name. It can be pickled, and means the same in any process."""

    __slots__ = ("fields", "_client", "server")

    def __init__(self, url: str, mode: str = "a", path: str = "", server: str | None = None, **options: Any):
        self.fields: dict[str, Any] = {"url": url, "mode": mode, "path": path, **options}
        self.server = server
        self._client: Client | None = None

    @property
    def path(self) -> str:
        return self.fields["path"]

    @property
    def volatile(self) -> bool:
        """Whether the tree is in the memory of one server."""
        return self.fields["url"].startswith("mem:")

    def client(self) -> Client:
        one = self._client
        if one is not None and not one.dead:
            return one
        if self.volatile and self.server is not None:
            try:
                one = at(self.server)
            except base.ServerError as err:
                raise base.ServerError(f"{self.fields['url']} was held in RAM by a server that has ended, and is lost: {err}") from err
        else:
            one = client(self.server)
        self._client, self.server = one, one.address
        if self.volatile:
            one.volatile.add(self.fields["url"])
        return one

    def renew(self) -> None:
        """Forgets a server that has ended, with what it held in RAM."""
        if self.server is not None and not _helper.answers(self.server):
            self.server = self._client = None

    def below(self, path: str) -> Place:
        """Another node of the same tree, by its path from where this tree's address leads."""
        fields = {k: v for k, v in self.fields.items() if k not in ("url", "mode", "path", "handle")}
        return Place(self.fields["url"], self.fields["mode"], path, self.server, **fields)

    def copy(self, **options: Any) -> Place:
        """The same node, with other options."""
        one = self.below(self.path)
        if "handle" in self.fields:
            one.fields["handle"] = self.fields["handle"]
        one.fields.update(options)
        return one

    def __getstate__(self) -> tuple[dict[str, Any], str | None]:
        return self.fields, self.server

    def __setstate__(self, state: tuple[dict[str, Any], str | None]) -> None:
        (self.fields, self.server), self._client = state, None


_lock = threading.RLock()
_clients: dict[str, Client] = {}
_default: Client | None = None


def client(prefer: str | None = None) -> Client:
    """The client of this process: of the server that ``DOSNA_SERVER`` names, of one that a
    parent has started, of the one that the job's processes on this node share, or of one
    of its own, which is started. With prefer, of the server at that address if it is there
    and this process has none yet."""
    global _default
    one = _default
    if one is not None and not one.dead:
        return one
    with _lock:
        if _default is None or _default.dead:
            before = _default
            _default = _find(prefer)
            if before is not None:
                _default.volatile |= before.volatile if before.pid == os.getpid() and before.address == _default.address else set()
        return _default


def _find(prefer: str | None) -> Client:
    named = os.environ.get(_helper.SERVER)
    if named:
        return _known(named)
    for address in (prefer, os.environ.get(_helper.INHERITED)):
        if address:
            try:
                return _known(address)
            except base.ServerError:
                pass
    job = _helper.job()
    if job is not None:
        return _known(_helper.shared(job))
    try:
        helper = _helper.Helper()
    except (OSError, FileNotFoundError) as err:
        raise base.ServerError(str(err)) from err
    os.environ[_helper.INHERITED] = helper.address
    one = Client(helper.address, helper)
    _clients[helper.address] = one
    return one


def _known(address: str) -> Client:
    one = _clients.get(address)
    if one is None or one.dead:
        one = _clients[address] = Client(address)
    return one


def at(address: str) -> Client:
    """The client of the server at an address."""
    one = _clients.get(address)
    if one is not None and not one.dead:
        return one
    with _lock:
        return _known(address)


def shutdown() -> None:
    """Ends the server that this process has started, if it has. The next request starts
    another; what the old one held in RAM is gone, which nothing will tell."""
    global _default
    with _lock:
        for one in _clients.values():
            if not one.dead or one.helper is not None:
                one.close()
        _clients.clear()
        _default = None


def _before_fork() -> None:
    _lock.acquire()
    for one in _clients.values():
        one.segments.before_fork()


def _after_fork_in_parent() -> None:
    for one in _clients.values():
        one.segments.after_fork_in_parent()
    _lock.release()


def _after_fork_in_child() -> None:
    global _lock, _default
    _lock = threading.RLock()
    for one in _clients.values():
        one.abandon()
    _clients.clear()
    _default = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)

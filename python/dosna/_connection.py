"""Connections: what all engines have in common."""

from __future__ import annotations

from typing import Any

from . import _state
from ._client import Exists, NotFound, Place, request
from ._tree import Group, Node
from .backends.base import ConnectionError

_MODES = {"r": "r", "r+": "r+", "a": "a", "w-": "x", "x": "x"}


class Connection(Node):
    """An opened store, seen as a tree of groups and datasets.

    What name means is up to the backend: a store in RAM (``ram``), a directory in
    ``directory`` (``file``), a bucket (``s3``). A name with ``://`` in it is an address, whatever the
    backend: ``"s3://bucket/prefix?endpoint=https://host"``, ``"file:///data/pool"``.

    open_mode is ``"a"`` (the store is created if there is none), ``"r+"`` (it must exist), ``"r"``
    (nothing is changed) or ``"x"`` (there must be none).

    Every backend takes ``lazy=True`` to read parts of chunks without checking their
    checksums, ``threads=`` for the number of cores to use, ``durable=True`` for writes that
    survive a loss of power when they return, and ``allow=`` for addresses that links in the
    store may lead to.

    A connection that has not been connected connects itself when it is used. It may be
    used by any number of threads, after a fork, and pickled.

    >>> import dosna as dn
    >>> with dn.Connection("doc-connection", backend="ram") as con:
    ...     group = con.create_group("scan", {"sample": "A7"})
    ...     ds = group.create_dataset("raw", shape=(4, 6), dtype="i2", fillvalue=-1)
    ...     ds[:, 2] = 7
    ...     print(con["/scan/raw"][0], con.keys(), dict(con.get_group("scan").attrs))
    [-1 -1  7 -1 -1 -1] ['scan'] {'sample': 'A7'}
    """

    def __init__(self, name: str, open_mode: str = "a", *, backend: str | None = None, **options: Any):
        if open_mode not in _MODES:
            raise ValueError(f"open_mode {open_mode!r} is none of {', '.join(_MODES)}")
        self._mode = open_mode
        self._backend = _state.backend(backend)
        common = {k: options.pop(k) for k in ("lazy", "threads", "durable", "unsafe", "allow") if k in options}
        self._instance = self._backend.Connection(str(name), options)
        self._place = Place(self._instance.url, _MODES[open_mode], **common)
        self._connected = False

    @property
    def name(self) -> str:
        return self._instance.name

    @property
    def mode(self) -> str:
        """The mode in which it was opened."""
        return self._mode

    open_mode = mode

    @property
    def url(self) -> str:
        """The address of the store."""
        return self._instance.url

    @property
    def connected(self) -> bool:
        return self._connected

    @property
    def connection(self) -> Connection:
        return self

    @property
    def instance(self) -> Any:
        """What the backend knows of the connection: of ``s3`` there are ``client`` and ``bucket_name``."""
        return self._instance

    def connect(self) -> None:
        """Opens the store, which is created if the mode allows that."""
        if self._connected:
            self._instance.again()
            return
        self._place.renew()
        mode = self._place.fields["mode"]
        args = {"create": mode == "a", "new": mode == "x", "init": self._instance.makes_root and mode in ("a", "x")}
        try:
            request(self._place, "open", args)
        except (NotFound, Exists, PermissionError, ValueError, NotImplementedError) as err:
            raise ConnectionError(f"connect to {self.url}: {err}") from err
        self._connected = True

    def disconnect(self) -> None:
        """Ends the use of the store. What is in it stays, also in RAM."""
        self._connected = False

    def _ready(self) -> Place:
        if not self._connected:
            self.connect()
        return self._place

    def __enter__(self) -> Any:
        if not self._connected:
            self.connect()
        return self

    def __exit__(self, *exc: Any) -> None:
        self.disconnect()

    @property
    def root_group(self) -> Group:
        """The root as a group, which has attributes."""
        return self.get_group("/")

    @property
    def datasets(self) -> dict[str, Any]:
        """The datasets in the root, by name."""
        return {path.strip("/"): ds for path, ds in self.get_datasets().items()}

    def sync(self) -> None:
        """Makes everything written so far survive a loss of power."""
        request(self._at(""), "sync")

    def copy(self, source: str, to: str, connection: Connection | None = None, **options: Any) -> None:
        """Copies a node with everything below it, also to another connection. Options are
        ``chunks``, ``shards``, ``access``, ``codec``, ``checksum``, and ``follow`` for links."""
        args = {"path": to.strip("/"), **options}
        if connection is not None:
            connection._ready()
            args["url"] = connection.url
        request(self._at(self._find(source)), "copy", args)

    def move(self, source: str, to: str) -> None:
        """Renames a node."""
        request(self._at(self._find(source)), "move", {"to": to.strip("/")})

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._instance, name)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}: {self.url}, mode {self._mode!r}, {'connected' if self._connected else 'not connected'}>"

    def __eq__(self, other: object) -> bool:
        return self is other or isinstance(other, Connection) and type(self) is type(other) and self._place.fields == other._place.fields

    def __hash__(self) -> int:
        return hash(self.url)

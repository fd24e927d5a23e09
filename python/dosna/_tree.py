"""Connections, groups and links: what all engines have in common."""

from __future__ import annotations

import posixpath
from collections.abc import MutableMapping
from typing import Any, ClassVar, Iterator, Sequence

import numpy as np

from . import _dtype
from ._client import Exists, NotFound, Place, request
from ._dataset import Dataset, Lock
from .backends.base import (
    DatasetExistsError, DatasetNotFoundError, GroupExistsError, GroupNotFoundError, ParentDatasetError, ParentLinkError,
)

#: Arrays up to this size are one chunk where nobody says how large chunks are to be.
WHOLE = 16 << 20


def plain(value: Any) -> Any:
    """A value as JSON has it: NumPy's scalars and arrays become numbers and lists."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    raise TypeError(f"attributes hold what JSON can: texts, numbers, lists, mappings, None; not {type(value).__name__}")


class Attributes(MutableMapping):  # type: ignore[type-arg]
    """Attributes of a node: a mapping whose changes are stored at once. Concurrent changes
    of different attributes are all kept."""

    def __init__(self, place: Place, info: dict[str, Any]):
        self._place, self._info = place, info

    def _change(self, **args: Any) -> None:
        self._info["attrs"] = request(self._place, "attrs", args).ok

    def __getitem__(self, name: str) -> Any:
        return self._info["attrs"][name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._change(set={name: plain(value)})

    def __delitem__(self, name: str) -> None:
        if name not in self._info["attrs"]:
            raise KeyError(name)
        self._change(remove=[name])

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Sets several at once."""
        self._change(set=plain(dict(*args, **kwargs)))

    def replace(self, attrs: dict[str, Any]) -> None:
        """Sets these, and removes all others."""
        self._change(set=plain(attrs), replace=True)

    def clear(self) -> None:
        self._change(replace=True)

    def __iter__(self) -> Iterator[str]:
        return iter(self._info["attrs"])

    def __len__(self) -> int:
        return len(self._info["attrs"])

    def __repr__(self) -> str:
        return repr(self._info["attrs"])


class Node:
    """What has children: a connection (its root), or a group.

    Names are paths with ``/`` between their parts. Of a group, ``B/C`` is looked up from the
    group and ``/A/B`` from the root; what is created in it always lies in it.
    """

    Group: ClassVar[type[Group]]
    Dataset: ClassVar[type[Dataset]]
    Link: ClassVar[type[Link]]

    _place: Place
    _base = ""  # the group's own path, without a slash at its ends

    def _ready(self) -> Place:
        return self._place

    def _path(self, name: str) -> str:
        """The path of what is created under a name."""
        return posixpath.join(self._base, str(name).strip("/"))

    def _find(self, name: str) -> str:
        """The path of what is looked up under a name."""
        name = str(name)
        return name.strip("/") if name.startswith("/") else posixpath.join(self._base, name.strip("/"))

    def _at(self, path: str) -> Place:
        return self._ready().below(path.strip("/"))

    def _node(self, path: str, entry: bool = False) -> tuple[Place, dict[str, Any]]:
        place = self._at(path)
        return place, request(place, "node", {"entry": True} if entry else None).ok

    def _reaches(self, path: str) -> bool:
        """Whether a path from the root leads to somewhere below this group, or to what is linked
        to from there."""
        return True

    def _made(self, name: str, place: Place, info: dict[str, Any]) -> Any:
        if info["kind"] == "dataset":
            return self.Dataset(self, name, place, info)
        return self.Group(self, place, info)

    # Datasets.

    def create_dataset(
        self, name: str, shape: Sequence[int] | None = None, dtype: Any = np.float32, fillvalue: Any = 0, data: Any = None,
        chunk_size: Sequence[int] | None = None, *, shards: Sequence[int] | None = None, access: str = "", codec: str = "",
        checksum: str = "", attrs: dict[str, Any] | None = None, dimension_names: Sequence[str] | None = None, format: int = 0,
    ) -> Dataset:
        """Creates a dataset, of a shape and dtype or, with data (anything with ``shape``, ``dtype``
        and slicing), like that array and filled with it.

        chunk_size is the shape of chunks; without it, arrays up to 16 MiB are one chunk, and
        others are cut as access says: ``"boxes"``, ``"planes:0"`` for whole planes across an axis,
        ``"lines:2"``. shards gathers chunks in larger stored objects. codec compresses chunks
        (``"zstd:3"``, ``"gzip:6"``, ``"blosc:lz4:5:shuffle"``, ``"none"``), and checksum (``"crc32c"``
        or ``"none"``) guards them. dtype ``str`` or ``bytes`` are elements of any length.
        """
        if data is not None:
            if not hasattr(data, "shape"):
                data = np.asarray(data)
            shape, dtype = data.shape, data.dtype
            if dtype == object:
                dtype = bytes if any(isinstance(v, bytes) for v in np.asarray(data).flat) else str
        if shape is None:
            raise ValueError(f"create {name}: it needs a shape, or data")
        if isinstance(shape, (int, np.integer)):
            shape = (shape,)
        if isinstance(chunk_size, (int, np.integer)):
            raise TypeError("chunk_size is a tuple, with a length for each axis")
        spec: dict[str, Any] = {
            "shape": [int(n) for n in shape], "dtype": _dtype.text(dtype), "whole": WHOLE, "access": access, "codec": codec,
            "checksum": checksum, "format": format, "attrs": plain(attrs or {}),
        }
        if chunk_size is not None:
            spec["chunks"] = [max(int(n), 1) for n in chunk_size]
        if shards is not None:
            spec["shards"] = [int(n) for n in shards]
        if dimension_names is not None:
            spec["dimension_names"] = list(dimension_names)
        self._fill(spec, dtype, fillvalue)
        path = self._path(name)
        place = self._at(path)
        try:
            reply = request(place, "create-dataset", spec)
        except Exists as err:
            raise DatasetExistsError(str(name), str(err)) from err
        ds = self.Dataset(self, self._shown(name), place, reply.ok)
        if data is not None:
            try:
                ds.load(data)
            except BaseException:
                request(self._at(path), "delete")
                raise
        return ds

    @staticmethod
    def _fill(spec: dict[str, Any], dtype: Any, value: Any) -> None:
        if spec["dtype"] in ("string", "bytes"):
            if value not in (0, None):
                spec["fill_text"] = value.decode() if isinstance(value, bytes) else str(value)
            return
        if value is None or isinstance(value, (int, float)) and value == 0 and not np.signbit(value):
            return
        import base64

        try:
            dt = np.dtype(dtype)
        except TypeError:
            spec["fill_text"] = str(value)
            return
        spec["fill"] = base64.b64encode(np.array(value).astype(dt.newbyteorder("=")).tobytes()).decode()

    def _shown(self, name: str) -> str:
        return str(name)

    def get_dataset(self, name: str) -> Dataset:
        """The dataset of that name; `DatasetNotFoundError` if there is none."""
        path = self._find(name)
        try:
            place, info = self._node(path)
        except NotFound as err:
            raise DatasetNotFoundError(str(name), f"Dataset `{name}` does not exist: {err}") from err
        if info["kind"] != "dataset" or not self._reaches(path):
            raise DatasetNotFoundError(str(name))
        return self.Dataset(self, self._shown(name), place, info)

    def has_dataset(self, name: str) -> bool:
        """Whether there is a dataset of that name."""
        try:
            return self._node(self._find(name))[1]["kind"] == "dataset"
        except NotFound:
            return False

    def del_dataset(self, name: str) -> None:
        """Deletes a dataset, with all its chunks."""
        path = self._find(name)
        try:
            _, info = self._node(path, entry=True)
        except NotFound as err:
            raise DatasetNotFoundError(str(name), f"Dataset `{name}` does not exist: {err}") from err
        if info["kind"] != "dataset":
            raise DatasetNotFoundError(str(name))
        self._owns(path, str(name))
        request(self._at(path), "delete")

    def _owns(self, path: str, name: str) -> None:
        """Raises an error if what is at a path is not below this group."""

    # Groups.

    def create_group(self, path: str, attrs: dict[str, Any] | None = None) -> Group:
        """Creates a group, and the groups above it that are missing."""
        where = self._path(path)
        if not where:
            raise GroupExistsError(str(path))
        place = self._at(where)
        try:
            info = request(place, "create-group", {"attrs": plain(attrs or {})}).ok
        except Exists as err:
            raise GroupExistsError(str(path), f"Group `{path}` already exists: {err}") from err
        return self.Group(self, place, info)

    def require_group(self, path: str) -> Group:
        """The group of that name, which is created if there is none."""
        place = self._at(self._path(path))
        return self.Group(self, place, request(place, "create-group", {"require": True}).ok)

    def get_group(self, path: str) -> Group:
        """The group of that name; `GroupNotFoundError` if there is none."""
        where = self._find(path)
        try:
            place, info = self._node(where)
        except NotFound as err:
            raise GroupNotFoundError(str(path), f"Group `{path}` does not exist: {err}") from err
        if info["kind"] != "group" or not self._reaches(where):
            raise GroupNotFoundError(str(path))
        return self.Group(self, place, info)

    def has_group(self, path: str) -> bool:
        """Whether there is a group of that name."""
        try:
            return self._node(self._find(path))[1]["kind"] == "group"
        except NotFound:
            return False

    has_group_object = has_group

    def del_group(self, path: str) -> None:
        """Deletes a group, with everything in it but what is only linked to."""
        where = self._find(path)
        try:
            _, info = self._node(where, entry=True)
        except NotFound as err:
            raise GroupNotFoundError(str(path), f"Group `{path}` does not exist: {err}") from err
        if info["kind"] != "group" or not where:
            raise GroupNotFoundError(str(path))
        request(self._at(where), "delete")

    # Members.

    def _children(self, recurse: bool = False) -> list[dict[str, Any]]:
        return request(self._at(self._base), "children", {"recurse": recurse}).ok

    def keys(self) -> list[str]:
        """The names of groups, datasets and links directly in here."""
        return [c["name"] for c in self._children()]

    def items(self) -> list[tuple[str, Any]]:
        """Names and what they stand for; a link that leads nowhere is None."""
        out = []
        for c in self._children():
            path = posixpath.join(self._base, c["name"])
            info = c.get("node")
            if info is None or info["kind"] == "link":
                out.append((c["name"], self._lookup(path)))
            else:
                name = self._shown("/" + path if self._base else c["name"])
                out.append((c["name"], self._made(name, self._at(path), info)))
        return out

    def values(self) -> list[Any]:
        return [v for _, v in self.items()]

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self._children())

    def __bool__(self) -> bool:
        return True

    def _lookup(self, path: str, name: str | None = None) -> Any:
        try:
            place, info = self._node(path)
        except NotFound:
            return None
        return self._made(self._shown(path if name is None else name), place, info)

    def __getitem__(self, name: str) -> Any:
        """The group or dataset of that name, or None."""
        path = self._find(name)
        found = self._lookup(path, name)
        return found if found is not None and self._reaches(path) else None

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and request(self._at(self._find(name)), "has").ok

    def visit_objects(self) -> list[tuple[str, str]]:
        """The paths, from here, and kinds (group, dataset, link) of everything below."""
        return [(c["name"], c["node"]["kind"]) for c in self._children(recurse=True) if "node" in c]

    def tree(self) -> str:
        """What is in here, as text."""
        lines = []
        for c in self._children(recurse=True):
            depth = c["name"].count("/")
            info = c.get("node", {"kind": "?"})
            about = {"dataset": lambda: f"  {tuple(info['shape'])} {info['dtype']}", "link": lambda: f" -> {info['target']}"}.get(info["kind"], lambda: "/")()
            lines.append("  " * depth + posixpath.basename(c["name"]) + about)
        return "\n".join(lines)

    # Links.

    def create_link(self, path: str) -> bool:
        """Links to the group or dataset at a path from the root; False if there is nothing."""
        target = str(path).strip("/")
        if not request(self._at(target), "has").ok:
            return False
        name = posixpath.basename(target) or "root"
        for suffix in ("", *(f"-{n}" for n in range(2, 1000))):
            place = self._at(posixpath.join(self._base, name + suffix))
            try:
                request(place, "create-link", {"target": posixpath.relpath("/" + target, "/" + self._base)})
                return True
            except Exists:
                if ("/" + target) in self._link_nodes():
                    return True
        return False

    def _link_nodes(self) -> dict[str, str]:
        """The links directly in here: the path that each leads to, and its own name."""
        out = {}
        for c in self._children():
            info = c.get("node")
            if info is not None and info["kind"] == "link":
                target = info["target"]
                if "://" not in target:
                    target = "/" + posixpath.normpath(posixpath.join("/", self._base, target)).strip("/")
                out[target] = c["name"]
        return out

    def get_links(self) -> dict[str, Link]:
        """The groups in here, and those that are linked to, by their paths."""
        out = {}
        for c in self._children():
            info = c.get("node")
            path = "/" + posixpath.join(self._base, c["name"])
            if info is not None and info["kind"] == "group":
                out[path] = self.Link(self, path)
        for target in self._link_nodes():
            if not self.has_dataset(target):
                out[target] = self.Link(self, target)
        return out

    @property
    def links(self) -> dict[str, Link]:
        """The groups in here, and those that are linked to, by name."""
        return {posixpath.basename(path): link for path, link in self.get_links().items()}

    def del_link(self, path: str) -> bool:
        """Removes the link to a path; False if there is nothing at the path."""
        target = "/" + str(path).strip("/")
        nodes = self._link_nodes()
        if target in nodes:
            request(self._at(posixpath.join(self._base, nodes[target])), "delete")
            return True
        try:
            _, info = self._node(target)
        except NotFound:
            return False
        if posixpath.dirname(target).strip("/") == self._base:
            raise ParentLinkError("/" + self._base, target)
        raise (DatasetNotFoundError if info["kind"] == "dataset" else GroupNotFoundError)(target, f"{target} is not linked to from /{self._base}")

    def get_datasets(self) -> dict[str, Any]:
        """The datasets in here, and those that are linked to, by their paths; None for a link to
        one that is no more."""
        out: dict[str, Any] = {}
        for c in self._children():
            info = c.get("node")
            path = posixpath.join(self._base, c["name"])
            if info is not None and info["kind"] == "dataset":
                out["/" + path] = self.Dataset(self, self._shown("/" + path), self._at(path), info)
        for target in self._link_nodes():
            found = self._lookup(target)
            if found is None or isinstance(found, Dataset):
                out[target] = found
        return out

    def verify(self) -> dict[str, Any]:
        """Reads everything that is stored here and below, and checks it: how many ``nodes``,
        ``datasets``, ``objects`` and ``bytes`` there are, how many are lost (``losses``), and
        what was found (``findings``)."""
        return request(self._at(self._base), "verify-tree").ok

    def lock(self, shared: bool = False, wait: float | None = None, ttl: float = 30, note: str = "") -> Lock:
        """A lock on this node alone; see `Dataset.lock`."""
        return Lock(None, self._at(self._base), shared, wait, ttl, note)


class Group(Node):
    """A group of groups and datasets, with attributes."""

    def __init__(self, parent: Node, place: Place, info: dict[str, Any]):
        self._parent, self._place, self._info = parent, place, info
        self._base = place.path.strip("/")

    @property
    def name(self) -> str:
        """The path from the root: ``"/A/B"``."""
        return "/" + self._base

    @property
    def path(self) -> str:
        return self.name

    @property
    def absolute_path(self) -> str:
        return self.name

    def get_absolute_path(self) -> str:
        return self.name

    @property
    def parent(self) -> Node:
        return self._parent

    @property
    def connection(self) -> Any:
        """The connection that the group is in."""
        node: Any = self._parent
        while isinstance(node, Group):
            node = node._parent
        return node

    @property
    def instance(self) -> Group:
        return self

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} in {self._info['tree']}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Group) and (self._info["tree"], self._info["path"]) == (other._info["tree"], other._info["path"])

    def __hash__(self) -> int:
        return hash((self._info["tree"], self._info["path"]))

    def _shown(self, name: str) -> str:
        name = str(name)
        return name if name.startswith("/" + self._base + "/") else "/" + self._find(name)

    def _path(self, name: str) -> str:
        return posixpath.join(self._base, str(name).strip("/"))

    def _reaches(self, path: str) -> bool:
        path = "/" + path.strip("/")
        seen: set[str] = set()
        ways = [self.name]
        while ways:
            way = ways.pop()
            if way in seen:
                continue
            seen.add(way)
            if path == way or path.startswith(way.rstrip("/") + "/"):
                return True
            try:
                group = Group(self, self._at(way), {"tree": "", "path": way, "attrs": {}})
                below = group._children(recurse=True)
            except (NotFound, ValueError):
                continue
            for c in below:
                info = c.get("node")
                if info is not None and info["kind"] == "link" and "://" not in info["target"]:
                    here = posixpath.dirname(posixpath.join(way, c["name"]))
                    ways.append("/" + posixpath.normpath(posixpath.join(here, info["target"])).strip("/"))
        return False

    def _owns(self, path: str, name: str) -> None:
        path = "/" + path.strip("/")
        if path.startswith(self.name.rstrip("/") + "/"):
            return
        if self._reaches(path):
            raise ParentDatasetError(self.name, name)
        raise DatasetNotFoundError(name)

    def del_dataset(self, name: str) -> None:
        """Deletes a dataset of this group; `ParentDatasetError` if it is only linked to."""
        target = "/" + self._find(name)
        if target not in self._link_nodes():
            entry = self._find(name)
            try:
                if self._node(entry, entry=True)[1]["kind"] != "link":
                    super().del_dataset(name)
                    return
            except NotFound as err:
                raise DatasetNotFoundError(str(name), f"Dataset `{name}` does not exist: {err}") from err
        raise ParentDatasetError(self.name, str(name))

    # Attributes.

    @property
    def attrs(self) -> Attributes:
        """The attributes: a mapping of names to what JSON can hold. Changing it stores it."""
        return Attributes(self._place, self._info)

    def get_attrs(self) -> dict[str, Any]:
        """The attributes of now."""
        self._info = request(self._place, "node").ok
        return dict(self._info["attrs"])

    def set_attrs(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Replaces all attributes, and returns them."""
        self.attrs.replace(attrs)
        return dict(self._info["attrs"])

    get_metadata = get_attrs

    def add_metadata(self, metadata: dict[str, Any]) -> None:
        """Sets attributes, and keeps the others."""
        self.attrs.update(metadata)

    def has_metadata(self) -> bool:
        """Whether there are attributes."""
        return bool(self.get_attrs())

    def del_metadata(self) -> None:
        """Removes all attributes."""
        self.attrs.clear()

    def delete(self) -> None:
        """Deletes the group, with everything in it."""
        self.connection.del_group(self.name)


class Link:
    """A way from a group to another one, in it or linked to."""

    def __init__(self, group: Node, path: str):
        self._group, self._path = group, path

    @property
    def source(self) -> str:
        """The path of the group in which the link is."""
        return "/" + self._group._base

    @property
    def target(self) -> str | None:
        """The path of what it leads to; None while there is nothing."""
        return self._path if request(self._group._at(self._path), "has").ok else None

    @property
    def name(self) -> str:
        return f"{self.source}->{self._path}"

    @property
    def instance(self) -> Link:
        return self

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


Node.Group, Node.Dataset, Node.Link = Group, Dataset, Link

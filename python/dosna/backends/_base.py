"""What backends have in common."""

from __future__ import annotations

from typing import Any

from .._dataset import DataChunk, Dataset
from .._state import Backend


class BackendConnection:
    """What a backend makes of the name and the options of a connection: an address."""

    #: Options and what they are without being given.
    OPTIONS: dict[str, Any] = {}
    #: Whether connecting makes what a store's root needs, such as a bucket.
    makes_root = False

    def __init__(self, name: str, options: dict[str, Any]):
        unknown = sorted(set(options) - set(self.OPTIONS))
        if unknown:
            raise TypeError(f"the backend has no option {', '.join(unknown)}, only {', '.join(self.OPTIONS) or 'none'}")
        self.options = {**self.OPTIONS, **options}
        self.name = name
        self.url = name if "://" in name else self.address()

    def address(self) -> str:
        raise NotImplementedError

    def again(self) -> None:
        """Is called when a connection is connected that is connected already."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"a connection has no attribute {name!r}")

    def __reduce__(self) -> Any:
        return type(self), (self.name, {k: v for k, v in self.options.items() if k in self.OPTIONS})


def backend(name: str, connection: type[BackendConnection]) -> Backend:
    return Backend(name, connection, Dataset, DataChunk)

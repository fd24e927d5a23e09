"""The exceptions of DosNa. Each has the text in ``.message``."""

from __future__ import annotations

from typing import Any

__all__ = [
    "ConnectionError", "DatasetExistsError", "DatasetNotFoundError", "GroupExistsError", "GroupNotFoundError",
    "IndexOutOfRangeError", "ParentLinkError", "DosnaError", "CorruptError", "ConflictError", "UnknownOutcomeError",
    "LockedError", "LockLostError", "ServerError", "ParentDatasetError",
]


class DosnaError(Exception):
    """Anything that goes wrong with a store or its server."""

    def __init__(self, message: str = ""):
        super().__init__(message)
        self.message = str(message)

    def __reduce__(self) -> Any:
        return _again, (type(self), self.message)


def _again(kind: type[DosnaError], message: str) -> DosnaError:
    """The exception that another process has raised."""
    err = kind.__new__(kind)
    DosnaError.__init__(err, message)
    return err


class ConnectionError(DosnaError):  # noqa: A001 - the name that users know
    """A store that cannot be reached or opened, or is used in a way that its mode forbids."""


class ServerError(ConnectionError):
    """The server of this process has ended, or cannot be reached."""


class CorruptError(DosnaError):
    """Stored bytes are damaged."""


class ConflictError(DosnaError):
    """Somebody else kept changing the same object."""


class UnknownOutcomeError(DosnaError):
    """A change that may have been made or not: a reply was lost."""


class LockedError(DosnaError):
    """Others hold the lock, or wait for it."""


class LockLostError(DosnaError):
    """A lock that ended before it was released."""


class DatasetExistsError(DosnaError):
    """There is a node of that name already."""

    def __init__(self, dataset: str, message: str | None = None):
        super().__init__(message or f"Dataset `{dataset}` already exists")


class DatasetNotFoundError(DosnaError):
    """There is no such dataset."""

    def __init__(self, dataset: str, message: str | None = None):
        super().__init__(message or f"Dataset `{dataset}` does not exist")


class GroupExistsError(DosnaError):
    """There is a node of that name already."""

    def __init__(self, group: str, message: str | None = None):
        super().__init__(message or f"Group `{group}` already exists")


class GroupNotFoundError(DosnaError):
    """There is no such group."""

    def __init__(self, group: str, message: str | None = None):
        super().__init__(message or f"Group `{group}` does not exist")


class ParentLinkError(DosnaError):
    """What is in a group cannot be unlinked from it, only deleted."""

    def __init__(self, parent: str, link: str):
        super().__init__(f"`{link}` is in `{parent}` itself, and not linked to: delete it instead")


class ParentDatasetError(DosnaError):
    """A dataset can be deleted only through the group that it is in."""

    def __init__(self, parent: str, dataset: str):
        super().__init__(f"`{dataset}` is not in `{parent}`, only linked to: delete it where it is, or remove the link")


class IndexOutOfRangeError(DosnaError):
    """Coordinates that no chunk has."""

    def __init__(self, idx: object, max_idx: object):
        super().__init__(f"Chunk index {idx} is out of range: the last one is {max_idx}")

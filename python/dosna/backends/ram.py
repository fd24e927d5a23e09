"""Stores in the memory of the server.

They live as long as the server does: what one connection has stored, the next one finds.
Processes that use the same server share them.
"""

from __future__ import annotations

from urllib.parse import quote

from ._base import BackendConnection, backend


class RamConnection(BackendConnection):
    """A store in RAM. Names that differ only in case, or in ``-`` and ``_``, are of one store,
    as they are of one bucket."""

    OPTIONS = {"directory": "."}

    def address(self) -> str:
        return "mem://" + (quote(self.name.lower().replace("_", "-"), safe="") or "-")


BACKEND = backend("ram", RamConnection)

"""Stores in directories."""

from __future__ import annotations

import os

from ._base import BackendConnection, backend


class FileConnection(BackendConnection):
    """The directory called name in ``directory``, which must exist."""

    OPTIONS = {"directory": "."}

    def address(self) -> str:
        return os.path.abspath(os.path.join(os.fspath(self.options["directory"]), self.name))


BACKEND = backend("file", FileConnection)

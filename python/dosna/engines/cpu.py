"""The engine that calls Python functions on one chunk after the other."""

from __future__ import annotations

from typing import Any

from .base import EngineConnection, EngineDataChunk, EngineDataset, EngineGroup, EngineLink

#: Settings: there are none.
PARAMS: dict[str, Any] = {}


class CpuLink(EngineLink):
    pass


class CpuDataChunk(EngineDataChunk):
    pass


class CpuDataset(EngineDataset):
    DataChunk = CpuDataChunk


class CpuGroup(EngineGroup):
    Dataset, Link = CpuDataset, CpuLink


class CpuConnection(EngineConnection):
    Dataset, Link, Group = CpuDataset, CpuLink, CpuGroup


CpuGroup.Group = CpuGroup
CLASSES = (CpuConnection, CpuDataset, CpuDataChunk)

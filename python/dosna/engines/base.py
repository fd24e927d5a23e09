"""What engines have in common."""

from .._connection import Connection as EngineConnection
from .._dataset import DataChunk as EngineDataChunk
from .._dataset import Dataset as EngineDataset
from .._tree import Group as EngineGroup
from .._tree import Link as EngineLink
from ..backends.base import ParentDatasetError

__all__ = ["EngineConnection", "EngineDataChunk", "EngineDataset", "EngineGroup", "EngineLink", "ParentDatasetError"]

"""Element types: NumPy's, as the server has them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np


def parse(description: Any, data_type: Any, item: int) -> np.dtype:
    """The NumPy type of a dataset. Types that NumPy has not come from ml_dtypes if that is
    installed, and are raw bytes else; texts and bytes of any length are objects."""
    if isinstance(description, str):
        return np.dtype(description)
    if isinstance(description, list):
        return np.dtype(_fields(description))
    if item == 0:
        return np.dtype(object)
    name = data_type if isinstance(data_type, str) else ""
    try:
        import ml_dtypes

        return np.dtype(getattr(ml_dtypes, name))
    except (ImportError, AttributeError):
        return np.dtype(f"V{item}")


def _fields(description: list[Any]) -> list[Any]:
    return [(name, _fields(t) if isinstance(t, list) else t, *map(tuple, shape)) for name, t, *shape in description]


def text(dtype: Any) -> str:
    """What the server is told of the type that is asked for.

    >>> text(np.float32), text(">i2"), text(str), text([("x", "<f4")])
    ('<f4', '>i2', 'string', '[["x", "<f4"]]')
    """
    if dtype is str or isinstance(dtype, str) and dtype in ("string", "str"):
        return "string"
    if dtype is bytes or isinstance(dtype, str) and dtype == "bytes":
        return "bytes"
    try:
        dt = np.dtype(dtype)
    except TypeError:
        if isinstance(dtype, str):  # one that only the server knows
            return dtype
        raise
    if dt.kind == "T":
        return "string"
    if dt == object:
        raise TypeError("dtype object is not stored; texts of any length are dtype=str, bytes are dtype=bytes")
    if dt.names is not None:
        return json.dumps(_descr(dt))
    if dt.kind == "V" and dt.name in ("bfloat16", "int4", "uint4", "int2", "uint2") or dt.name.startswith("float") and dt.kind == "V":
        return dt.name
    if dt.kind in "US" and dt.itemsize == 0:
        return "string" if dt.kind == "U" else "bytes"
    return dt.str


def _descr(dt: np.dtype) -> list[Any]:
    out: list[Any] = []
    for name in dt.names or ():
        field = dt.fields[name][0]
        shape = field.shape
        kind = _descr(field.base) if field.base.names is not None else field.base.str
        out.append([name, kind, list(shape)] if shape else [name, kind])
    return out


def pack(values: np.ndarray) -> tuple[bytes, int]:
    """Texts or bytes of any length, as the protocol has them: where each ends, and all of them."""
    items = [v if isinstance(v, bytes) else str(v).encode() for v in values.ravel().tolist()]
    ends = np.cumsum([len(i) for i in items], dtype=np.int64) if items else np.zeros(0, np.int64)
    return ends.tobytes() + b"".join(items), len(items)


def unpack(data: np.ndarray | None, count: int, shape: tuple[int, ...], is_text: bool) -> np.ndarray:
    """The opposite of pack: an array of objects."""
    out = np.empty(count, object)
    if count and data is not None:
        raw = data.tobytes()
        ends = np.frombuffer(raw, np.int64, count).tolist()
        begin, base = 0, 8 * count
        for i, end in enumerate(ends):
            item = raw[base + begin : base + end]
            out[i] = item.decode() if is_text else item
            begin = end
    return out.reshape(shape)

"""Selections, as the protocol has them."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

Selection = tuple[list[Any], bytes]


def encode(key: Any) -> Selection:
    """Takes apart what stands between the brackets of ``ds[key]``: NumPy's indexing with
    integers, slices, ``...``, ``None``, lists, integer arrays and boolean masks.

    >>> encode((3, slice(None, 10, 2), ...))
    ([3, [None, 10, 2], '...'], b'')
    """
    if not isinstance(key, tuple):
        key = (key,)
    items: list[Any] = []
    arrays: list[bytes] = []
    for k in key:
        if isinstance(k, slice):
            items.append([None if v is None else operator.index(v) for v in (k.start, k.stop, k.step)])
        elif k is Ellipsis:
            items.append("...")
        elif k is None:
            items.append(None)
        elif isinstance(k, (bool, np.bool_)):
            raise IndexError("a single boolean selects nothing of an array's axes; use a mask")
        elif isinstance(k, (int, np.integer)):
            items.append(int(k))
        else:
            _array(k, items, arrays)
    return items, b"".join(arrays)


def _array(k: Any, items: list[Any], arrays: list[bytes]) -> None:
    try:
        items.append(operator.index(k))
        return
    except TypeError:
        pass
    if isinstance(k, (str, bytes)):
        raise IndexError(f"{k!r} is not an index")
    a = np.asarray(k)
    if a.dtype == bool:
        items.append({"mask": list(a.shape)})
        arrays.append(a.tobytes())
    elif a.size == 0 and not isinstance(k, np.ndarray):
        items.append({"ints": list(a.shape)})
    elif a.dtype.kind in "iu":
        items.append({"ints": list(a.shape)})
        arrays.append(a.astype(np.int64, order="C").tobytes())
    else:
        raise IndexError(f"arrays of {a.dtype} are no indices; integers and booleans are")


def box(key: Any, shape: tuple[int, ...]) -> tuple[list[slice], list[int]]:
    """One slice per axis, clipped and with steps of 1, and the axes that integers drop.

    >>> box((2, slice(-3, None)), (5, 10, 7))
    ([slice(2, 3, 1), slice(7, 10, 1), slice(0, 7, 1)], [0])
    """
    if not isinstance(key, tuple):
        key = (key,)
    if sum(k is Ellipsis for k in key) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    if len(key) - (Ellipsis in [k if k is Ellipsis else 0 for k in key]) > len(shape):
        raise IndexError(f"too many indices: the dataset has {len(shape)} axes, and {len(key)} were indexed")
    if not any(k is Ellipsis for k in key):
        key = (*key, Ellipsis)
    at = next(i for i, k in enumerate(key) if k is Ellipsis)
    key = key[:at] + (slice(None),) * (len(shape) - len(key) + 1) + key[at + 1 :]
    slices, dropped = [], []
    for axis, (k, n) in enumerate(zip(key, shape)):
        if isinstance(k, slice):
            start, stop, step = k.indices(n)
            if step != 1:
                raise IndexError("steps other than 1 are no box")
            slices.append(slice(start, max(start, stop), 1))
        else:
            i = operator.index(k)
            if not -n <= i < n:
                raise IndexError(f"index {i} is out of bounds for axis {axis} with size {n}")
            i += n if i < 0 else 0
            slices.append(slice(i, i + 1, 1))
            dropped.append(axis)
    return slices, dropped

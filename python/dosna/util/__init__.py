"""Small things that programs with DosNa use."""

from __future__ import annotations

import ast
import time
from collections import namedtuple
from typing import Any, Sequence

import numpy as np

_SEP = "::"


class Timer:
    """Measures and prints how long a block takes; ``time`` is in seconds.

    >>> t = Timer("sum")
    >>> with t:
    ...     _ = sum(range(10))  # doctest: +ELLIPSIS
    sum: ... s
    >>> t.time < 10
    True
    """

    def __init__(self, name: str = ""):
        self.name, self.time = name, 0.0

    def __enter__(self) -> Timer:
        self._began = time.perf_counter()
        return self

    def __exit__(self, *exc: Any) -> None:
        self.time = time.perf_counter() - self._began
        print(f"{self.name}: {self.time:.6f} s")


def named_module(name: str, *fields: str) -> Any:
    """A named tuple type whose first field is its name."""
    return namedtuple(name, ("name", *fields))


def shape2str(shape: Sequence[int], sep: str = _SEP) -> str:
    """
    >>> shape2str((2, 3))
    '2::3'
    """
    return sep.join(map(str, shape))


def str2shape(text: str, sep: str = _SEP) -> tuple[int, ...]:
    """
    >>> str2shape("2::3")
    (2, 3)
    """
    return tuple(int(n) for n in text.split(sep) if n)


def dict2str(values: dict[Any, Any]) -> str:
    """
    >>> dict2str({"a": 1})
    "{'a': 1}"
    """
    return str(values)


def str2dict(text: str) -> dict[Any, Any]:
    """
    >>> str2dict("{'a': 1}")
    {'a': 1}
    """
    return ast.literal_eval(text)


def dtype2str(dtype: Any) -> str:
    """
    >>> dtype2str(np.float32)
    '<f4'
    """
    return np.dtype(dtype).str

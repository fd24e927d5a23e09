"""Progress bars, on terminals and where tqdm is installed."""

from __future__ import annotations

import sys
import time
from typing import Any, Iterable, Iterator

#: Work that takes less than so many seconds shows no bar.
DELAY = 1.0


def _tqdm(total: int | None, what: str) -> Any:
    if not sys.stderr.isatty():
        return None
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return None
    return tqdm(total=total, desc=what.strip(), leave=False, delay=0)


def over(items: Iterable[Any], total: int, what: str) -> Iterator[Any]:
    """Passes items on, with a bar of how many of total have been."""
    began, shown = time.monotonic(), None
    try:
        for done, item in enumerate(items):
            if shown is not None:
                shown.update(1)
            elif done and time.monotonic() - began > DELAY:
                shown = _tqdm(total, what)
                if shown is None:
                    began = float("inf")
                else:
                    shown.update(done)
            yield item
    finally:
        if shown is not None:
            shown.close()


class bar:
    """A bar that the server moves: a function of what is done and of the total."""

    def __init__(self, what: str):
        self.what, self._bar, self._began = what, None, time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        if self._bar is None:
            if time.monotonic() - self._began < DELAY:
                return
            self._bar = _tqdm(total, self.what)
            if self._bar is None:
                self._began = float("inf")
                return
        self._bar.total = total
        self._bar.update(done - self._bar.n)

    def __enter__(self) -> bar:
        return self

    def __exit__(self, *exc: Any) -> None:
        if self._bar is not None:
            self._bar.close()

"""Let Python's garbage collector look less often while a notebook is saved.

A save makes hundreds of thousands of objects at once, none of which is garbage before its end; with
the usual thresholds the collector walks all of them again and again, a seventh of a save's time.
Reference counting goes on as ever. What does become garbage meanwhile is still collected, later.
"""

from __future__ import annotations

import gc
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_NEW_OBJECTS: Final = 1_000_000
"""Containers made, less those freed, before the collector looks: some 100 MB."""

_lock = threading.Lock()
_saves = 0
_usual: tuple[int, int, int] | None = None


@contextmanager
def collecting_rarely() -> Iterator[None]:
    """Raise the collector's threshold while this or another save is under way.

    A collector that somebody turned off, or made rarer than this, is left alone.
    """
    _begin()
    try:
        yield
    finally:
        _end()


def _begin() -> None:
    global _saves, _usual  # noqa: PLW0603 - the collector is one a process
    with _lock:
        _saves += 1
        first, second, third = gc.get_threshold()
        if _saves == 1 and 0 < first < _NEW_OBJECTS:
            _usual = (first, second, third)
            gc.set_threshold(_NEW_OBJECTS, second, third)


def _end() -> None:
    global _saves, _usual  # noqa: PLW0603 - as above
    with _lock:
        _saves -= 1
        if _saves == 0 and _usual is not None:
            gc.set_threshold(*_usual)
            _usual = None

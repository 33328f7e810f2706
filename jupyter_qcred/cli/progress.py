"""Say on the terminal how far something is that takes its time."""

from __future__ import annotations

import threading
import time
from typing import IO, TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Callable

_PATIENCE: Final = 1.0
_EVERY: Final = 0.2


class Progress:
    """One line on a terminal, after a second, gone when it is left; elsewhere nothing."""

    def __init__(self, stream: IO[str], now: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._now = now
        self._shown = stream.isatty()
        self._lock = threading.Lock()
        self._next = now() + _PATIENCE
        self._drawn = False

    def __call__(self, doing: str, done: int, of: int) -> None:
        """Show it, if it is time to."""
        with self._lock:
            if not self._shown or (now := self._now()) < self._next:
                return
            self._next = now + _EVERY
            self._drawn = True
            self._stream.write(f"\r\033[K{done:,} of {of:,} {doing} …")
            self._stream.flush()

    def clear(self) -> None:
        """Take the line away."""
        if self._drawn:
            self._stream.write("\r\033[K")
            self._stream.flush()
            self._drawn = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.clear()

"""Say on the terminal how far a long scan is."""

from __future__ import annotations

import time
from typing import IO, TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from .work import Outcome

_PATIENCE: Final = 1.0
_EVERY: Final = 0.2


class Progress:
    """One line on a terminal, after a second, gone when it is left; elsewhere nothing."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._shown = stream.isatty()
        self._next = time.monotonic() + _PATIENCE
        self._drawn = False

    def __call__(self, outcome: Outcome) -> None:
        """Show it, if it is time to."""
        if not self._shown or (now := time.monotonic()) < self._next:
            return
        self._next = now + _EVERY
        self._drawn = True
        looked = outcome.texts + outcome.skipped
        size = outcome.size / 1e6
        words = f"{looked:,} files, {size:,.0f} MB, {len(outcome.hits):,} findings"
        self._stream.write(f"\r\033[K{words} …")
        self._stream.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._drawn:
            self._stream.write("\r\033[K")
            self._stream.flush()

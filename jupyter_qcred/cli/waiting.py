"""Say on the terminal what is waited for, when nobody knows how long."""

from __future__ import annotations

import threading
from typing import IO, Final, Self

_PATIENCE: Final = 1.0
_EVERY: Final = 0.2


class Waiting:
    """One line on a terminal, after a second, gone when it is left; elsewhere nothing.

    Args:
        stream: where people look.
        what: is being done.
    """

    def __init__(self, stream: IO[str], what: str) -> None:
        self._stream = stream
        self._what = what
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._drawn = ""

    def __call__(self, what: str) -> None:
        """Something else is being done now."""
        self._what = what

    def _draw(self) -> None:
        # The first pause is the second in which nobody wonders.
        pause = _PATIENCE
        while not self._over.wait(pause):
            pause = _EVERY
            if self._what != self._drawn:
                self._drawn = self._what
                self._write(f"\r\033[K{self._drawn} …")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()

    def __enter__(self) -> Self:
        if self._stream.isatty():
            self._thread = threading.Thread(target=self._draw, name="qcred-waiting", daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()
        if self._drawn:
            self._write("\r\033[K")

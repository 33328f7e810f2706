"""When OpenBao could be reached, and when not."""

from __future__ import annotations

import threading
import time


class Weather:
    """Counts what is in the way between the Jupyter server and OpenBao; safe for threads.

    Times are seconds since 1970.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._since: float | None = None
        self._past: list[tuple[float, float]] = []
        self._causes: set[str] = set()

    def worse(self, cause: str) -> None:
        """Something is in the way from now on."""
        with self._lock:
            self._causes.add(cause)
            if self._since is None:
                self._since = time.time()

    def better(self, cause: str) -> None:
        """It is not any more."""
        with self._lock:
            self._causes.discard(cause)
            if not self._causes and self._since is not None:
                self._past.append((self._since, time.time()))
                self._since = None

    @property
    def causes(self) -> frozenset[str]:
        """What is in the way now."""
        with self._lock:
            return frozenset(self._causes)

    def clear_after(self, moment: float) -> float | None:
        """The first moment from ``moment`` on at which nothing was in the way; None: not yet."""
        with self._lock:
            if self._since is not None and self._since <= moment:
                return None
            return next((end for begin, end in self._past if begin <= moment < end), moment)

    def clear_between(self, begin: float, end: float) -> bool:
        """Whether nothing was in the way in all that time."""
        with self._lock:
            if self._since is not None and self._since < end:
                return False
            return not any(since < end and begin < until for since, until in self._past)

"""How long others wait while a large notebook is saved: the server has one event loop.

A heartbeat is due at a fixed pace. One that comes while another still waits is not sent, since it
would only queue up behind it, but it counts: whoever came at that moment would have waited until
the answer too. So a stall of three seconds is as many long waits as a person would have had.
"""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING, Final, Self

from .figures import Figure
from .saving import PATH, of_two_sizes

if TYPE_CHECKING:
    from .saving import Desk
    from .stage import Host

_PACE: Final = 0.01
"""Seconds between two heartbeats."""

_HEARTBEAT: Final = "api/me"
_PERCENTILE: Final = 0.99

_FIGURES: Final = (
    Figure("99th percentile", unit="ms", added=50),
    Figure("longest", unit="ms"),
    Figure("median", unit="ms"),
)


class Heartbeat:
    """Asks a server for something small at a fixed pace, in a thread and a connection of its own.

    Attributes:
        waits: seconds that each heartbeat waited for its answer.
    """

    def __init__(self, host: Host) -> None:
        self.waits: list[float] = []
        self._browser = host.browser.another()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._failure: Exception | None = None

    def __enter__(self) -> Self:
        self._browser.send("GET", _HEARTBEAT, None)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._browser.close()
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            due = time.perf_counter()
            stopped = False
            while not stopped:
                self._browser.send("GET", _HEARTBEAT, None)
                answered = time.perf_counter()
                while due < answered:
                    self.waits.append(answered - due)
                    due += _PACE
                stopped = self._stop.wait(max(0.0, due - time.perf_counter()))
        except Exception as error:
            self._failure = error


def percentile(values: list[float], share: float) -> float:
    """Return the smallest value that ``share`` of all are not above."""
    return sorted(values)[max(0, math.ceil(len(values) * share) - 1)]


def _measure(host: Host, desk: Desk) -> dict[str, float]:
    body = desk.bodies.body(next(desk.serials))
    desk.quiet()
    with Heartbeat(host) as heartbeat:
        host.browser.send("PUT", PATH, body)
    waits = [1000 * wait for wait in heartbeat.waits]
    return {
        "99th percentile": percentile(waits, _PERCENTILE),
        "longest": max(waits),
        "median": percentile(waits, 0.5),
    }


STALL, STALL_LARGE = of_two_sizes(
    "stall",
    "what a heartbeat waits while a clean notebook of 20 MB is saved a first time",
    _FIGURES,
    _measure,
)

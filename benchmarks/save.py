"""Saving clean notebooks of two sizes while ten values are armed: a first time, and again.

The first save is of a notebook of which the server has seen no text before; the later one is of the
same notebook with one changed cell, as the saves of a person at work are.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from .figures import Figure
from .processes import processor_seconds
from .saving import PATH, of_two_sizes

if TYPE_CHECKING:
    from .saving import Desk
    from .stage import Host

_LATER: Final = 2
"""Later saves for each first one."""

_FIGURES: Final = (
    Figure("time, first save", at_most=1.15),
    Figure("time, later save", at_most=1.05),
    Figure("processor, first save"),
    Figure("processor, later save"),
)


def _save(host: Host, body: bytes) -> tuple[float, float]:
    """Return seconds of waiting and of the server's processor."""
    before = processor_seconds(host.pid)
    begin = time.perf_counter()
    host.browser.send("PUT", PATH, body)
    seconds = time.perf_counter() - begin
    return seconds, processor_seconds(host.pid) - before


def _measure(host: Host, desk: Desk) -> dict[str, float]:
    serial = next(desk.serials)
    desk.quiet()
    first = _save(host, desk.bodies.body(serial))
    later = []
    for change in range(1, _LATER + 1):
        body = desk.bodies.body(serial, change)
        desk.quiet()
        later.append(_save(host, body))
    return {
        "time, first save": first[0],
        "processor, first save": first[1],
        "time, later save": min(seconds for seconds, _ in later),
        "processor, later save": min(seconds for _, seconds in later),
    }


SAVE, SAVE_LARGE = of_two_sizes(
    "save", "saving a clean notebook of 20 MB while ten values are armed", _FIGURES, _measure
)

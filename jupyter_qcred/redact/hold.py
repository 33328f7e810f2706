"""Hold back the ends of many streams, each for a short time only.

Whoever sends does so under ``lock``, from the moment it feeds a text until what came out is sent:
so pieces leave in the order in which they came, whichever thread brings them. What is held longer
than ``delay`` is let out by one daemon thread, started when something is held and ended when
nothing is.

A forked child keeps no held text (its parent sends it), and holds nothing back itself: nobody knows
whether it will live long enough to send it.
"""

from __future__ import annotations

import atexit
import functools
import os
import threading
import time
import weakref
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

from .redactor import NOTHING, add

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from .window import StreamWindow

DELAY: Final = 0.5
"""Seconds: below the time in which a person notices, above that in which a print is flushed."""

MAX_GROUPS: Final = 256
"""Groups remembered: the streams of cells that ended may still be written to by threads."""


class _Stream:
    __slots__ = ("deadline", "name", "route", "window")

    def __init__(self, name: str, window: StreamWindow, route: object) -> None:
        self.name = name
        self.window = window
        self.route = route
        self.deadline: float | None = None


class HoldBack:
    """Windows by group (what a flush is about) and name.

    Args:
        new_window: makes the window of a stream that is new.
        let_out: sends a text that was held: called with the route which its last feed brought, the
            stream's name and the text, under ``lock``. It must not raise.
        report: receives findings of what the thread let out, not under ``lock``.
        withheld: what comes out where a window fails: never the text itself.
    """

    def __init__(
        self,
        new_window: Callable[[], StreamWindow],
        let_out: Callable[[Any, str, str], None],
        report: Callable[[Mapping[str, int]], None],
        withheld: str,
        delay: float = DELAY,
    ) -> None:
        self._new_window = new_window
        self._let_out = let_out
        self._report = report
        self._withheld = withheld
        self._delay = delay
        self.lock = threading.RLock()
        self._groups: OrderedDict[str, dict[str, _Stream]] = OrderedDict()
        self._thread: threading.Thread | None = None
        self._pid = os.getpid()
        _in_process.add(self)

    def feed(
        self, group: str, name: str, route: object, text: str
    ) -> tuple[str, Mapping[str, int]]:
        """Take the next piece; return what may be sent now. To be called under ``lock``."""
        stream = self._stream(group, name, route)
        try:
            emit, findings = stream.window.feed(text)
        except Exception:  # noqa: BLE001 - whatever it was, the text was not checked
            stream.window = self._new_window()
            emit, findings = self._withheld, NOTHING
        if not stream.window.holding:
            stream.deadline = None
        elif self._pid != os.getpid():
            emit += self._flushed(stream)
        elif stream.deadline is None:
            stream.deadline = time.monotonic() + self._delay
            self._start()
        return emit, findings

    def flush(self, group: str | None = None) -> Mapping[str, int]:
        """Let out what is held of a group, or of all; return the findings in it."""
        with self.lock:
            if group is None:
                streams = [stream for names in self._groups.values() for stream in names.values()]
                return self._flush(streams)
            return self._flush(self._groups.get(group, {}).values())

    def forget(self) -> None:
        """Drop everything, as a child must after a fork: also a lock that nobody will release."""
        self.lock = threading.RLock()
        self._groups.clear()
        self._thread = None

    def _stream(self, group: str, name: str, route: object) -> _Stream:
        names = self._groups.setdefault(group, {})
        self._groups.move_to_end(group)
        if name not in names:
            names[name] = _Stream(name, self._new_window(), route)
            while len(self._groups) > MAX_GROUPS:
                _, oldest = self._groups.popitem(last=False)
                self._flush(oldest.values())
        stream = names[name]
        stream.route = route
        return stream

    def _flush(self, streams: Iterable[_Stream]) -> Mapping[str, int]:
        total: dict[str, int] = {}
        for stream in streams:
            stream.deadline = None
            text = self._flushed(stream)
            add(total, stream.window.take_findings())
            if text:
                self._let_out(stream.route, stream.name, text)
        return total or NOTHING

    def _flushed(self, stream: _Stream) -> str:
        try:
            return stream.window.flush()
        except Exception:  # noqa: BLE001 - whatever it was, the text was not checked
            stream.window = self._new_window()
            return self._withheld

    def _start(self) -> None:
        _flush_at_exit()
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._run, name="jupyter_qcred held output", daemon=True
            )
            self._thread.start()

    def _run(self) -> None:
        while (pause := self._until_next()) is not None:
            time.sleep(pause)
            findings = self._flush_due()
            if findings:
                self._report(findings)

    def _until_next(self) -> float | None:
        """Seconds until something is due; None ends the thread."""
        with self.lock:
            deadlines = [
                stream.deadline
                for names in self._groups.values()
                for stream in names.values()
                if stream.deadline is not None
            ]
            if not deadlines:
                self._thread = None
                return None
            return max(0.0, min(deadlines) - time.monotonic())

    def _flush_due(self) -> Mapping[str, int]:
        with self.lock:
            now = time.monotonic()
            return self._flush(
                stream
                for names in self._groups.values()
                for stream in names.values()
                if stream.deadline is not None and stream.deadline <= now
            )


_in_process: weakref.WeakSet[HoldBack] = weakref.WeakSet()


def _forget_all() -> None:
    for hold in list(_in_process):
        hold.forget()


@functools.cache
def _flush_at_exit() -> None:
    """Send what is held before the process ends.

    Registered late, at the first held text: what is registered last runs first, so sockets and
    their threads still work.
    """
    atexit.register(_flush_all)


def _flush_all() -> None:
    for hold in list(_in_process):
        hold.flush()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)

"""Processor time of other processes, and waiting until they have nothing to do."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_LOOK: Final = 0.15
"""Seconds between two looks."""

_IDLE: Final = 0.05
"""Share of one processor below which a process counts as quiet."""

_MACHINE_IDLE: Final = 0.1
"""Share of all processors below which the machine does."""

_PATIENCE: Final = 2.0
"""Seconds that we wait for others."""


def processor_seconds(pid: int) -> float:
    """Return user and system time that a process used so far, 0 when it has ended.

    psutil counts in ticks of 10 ms. On Linux every process has a clock of its own (``man 3
    clock_getcpuclockid``: its number is made of the pid), which counts nanoseconds.
    """
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except (AttributeError, OSError):
        pass
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return times.user + times.system


def wait_until_quiet(pids: Iterable[int], seconds: float = 10.0) -> None:
    """Wait until none of the processes works, at most ``seconds``: then the next run may begin.

    Then also for a moment in which nothing else on this machine works, but not for long: where
    others are always busy, it is the medians that have to help.
    """
    watched = list(pids)
    _wait_until(lambda: _share(watched) < _IDLE, seconds)
    _wait_until(lambda: psutil.cpu_percent(_LOOK) < 100 * _MACHINE_IDLE, _PATIENCE)


def _share(pids: list[int]) -> float:
    """The busiest process's share of one processor, over a moment."""
    before = [processor_seconds(pid) for pid in pids]
    time.sleep(_LOOK)
    after = [processor_seconds(pid) for pid in pids]
    return max(new - old for old, new in zip(before, after, strict=True)) / _LOOK


def _wait_until(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        pass


def wait_until_gone(pid: int, seconds: float = 20.0) -> None:
    """Wait until a process has ended.

    Raises:
        TimeoutError: it has not within ``seconds``.
    """
    deadline = time.monotonic() + seconds
    while psutil.pid_exists(pid):
        if time.monotonic() > deadline:
            raise TimeoutError(f"a kernel did not end within {seconds:g} s")
        time.sleep(0.01)

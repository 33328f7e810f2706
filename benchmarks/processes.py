"""Processor time of other processes, and waiting until they have nothing to do."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterable

_LOOK: Final = 0.15
"""Seconds between two looks."""

_IDLE: Final = 0.05
"""Share of one processor below which a process counts as quiet."""


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
    """Wait until none of the processes works, at most ``seconds``: then the next run may begin."""
    watched = list(pids)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        before = [processor_seconds(pid) for pid in watched]
        time.sleep(_LOOK)
        after = [processor_seconds(pid) for pid in watched]
        if all(new - old < _LOOK * _IDLE for old, new in zip(before, after, strict=True)):
            return


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

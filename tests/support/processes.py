"""Look at processes from outside, as an administrator would."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

import psutil


def alive(pid: int) -> bool:
    """Whether the process runs; one that waits to be reaped does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def processes_naming(directory: Path) -> list[int]:
    """Return the living processes, but this one, that have the directory on their command line."""
    return [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if process.pid != os.getpid()
        and any(str(directory) in word for word in process.info["cmdline"] or ())
        and alive(process.pid)
    ]


def stop_all(pids: Iterable[int]) -> None:
    """Kill them."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

"""Notice the end of a process at once.

The end of the socket is no proof: a forked child keeps it open. Jupyter's own poll comes every
three seconds only. A pidfd becomes readable when the process ends (``man 2 pidfd_open``, Linux
5.3), whoever is its parent.
"""

from __future__ import annotations

import asyncio
import os

_POLL = 0.2
"""Seconds between looks where there is no pidfd (macOS, some sandboxes)."""


async def process_end(pid: int) -> None:
    """Return when process ``pid`` has ended, or at once when there is none."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    except (AttributeError, OSError):
        await _poll_end(pid)
        return
    try:
        await _readable(fd)
    finally:
        os.close(fd)


async def _readable(fd: int) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(fd, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(fd)


async def _poll_end(pid: int) -> None:
    while _alive(pid):  # noqa: ASYNC110 - there is nothing to wait for
        await asyncio.sleep(_POLL)


def _alive(pid: int) -> bool:
    """Whether the process runs; our own child that ended and waits to be collected doesn't."""
    try:
        if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            return False
    except ChildProcessError:
        pass  # not our child: ask whether it can be signalled
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

"""Read a file that somebody else has made: a little of it, and only where it ends.

A name in a stranger's folder may be a link to a device, a pipe that nobody writes to, or a file of
any size. So only ordinary files are opened, without waiting, and no more than ``LIMIT`` is read.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from jupyter_qcred.core.record import Record

LIMIT: Final = 1 << 18
"""Bytes. Files of settings are a few hundred; SDKs read them whole, whatever their size."""

_FLAGS: Final = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
)


class Content(Record):
    """What was read; or in ``trouble``, as a predicate, why it was not read to its end."""

    text: str = ""
    trouble: str = ""


STRANGE: Final = Content(trouble="is no ordinary file")
LONG: Final = Content(trouble="is longer than any such file")


def content(path: Path) -> Content | None:
    """Return what a file holds; None where there is nothing that could be read. Never raises.

    Undecodable bytes are replaced: what cannot be decoded is read by no SDK either.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return None if _is_nothing(status) else STRANGE
        descriptor = os.open(path, _FLAGS)
    except (OSError, ValueError):
        return None
    try:
        # Looked at again: the name may belong to something else by now.
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return STRANGE
        data = _first(descriptor)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    if len(data) > LIMIT:
        return LONG
    return Content(text=data.decode("utf-8-sig", "replace"))


def _is_nothing(status: os.stat_result) -> bool:
    """Whether it is a directory (``.env`` is many an environment's name) or the null device."""
    if stat.S_ISDIR(status.st_mode):
        return True
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == Path(os.devnull).stat().st_rdev


def _first(descriptor: int) -> bytes:
    parts, left = [], LIMIT + 1
    while left > 0 and (part := os.read(descriptor, left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)

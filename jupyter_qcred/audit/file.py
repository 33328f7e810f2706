"""The audit file: one JSON object a line, for its owner only, of bounded size."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from os import stat_result
    from pathlib import Path

_FLAGS: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)


class AuditFile:
    """A rotating file that nobody else can read, and that is found again when another rotated it.

    Several servers may share the file: each line is one append, and whoever notices that the name
    points to another file goes on there. Not safe for several threads at once.

    Args:
        path: the file; its directory is made.
        max_bytes: its size before it is rotated.
        backups: older files that are kept beside it, as ``path.1`` and so on.

    Raises:
        OSError: the file cannot be opened.
    """

    def __init__(self, path: Path, *, max_bytes: int, backups: int) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._backups = backups
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._fd, self._open_file = _opened(path)

    def write(self, line: bytes) -> None:
        """Append a line.

        Raises:
            OSError: it cannot be written, or not whole.
        """
        size = self._size_by_name()
        if size + len(line) > self._max_bytes and size:
            self._rotate()
        written = os.write(self._fd, line)
        if written < len(line):
            # The rest comes in a line that no reader of JSON mistakes for a whole one.
            os.write(self._fd, b"\n")
            raise OSError(0, "an event was written in part")

    def _size_by_name(self) -> int:
        """Make sure that the name's file is the one we hold; return its size."""
        with suppress(FileNotFoundError):
            there = self._path.stat()
            if self._fd >= 0 and os.path.samestat(there, self._open_file):
                return there.st_size
        self.close()
        self._fd, self._open_file = _opened(self._path)
        return self._open_file.st_size

    def _rotate(self) -> None:
        """Put the older files one further, unless another server is at it or has just done it.

        The lock is on the file that all of them have open, and never waited for: what is written
        meanwhile goes to that file, whatever its name is by then.
        """
        if not _lock(self._fd):
            return
        try:
            if os.path.samestat(self._path.stat(), self._open_file):
                for number in range(self._backups - 1, 0, -1):
                    with suppress(FileNotFoundError):
                        self._older(number).replace(self._older(number + 1))
                self._path.replace(self._older(1))
        except FileNotFoundError:
            pass  # somebody has removed it
        finally:
            _unlock(self._fd)
        self._size_by_name()

    def _older(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")

    def close(self) -> None:
        """Close it; writing opens it again. May be called twice."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _lock(fd: int) -> bool:
    """Whether the file is ours alone to rotate; where there are no such locks, it is."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a file system without locks
    return True


def _unlock(fd: int) -> None:
    with suppress(ImportError, OSError):
        import fcntl

        fcntl.flock(fd, fcntl.LOCK_UN)


def _opened(path: Path) -> tuple[int, stat_result]:
    fd = os.open(path, _FLAGS, 0o600)
    status = os.fstat(fd)
    if stat.S_ISREG(status.st_mode) and status.st_mode & 0o077:
        os.fchmod(fd, 0o600)
    return fd, status

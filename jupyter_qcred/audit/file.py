"""The audit file: one JSON object a line, for its owner only, of bounded size."""

from __future__ import annotations

import os
import stat
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from io import TextIOWrapper
    from logging import LogRecord
    from pathlib import Path

_LONGEST_LINE: Final = 1 << 18
_FLAGS: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)


class AuditFileHandler(RotatingFileHandler):
    """A rotating file that nobody else can read, and that is found again when another rotated it.

    Several servers may share the file: each line is one append, and whoever notices that the name
    points to another file goes on there. A failure to write is raised to whoever emits, instead of
    being printed to stderr.
    """

    def __init__(self, path: Path, *, max_bytes: int, backups: int) -> None:
        """Args are the file, its size in bytes before it is rotated, and how many are kept.

        Raises:
            OSError: the file cannot be opened.
        """
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        super().__init__(path, maxBytes=max_bytes, backupCount=backups, encoding="utf-8")

    def _open(self) -> TextIOWrapper:
        fd = os.open(self.baseFilename, _FLAGS, 0o600)
        mode = os.fstat(fd).st_mode
        if stat.S_ISREG(mode) and mode & 0o077:
            os.chmod(self.baseFilename, 0o600)  # noqa: PTH101 - the handler keeps its name as text
        # The longest event fits, so that a flush is one append.
        return os.fdopen(fd, "a", buffering=_LONGEST_LINE, encoding="utf-8")

    def emit(self, record: LogRecord) -> None:
        """Append a line; the handler's lock is held.

        Raises:
            OSError: it cannot be written.
        """
        stream = self.stream
        if stream is not None and not self._is_current(stream.fileno()):
            stream.close()
            self.stream = self._open()
        super().emit(record)

    def _is_current(self, fd: int) -> bool:
        try:
            there = os.stat(self.baseFilename)  # noqa: PTH116 - the handler keeps its name as text
        except FileNotFoundError:
            return False
        return os.path.samestat(there, os.fstat(fd))

    def handleError(self, record: LogRecord) -> None:  # noqa: ARG002, N802 - logging's name
        """Raise what ``emit`` caught: the caller counts it."""
        raise  # noqa: PLE0704 - called by logging from within its except block

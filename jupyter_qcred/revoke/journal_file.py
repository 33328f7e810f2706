"""One locked, append-only file.

The lock (``flock``) is held from before the file has its name until the process ends, however it
ends: whoever can take it knows that the owner is gone. A file is replaced, when it grew or was
deleted under us, by one that was locked before it got the name.

``flock`` belongs to the open file: a child made by ``os.fork`` keeps it (the owner then seems alive
for longer, which is the safe side), one made by exec does not, as the descriptor is not inherited.
Windows has no ``fcntl``: callers keep to memory there.
"""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING, Final

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SUFFIX: Final = ".jsonl"
CORRUPT: Final = ".corrupt"
MAX_BYTES: Final = 64 << 20
"""A larger file is not one of ours."""
_COMPACT_AT: Final = 1 << 20
_TRIES: Final = 5
_FLAGS: Final = os.O_RDWR | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)


def can_lock() -> bool:
    """Whether this platform has the lock that proves an owner alive."""
    return fcntl is not None


def prepare_directory(directory: Path) -> None:
    """Make the directory, for its owner only.

    Raises:
        OSError: it cannot be made or written, or belongs to somebody else.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = directory.stat()
    if hasattr(os, "geteuid") and status.st_uid != os.geteuid():
        raise PermissionError(0, "it belongs to another user", str(directory))
    if status.st_mode & 0o077:
        directory.chmod(0o700)
    if not os.access(directory, os.W_OK | os.X_OK):
        raise PermissionError(0, "it is not writable", str(directory))


class JournalFile:
    """Appends lines; several threads share one flush to the disk.

    After ``close`` or ``remove`` everything raises ``OSError``.
    """

    def __init__(self, path: Path, fd: int) -> None:
        self.path = path
        self._fd = fd
        self._size = os.fstat(fd).st_size
        self._replace_at = _COMPACT_AT
        # A last line without its end must not swallow the next one.
        self._ragged = self._size > 0 and os.pread(fd, 1, self._size - 1) != b"\n"
        self._write_lock = Lock()
        self._sync_lock = Lock()  # taken before the write lock where both are needed
        self._written = 0
        self._synced = 0

    @classmethod
    def create(cls, directory: Path, stem: str) -> JournalFile:
        """Make ``<stem>-<random>.jsonl``, locked before it can be seen under that name.

        Raises:
            OSError: the directory is missing, full or not writable, or knows no locks.
        """
        path = directory / f"{stem}-{secrets.token_hex(4)}{SUFFIX}"
        return cls(path, _locked_new(path, b""))

    @classmethod
    def take(cls, path: Path) -> tuple[JournalFile, bytes] | None:
        """Lock a file whose owner is gone and return it with its content.

        None if the owner lives, the file has just been replaced or removed, or is not ours.
        """
        try:
            fd = os.open(path, _FLAGS | os.O_NONBLOCK)
        except OSError:
            return None
        try:
            if _is_ours(os.fstat(fd)) and _try_lock(fd) and _is_at(path, fd):
                return cls(path, fd), _read_all(fd)
        except OSError:
            pass
        os.close(fd)
        return None

    def append(self, line: bytes) -> int:
        """Write one line; return its number for ``sync``.

        Raises:
            OSError: it could not be written whole; what was written of it is taken back.
        """
        with self._write_lock:
            if self._ragged:
                line = b"\n" + line
            try:
                _write(self._fd, line)
            except OSError:
                self._take_back()
                raise
            self._ragged = False
            self._size += len(line)
            self._written += 1
            return self._written

    def _take_back(self) -> None:
        try:
            os.ftruncate(self._fd, self._size)
        except OSError:
            self._ragged = True

    def sync(self, number: int) -> None:
        """Return when the line of that number is on the disk.

        Whoever comes first flushes for all who wrote before; the others find theirs done.

        Raises:
            OSError: the disk refused.
        """
        with self._sync_lock:
            if self._synced >= number:
                return
            with self._write_lock:
                newest = self._written
            _flush(self._fd)
            self._synced = newest

    @property
    def needs_replacing(self) -> bool:
        """Whether it has grown long, or somebody deleted it under us."""
        with self._write_lock:
            return self._size > self._replace_at or os.fstat(self._fd).st_nlink == 0

    def replace(self, content: Callable[[], bytes]) -> None:
        """Put a new file in this one's place.

        Args:
            content: what stands in it, called when nobody can append.

        Raises:
            OSError: the old one is still in use.
        """
        with self._sync_lock, self._write_lock:
            body = content()
            prepare_directory(self.path.parent)
            fd = _locked_new(self.path, body)
            os.close(self._fd)
            self._fd, self._size, self._ragged = fd, len(body), False
            # Twice what is really open, or a long list would be written anew with each line.
            self._replace_at = max(_COMPACT_AT, 2 * len(body))
            self._synced = self._written

    def close(self) -> None:
        """Release the lock; the file stays for whoever adopts it."""
        with self._sync_lock, self._write_lock:
            os.close(self._fd)
            self._fd = -1  # the number may soon be another file's

    def remove(self) -> None:
        """Delete the file, then release the lock."""
        with suppress(OSError):
            self.path.unlink()
        self.close()


def quarantine(path: Path, damaged: bytes) -> Path | None:
    """Keep damaged bytes beside a file for whoever wants to look; None if that fails."""
    target = path.with_name(path.name + CORRUPT)
    try:
        fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _NO_FOLLOW, 0o600)
    except OSError:
        return None
    with suppress(OSError), os.fdopen(fd, "wb") as file:
        file.write(damaged)
    return target


_NO_FOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)


def _locked_new(path: Path, body: bytes) -> int:
    for _ in range(_TRIES):
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
        fd = os.open(temporary, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            if not _try_lock(fd):
                os.close(fd)
                continue  # somebody who sweeps leftovers was faster than our lock
            _write(fd, body)
            if body:
                _flush(fd)
            temporary.rename(path)
        except FileNotFoundError:
            os.close(fd)
            continue  # the same, after our lock
        except OSError:
            with suppress(OSError):
                temporary.unlink()
            os.close(fd)
            raise
        _flush_directory(path.parent)
        return fd
    raise OSError(0, "new files vanish at once", str(path.parent))


def _write(fd: int, data: bytes) -> None:
    """Write all of it: a nearly full disk takes a part and refuses the rest with an error."""
    left = memoryview(data)
    while left:
        left = left[os.write(fd, left) :]


def sweep_leftovers(directory: Path) -> None:
    """Delete half-made files whose maker is gone."""
    for path in directory.glob(f".*{SUFFIX}.*.tmp"):
        with suppress(OSError):
            fd = os.open(path, _FLAGS)
            try:
                if _is_ours(os.fstat(fd)) and _try_lock(fd):
                    path.unlink()
            finally:
                os.close(fd)


def _try_lock(fd: int) -> bool:
    if fcntl is None:
        raise OSError(0, "this platform has no file locks")
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_ours(status: os.stat_result) -> bool:
    mine = not hasattr(os, "geteuid") or status.st_uid == os.geteuid()
    return stat.S_ISREG(status.st_mode) and mine and status.st_size <= MAX_BYTES


def _is_at(path: Path, fd: int) -> bool:
    """Whether the path still names the file we locked."""
    return os.path.samestat(path.stat(follow_symlinks=False), os.fstat(fd))


def _read_all(fd: int) -> bytes:
    parts: list[bytes] = []
    offset = 0
    while part := os.pread(fd, 1 << 20, offset):
        parts.append(part)
        offset += len(part)
    return b"".join(parts)


def _flush(fd: int) -> None:
    # macOS has no fdatasync.
    getattr(os, "fdatasync", os.fsync)(fd)


def _flush_directory(directory: Path) -> None:
    with suppress(OSError):  # a convenience of some file systems, refused by others
        fd = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

"""Files and directories that only their owner may read.

Standard library only: the supervisor imports this without site-packages' own start-up.
"""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from pathlib import Path
from typing import Final

POSIX: Final = sys.platform != "win32"


def user_id() -> int:
    """The effective user; 0 on Windows, where a directory's access list says whose it is."""
    return os.geteuid() if sys.platform != "win32" else 0


class NotPrivateError(Exception):
    """A directory that others own or may enter; the message is fit for people."""


def make_private_directory(path: Path) -> None:
    """Create the directory for its owner alone, or narrow one that exists.

    Raises:
        NotPrivateError: it is a link, belongs to somebody else, or the file system does not keep
            permissions.
        OSError: it can't be created.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not POSIX:  # the profile's own access list keeps others out
        return
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise NotPrivateError(f"{path} is not a directory")
    if found.st_uid != user_id():
        raise NotPrivateError(f"{path} belongs to another user")
    if found.st_mode & 0o077:
        path.chmod(0o700)
        if path.lstat().st_mode & 0o077:
            raise NotPrivateError(f"the file system of {path} does not keep permissions")


def write_private(path: Path, content: bytes) -> None:
    """Write a 0600 file whole or not at all, and on disk before we return."""
    # mkstemp creates with 0600, whatever the umask.
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync_directory(path.parent)


def _sync_directory(path: Path) -> None:
    if not POSIX:
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

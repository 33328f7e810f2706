"""Where the journal lies when nobody says: on a disk of this machine.

A lock on a network file system may be no lock, or one that another machine's crash leaves behind,
and a flush there may wait for a server that is away. So where the preferred directory is on one, a
local directory of the user's own takes its place; where there is none either, the preferred one is
kept.
"""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_ELSEWHERE: Final = frozenset(
    {
        0x6969,  # NFS
        0x517B,  # SMB
        0xFF534D42,  # CIFS
        0xFE534D42,  # SMB 2 and 3
        0x65735546,  # FUSE: sshfs, object stores, GlusterFS, virtiofs
        0x01021997,  # 9p
        0x5346414F,  # OpenAFS
        0x6B414653,  # kAFS
        0x73757245,  # Coda
        0x00C36400,  # Ceph
        0x0BD00BD0,  # Lustre
        0x47504653,  # GPFS
        0x19830326,  # BeeGFS
        0xAAD7AAEA,  # PanFS
        0x01161970,  # GFS2
        0x7461636F,  # OCFS2
        0x564C,  # NetWare
        0x786F4256,  # VirtualBox's shared folders
    }
)
"""``f_type`` of file systems that other machines share (man 2 statfs, linux/magic.h)."""

_STATFS_BYTES: Final = 512
"""More than ``struct statfs`` has anywhere; its first word is ``f_type``."""

_SHARED: Final = ("/tmp", "/var/tmp")  # noqa: S108 - a private directory inside, verified below


def local_directory(
    preferred: Path, *, file_system: Callable[[Path], int | None] | None = None
) -> Path:
    """Return ``preferred``, or a local directory instead if that is on a network file system.

    Nothing is made or changed.

    Args:
        preferred: need not exist yet.
        file_system: gives the ``f_type`` of the file system on which a path lies, None where that
            cannot be told; ``statfs(2)`` if not given.
    """
    kind = file_system or file_system_type

    def local(path: Path) -> bool:
        return kind(path) not in _ELSEWHERE

    if local(preferred):
        return preferred
    return next((path for path in _candidates() if local(path.parent)), preferred)


def file_system_type(path: Path) -> int | None:
    """Ask the system for the kind of file system on which ``path``, or what is above it, lies."""
    if sys.platform != "linux":
        return None
    existing = next((one for one in (path, *path.parents) if one.exists()), None)
    if existing is None:
        return None
    import ctypes

    answer = ctypes.create_string_buffer(_STATFS_BYTES)
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.statfs(os.fsencode(existing), answer) == 0:
            # A long; the numbers have 32 bits, and some systems extend their sign.
            return ctypes.c_long.from_buffer(answer).value & 0xFFFFFFFF
    return None


def _candidates() -> Iterator[Path]:
    """Local places, those that are cleared away at the machine's stop first."""
    if not hasattr(os, "geteuid"):
        return
    user = os.geteuid()
    named = os.environ.get("XDG_RUNTIME_DIR", "")
    for runtime in dict.fromkeys((named, f"/run/user/{user}")):
        if Path(runtime).is_absolute() and _is_private(Path(runtime)):
            yield Path(runtime) / "jupyter-qcred-journal"
    for shared in _SHARED:
        # A flat name: whoever owned a directory above ours could rename ours.
        path = Path(shared) / f"jupyter-qcred-journal-{user}"
        if _is_private(path) or _can_be_made(path):
            yield path


def _is_private(path: Path) -> bool:
    """Whether it is a real directory of this user's own, which nobody else can enter."""
    try:
        status = path.lstat()
    except OSError:
        return False
    mine = stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()
    return mine and not status.st_mode & 0o077 and os.access(path, os.W_OK | os.X_OK)


def _can_be_made(path: Path) -> bool:
    """Whether nothing has that name, and nobody can take the place of what we make there."""
    if os.path.lexists(path) or not os.access(path.parent, os.W_OK | os.X_OK):
        return False
    mode = path.parent.stat().st_mode
    return bool(mode & stat.S_ISVTX) or not mode & 0o022

"""Connections between holders and the supervisor: addresses, and who is at the other end.

Standard library only, for the supervisor.
"""

from __future__ import annotations

import socket
import struct
import sys
from pathlib import Path
from typing import Final

from jupyter_qcred.issue.embedded.files import make_private_directory, user_id

MAX_PATH: Final = 100
"""Longest socket path in bytes: 104 on macOS, 108 on Linux, both with the closing zero."""

UNIX: Final = "unix://"
TCP: Final = "tcp://"


def listen(address: str) -> socket.socket:
    """Listen on ``unix:///path`` (replacing a stale socket) or ``tcp://127.0.0.1:0``."""
    if address.startswith(UNIX):
        path = Path(address.removeprefix(UNIX))
        # A predecessor removes the directory when it ends.
        make_private_directory(path.parent)
        path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(path))
        path.chmod(0o600)
    else:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.bind(("127.0.0.1", 0))
    listener.listen(64)
    listener.settimeout(0)
    return listener


def connect(address: str, timeout: float) -> socket.socket:
    """Connect to an address which a record names.

    Raises:
        OSError: nobody listens, or it is somebody else's process.
    """
    if address.startswith(UNIX):
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        target: str | tuple[str, int] = address.removeprefix(UNIX)
    else:
        link = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        host, _, port = address.removeprefix(TCP).rpartition(":")
        target = (host, int(port))
    link.settimeout(timeout)
    try:
        link.connect(target)
    except BaseException:
        link.close()
        raise
    if not is_ours(link):
        link.close()
        raise ConnectionRefusedError("another user's process listens there")
    return link


def is_ours(link: socket.socket) -> bool:
    """Whether the other end runs as this user.

    Over TCP, and where the system can't tell, the record's nonce decides alone.
    """
    peer = _peer(link)
    return peer is None or peer[1] == user_id()


def peer_pid(link: socket.socket) -> int:
    """The process at the other end; 0 where the system can't tell."""
    peer = _peer(link)
    return peer[0] if peer else 0


def _peer(link: socket.socket) -> tuple[int, int] | None:
    """Process and user id of the other end."""
    if sys.platform == "linux":
        if link.family == socket.AF_UNIX:
            raw = link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
            pid, uid, _ = struct.unpack("3i", raw)
            return pid, uid
    elif sys.platform == "darwin":
        if link.family == socket.AF_UNIX:
            # <sys/un.h>: SOL_LOCAL 0, LOCAL_PEERCRED 1 gives struct xucred: version, uid, …
            _, uid = struct.unpack_from("=II", link.getsockopt(0, 1, 76))
            return 0, uid
    return None

"""Claim the descriptor that the server left for this kernel, and nothing else.

Under a wrapper that closes descriptors (``conda run``, some shells) the number we were told may
belong to somebody else by now, for instance to an epoll of the kernel itself. So nothing is read,
closed or changed before three things hold: it is a Unix stream socket, the process that made it is
the server that launched us, and the first line waiting in it carries our nonce.
"""

from __future__ import annotations

import os
import socket
import stat
import struct

from jupyter_qcred.core.errors import NotOnPlatformError, WireError
from jupyter_qcred.core.record import Record
from jupyter_qcred.core.wire import PROTOCOL, Claim, Offer, decode, encode

from .hardening import hide_memory

_DROPPED = (
    "The descriptor for credentials did not reach this kernel: "
    "a wrapper in the kernel's command drops descriptors"
)
_DROPPED_NEXT = (
    "Name the environment's own python in the kernelspec instead of a wrapper, "
    "or use one that keeps descriptors, such as `uv run`"
)
_OFFER_LIMIT = 512


class BootConfig(Record):
    """What the launching server tells this kernel in its command line. Nothing in it is secret.

    Without a descriptor (``fd`` is negative) the channel is in Jupyter's control channel, and
    ``beat`` is how often the server gives a sign of life there, in seconds.
    """

    fd: int
    nonce: str
    server_pid: int
    hide_memory: bool
    min_secret_length: int
    min_fragment_length: int
    beat: float = 10.0


def claim(config: BootConfig) -> socket.socket:
    """Return our end of the channel, closed to children, after telling the server.

    Raises:
        NotOnPlatformError: the descriptor isn't ours; nothing was touched.
    """
    _check_is_ours(config)
    channel = socket.socket(fileno=config.fd)
    channel.recv(_offer_length(channel))
    channel.set_inheritable(False)
    hidden = hide_memory() if config.hide_memory else False
    channel.sendall(encode(Claim(nonce=config.nonce, pid=os.getpid(), dumpable=not hidden)))
    return channel


def _check_is_ours(config: BootConfig) -> None:
    """Look without touching: the socket object made here is detached again."""
    try:
        if not stat.S_ISSOCK(os.fstat(config.fd).st_mode):
            raise NotOnPlatformError(_DROPPED, next_step=_DROPPED_NEXT)
        probe = socket.socket(fileno=config.fd)
    except OSError:
        raise NotOnPlatformError(_DROPPED, next_step=_DROPPED_NEXT) from None
    try:
        if not (_is_stream(probe) and _made_by(probe, config.server_pid)):
            raise NotOnPlatformError(_DROPPED, next_step=_DROPPED_NEXT)
        if not _offers(probe, config.nonce):
            raise NotOnPlatformError(_DROPPED, next_step=_DROPPED_NEXT)
    finally:
        probe.detach()


def _is_stream(probe: socket.socket) -> bool:
    return probe.family == socket.AF_UNIX and probe.type == socket.SOCK_STREAM


def _made_by(probe: socket.socket, pid: int) -> bool:
    """Whether the socket pair was made by that process (Linux; ``man 7 unix``: SO_PEERCRED).

    In another PID namespace the number reads 0; there the nonce alone decides.
    """
    peercred = getattr(socket, "SO_PEERCRED", None)
    if peercred is None:
        return True
    raw = probe.getsockopt(socket.SOL_SOCKET, peercred, struct.calcsize("3i"))
    return struct.unpack("3i", raw)[0] in (0, pid)


def _peek(probe: socket.socket) -> bytes:
    try:
        return probe.recv(_OFFER_LIMIT, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except OSError:
        return b""


def _offers(probe: socket.socket, nonce: str) -> bool:
    line = _peek(probe).partition(b"\n")[0]
    try:
        offer = decode(line)
    except WireError:
        return False
    return isinstance(offer, Offer) and offer.nonce == nonce and offer.protocol == PROTOCOL


def _offer_length(channel: socket.socket) -> int:
    return _peek(channel).index(b"\n") + 1

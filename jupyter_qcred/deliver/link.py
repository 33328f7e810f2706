"""The server's end of the channel to one kernel: what it is, and the one over a socket."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import os
import secrets
import socket
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from jupyter_qcred.core import wire
from jupyter_qcred.core.errors import WireError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_READ = 65536
_MAX_UNREAD = 4 << 20
"""Bytes that may wait for a kernel which does not read, before we give it up."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A kernel has claimed its end.

    Attributes:
        pid: its process, as the operating system says; None where it cannot say (macOS, another
            PID namespace).
        dumpable: other processes of the user can read its memory.
    """

    pid: int | None
    dumpable: bool


class Link(Protocol):
    """A channel to one kernel launch; all of it is called on one event loop."""

    @property
    def nonce(self) -> str:
        """What this launch's kernel knows it by; no secret."""
        ...

    async def claimed(self) -> Claimed | None:
        """Wait until the kernel claims its end; None when it never will.

        Raises:
            WireError: what came is not a claim of this link.
        """
        ...

    def messages(self) -> AsyncIterator[wire.Message]:
        """Yield what the kernel sends, until it has gone.

        Raises:
            WireError: the kernel broke the protocol.
        """
        ...

    def send(self, message: wire.Message) -> bool:
        """Queue a message; False when the kernel has gone or does not read."""
        ...

    def close(self) -> None:
        """End it. May be called twice."""
        ...


class KernelLink:
    """A socket pair: one end for the kernel's process to inherit, the other ours.

    Made in any thread; awaited on one event loop.
    """

    def __init__(self) -> None:
        self._ours, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self.nonce = secrets.token_urlsafe(16)
        passcred = getattr(socket, "SO_PASSCRED", None)
        if passcred is not None:
            self._ours.setsockopt(socket.SOL_SOCKET, passcred, 1)
        self._ours.sendall(wire.encode(wire.Offer(nonce=self.nonce)))
        self._ours.setblocking(False)  # noqa: FBT003 - the socket's own signature
        self._lines = wire.LineBuffer()
        # What a first cell asked for while we had not read the claim yet.
        self._early: list[wire.Message] = []
        self._writer: asyncio.StreamWriter | None = None
        self._reader: asyncio.StreamReader | None = None

    @property
    def fd(self) -> int:
        """Descriptor that the kernel inherits."""
        return self._theirs.fileno()

    def launched(self) -> None:
        """Close our copy of the kernel's end: after this, its end is our EOF."""
        self._theirs.close()

    async def claimed(self) -> Claimed | None:
        """Wait until a kernel claims its end.

        Returns:
            None when every copy of that end was closed without a claim: the kernel is of another
            kind, or ended early.

        Raises:
            WireError: what came is not a claim of this link.
        """
        data, pid = await self._first_message()
        if not data:
            return None
        claim, self._early = _first_and_rest(self._lines.feed(data))
        if not hmac.compare_digest(claim.nonce, self.nonce):
            raise WireError("a claim for another kernel")
        self._reader, self._writer = await asyncio.open_unix_connection(sock=self._ours)
        return Claimed(pid=pid, dumpable=claim.dumpable)

    async def _first_message(self) -> tuple[bytes, int | None]:
        loop = asyncio.get_running_loop()
        readable = asyncio.Event()
        loop.add_reader(self._ours, readable.set)
        try:
            while True:
                await readable.wait()
                readable.clear()
                with contextlib.suppress(BlockingIOError):
                    return self._receive()
        finally:
            loop.remove_reader(self._ours)

    def _receive(self) -> tuple[bytes, int | None]:
        """One receive with the sender's credentials, which the operating system vouches for."""
        size = struct.calcsize("3i")
        try:
            data, ancillary, _, _ = self._ours.recvmsg(_READ, socket.CMSG_SPACE(size))
        except ConnectionResetError:
            return b"", None
        kind = getattr(socket, "SCM_CREDENTIALS", None)
        for level, type_, body in ancillary:
            if level == socket.SOL_SOCKET and type_ == kind and len(body) >= size:
                pid, uid, _ = struct.unpack("3i", body[:size])
                if data and uid not in (os.getuid(), 0):
                    raise WireError("a claim by another user's process")
                return data, pid or None
        return data, None

    async def messages(self) -> AsyncIterator[wire.Message]:
        """Yield what the kernel sends, until it closes.

        Raises:
            WireError: the kernel broke the protocol.
        """
        assert self._reader is not None, "claimed() comes first"
        for message in self._early:
            yield message
        with contextlib.suppress(ConnectionError):  # a reset, or what a write met that came late
            while chunk := await self._reader.read(_READ):
                for message in self._lines.feed(chunk):
                    yield message

    def send(self, message: wire.Message) -> bool:
        """Queue a message; False when the kernel's end is closed or does not read."""
        writer = self._writer
        if writer is None or writer.is_closing():
            return False
        if writer.transport.get_write_buffer_size() > _MAX_UNREAD:
            self.close()
            return False
        writer.write(wire.encode(message))
        return True

    def close(self) -> None:
        """Close both ends that are ours. May be called twice."""
        if self._writer is not None:
            self._writer.close()
        else:
            self._ours.close()
        self._theirs.close()


def _first_and_rest(messages: list[wire.Message]) -> tuple[wire.Claim, list[wire.Message]]:
    if not messages or not isinstance(messages[0], wire.Claim):
        raise WireError("a kernel's first message is not a claim")
    return messages[0], messages[1:]

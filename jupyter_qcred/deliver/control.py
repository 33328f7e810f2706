"""The server's end of a channel that travels in Jupyter's own control messages.

For kernels that cannot inherit a descriptor. It has a connection of its own to the kernel's control
channel, so nothing of it passes Jupyter's websockets, logs or event loop. Order of a life:

    connect → kernel_info_request → reply with our mark → Offer → Claim → conversation

A plain ipykernel answers the first request without the mark and is asked nothing more: it would
write an error into its log for every message it does not know.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
from typing import TYPE_CHECKING

from jupyter_qcred.core import wire
from jupyter_qcred.core.errors import WireError

from .control_socket import ControlSocket
from .link import Claimed

if TYPE_CHECKING:
    import logging
    from collections.abc import AsyncIterator

    from .control_socket import Endpoint


class ControlLink:
    """A channel to one kernel launch. Made in any thread; awaited on one event loop.

    Args:
        beat: seconds between signs of life for the kernel.
    """

    def __init__(self, beat: float, log: logging.Logger) -> None:
        self.nonce = secrets.token_urlsafe(16)
        self._beat = beat
        self._log = log
        self._known = asyncio.Event()
        self._endpoint: Endpoint | None = None
        self._socket: ControlSocket | None = None
        self._claim: wire.Claim | None = None
        self._answered = True
        self._closed = False

    def launched(self, endpoint: Endpoint | None) -> None:
        """The kernel runs. Call it on the loop.

        Args:
            endpoint: where its control channel is; None where nothing may travel on it.
        """
        self._endpoint = endpoint
        self._known.set()

    async def claimed(self) -> Claimed | None:
        """Wait until the kernel claims the channel.

        Returns:
            None when it never will: it has no half of ours, the channel is not safe, or it ended.

        Raises:
            WireError: what came is not a claim of this link.
        """
        await self._known.wait()
        if self._endpoint is None or self._closed:
            return None
        self._socket = socket = ControlSocket(self._endpoint, self._beat)
        if not await self._has_our_half(socket):
            return None
        self._offer(socket)
        message = await anext(socket.messages(), None)
        if message is None:
            return None
        if not isinstance(message, wire.Claim):
            raise WireError("a kernel's first message is not a claim")
        if not hmac.compare_digest(message.nonce.encode(), self.nonce.encode()):
            raise WireError("a claim for another kernel")
        self._claim = message
        # Its number is of the kernel's machine; here it could be anybody's.
        return Claimed(pid=None, dumpable=message.dumpable)

    async def _has_our_half(self, socket: ControlSocket) -> bool:
        protocol = await socket.kernel_protocol()
        if protocol is not None and protocol != wire.PROTOCOL:
            self._log.warning(
                "A kernel that is reached by its control channel got no credentials: its "
                "environment has no jupyter_qcred of the server's version. Install that there."
            )
        return protocol == wire.PROTOCOL

    async def messages(self) -> AsyncIterator[wire.Message]:
        """Yield what the kernel sends, until it has gone or another process answers in its place.

        Raises:
            WireError: the kernel broke the protocol.
        """
        socket, first = self._socket, self._claim
        assert socket is not None, "claimed() comes first"
        assert first is not None, "claimed() comes first"
        beats = asyncio.get_running_loop().create_task(self._beats(socket))
        try:
            async for message in socket.messages():
                if not isinstance(message, wire.Claim):
                    yield message
                elif message.pid == first.pid:
                    self._answered = True
                else:
                    return
        finally:
            beats.cancel()

    async def _beats(self, socket: ControlSocket) -> None:
        """Repeat the offer; one that waits in a busy kernel's queue is enough."""
        while True:
            await asyncio.sleep(self._beat)
            if self._answered:
                self._offer(socket)

    def _offer(self, socket: ControlSocket) -> None:
        self._answered = False
        socket.send(wire.Offer(nonce=self.nonce))

    def send(self, message: wire.Message) -> bool:
        """Queue a message; False when the kernel has gone or does not read."""
        if self._socket is None or self._closed:
            return False
        if not self._socket.send(message):
            self.close()
            return False
        return True

    def close(self) -> None:
        """End it. May be called twice; on the loop."""
        self._closed = True
        self._known.set()
        if self._socket is not None:
            self._socket.close()

"""A connection to a kernel's control channel that carries our lines, signed and encrypted."""

from __future__ import annotations

import asyncio
import functools
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import zmq
import zmq.asyncio
from jupyter_client.session import Session
from zmq.utils.monitor import recv_monitor_message

from jupyter_qcred.core import wire
from jupyter_qcred.core.errors import WireError
from jupyter_qcred.kernel.envelope import MARK, MESSAGE, REQUEST, envelope, opened, why_insecure

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

_PING: Final = 0.3
_PING_TIMEOUT: Final = 0.9
"""Beats. libzmq answers in a thread of its own, whatever holds the kernel's interpreter."""

_ABSENCE: Final = 1.5
"""Beats for which a connection may be lost. A provisioner mostly tells of a kernel's end sooner."""

_RETRY_MOST: Final = 2000
"""Milliseconds between attempts to connect to a kernel that is not there yet."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a kernel's control channel is, and what secures it.

    Attributes:
        session: signs and packs as this kernel expects it; nobody else uses it.
        serverkey: public CURVE key of the kernel; None for sockets of the file system.
    """

    url: str
    session: Session
    serverkey: bytes | None

    @staticmethod
    def why_not(info: Mapping[str, Any]) -> str:
        """Why a kernel with this connection can't be handed anything; empty where it can."""
        transport = str(info.get("transport", "tcp"))
        return why_insecure(
            transport,
            encrypted=bool(info.get("curve_publickey")),
            signed=bool(info.get("key")),
        )

    @classmethod
    def of(cls, info: Mapping[str, Any], template: Session | None) -> Endpoint:
        """Read a launched kernel's connection.

        Args:
            info: what its provisioner returned.
            template: a session with the packer of this server's kernels.
        """
        session = Session() if template is None else template.clone()
        # It would print whole messages.
        session.debug = False
        session.signature_scheme = info.get("signature_scheme") or "hmac-sha256"
        session.key = _bytes(info["key"])
        transport = str(info.get("transport", "tcp"))
        between = "-" if transport == "ipc" else ":"
        key = info.get("curve_publickey")
        return cls(
            url=f"{transport}://{info['ip']}{between}{info['control_port']}",
            session=session,
            serverkey=_bytes(key) if key else None,
        )


class ControlSocket:
    """Connected for as long as it is not closed; to be made and used on one event loop.

    Args:
        endpoint: the kernel's.
        beat: seconds; how soon a lost connection is noticed, and given up, follows from it.
    """

    def __init__(self, endpoint: Endpoint, beat: float) -> None:
        self._session = endpoint.session
        self._absence = _ABSENCE * beat
        self._incoming: asyncio.Queue[list[bytes] | None] = asyncio.Queue()
        self._socket = socket = _context().socket(zmq.DEALER)
        socket.linger = 0
        # The kernel answers to this name, which outlives a lost connection.
        socket.routing_id = secrets.token_hex(16).encode()
        socket.heartbeat_ivl = round(_PING * beat * 1000)
        socket.heartbeat_timeout = socket.heartbeat_ttl = round(_PING_TIMEOUT * beat * 1000)
        socket.reconnect_ivl_max = _RETRY_MOST
        if endpoint.serverkey is not None:
            socket.curve_publickey, socket.curve_secretkey = zmq.curve_keypair()
            socket.curve_serverkey = endpoint.serverkey
        events = zmq.EVENT_DISCONNECTED | zmq.EVENT_HANDSHAKE_SUCCEEDED
        self._monitor = socket.get_monitor_socket(events)
        socket.connect(endpoint.url)
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._read()), loop.create_task(self._watch())]

    async def kernel_protocol(self) -> int | None:
        """Ask the kernel for the protocol of its half; wait until it runs.

        Returns:
            0 for a kernel without our half, None when it has gone.
        """
        self._transmit(self._session.msg("kernel_info_request", {}))
        while (frames := await self._incoming.get()) is not None:
            message = self._verified(frames)
            if message is not None and message["msg_type"] == "kernel_info_reply":
                protocol = message["metadata"].get(MARK)
                return protocol if type(protocol) is int else 0
        return None

    async def messages(self) -> AsyncIterator[wire.Message]:
        """Yield what the kernel's half sends, until the kernel has gone.

        Raises:
            WireError: a message that is signed, and not of our protocol.
        """
        while (frames := await self._incoming.get()) is not None:
            message = self._verified(frames)
            if message is None or message["msg_type"] != MESSAGE:
                continue
            line = opened(self._session.key, message["content"], message["buffers"])
            if line is None:
                raise WireError("a message that was changed on its way")
            yield wire.decode(line.rstrip(b"\n"))

    def send(self, message: wire.Message) -> bool:
        """Queue a message; False when the kernel reads none any more."""
        line = wire.encode(message)
        content = envelope(self._session.key, message.kind, line)
        return self._transmit(self._session.msg(REQUEST, content), line)

    def _transmit(self, message: dict[str, Any], *buffers: bytes) -> bool:
        frames = [*self._session.serialize(message), *buffers]
        sent = self._socket.send_multipart(frames, flags=zmq.NOBLOCK)
        # Without waiting it is done when it returns, whatever the annotation says.
        assert isinstance(sent, asyncio.Future)
        return sent.exception() is None

    def _verified(self, frames: list[bytes]) -> dict[str, Any] | None:
        """Return a message with a good signature; what anybody else sends is nothing."""
        try:
            _, parts = self._session.feed_identities(frames)
            return dict(self._session.deserialize(parts))
        except Exception:  # noqa: BLE001 - whatever a stranger sent, it may raise anything
            return None

    async def _read(self) -> None:
        while True:
            self._incoming.put_nowait(await self._socket.recv_multipart())

    async def _watch(self) -> None:
        """Find out when the kernel has gone."""
        await self._event(zmq.EVENT_HANDSHAKE_SUCCEEDED)
        back = True
        while back:
            await self._event(zmq.EVENT_DISCONNECTED)
            try:
                async with asyncio.timeout(self._absence):
                    await self._event(zmq.EVENT_HANDSHAKE_SUCCEEDED)
            except TimeoutError:
                back = False
        self._incoming.put_nowait(None)

    async def _event(self, which: int) -> None:
        while (await recv_monitor_message(self._monitor))["event"] != which:
            pass

    def close(self) -> None:
        """Close the connection; whoever reads is told that the kernel has gone."""
        if self._socket.closed:
            return
        for task in self._tasks:
            task.cancel()
        self._incoming.put_nowait(None)
        self._socket.disable_monitor()
        self._monitor.close(linger=0)
        self._socket.close(linger=0)


@functools.cache
def _context() -> zmq.asyncio.Context:
    """Return a context of our own: Jupyter destroys its own with all sockets in it."""
    context = zmq.asyncio.Context()
    # Each kernel takes three, and 1,023 is what a context allows by itself.
    context.max_sockets = context.get(zmq.SOCKET_LIMIT)
    return context


def _bytes(text: str | bytes) -> bytes:
    return text.encode("ascii") if isinstance(text, str) else text

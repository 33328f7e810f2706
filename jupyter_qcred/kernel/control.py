"""The kernel's end of a channel inside Jupyter's control messages.

For kernels whose provisioner cannot pass a descriptor. The server asks on the control channel,
which ipykernel serves in a thread of its own: a running cell delays nothing. What the kernel has to
say goes to the server's connection at once, by its address on the kernel's socket; nobody polls,
and no request waits in the control queue.

A closed socket tells the other kind of channel that the server has gone. Here the server repeats
its offer regularly instead. Missed ones are counted, not timed: a kernel that was stopped, asleep
or held by foreign code sees one tick, whatever the clock says.
"""

from __future__ import annotations

import hmac
import os
import threading
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.core.errors import NotOnPlatformError, WireError
from jupyter_qcred.core.wire import PROTOCOL, Claim, Offer, decode, encode

from .envelope import MESSAGE, REQUEST, envelope, opened
from .hardening import hide_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jupyter_qcred.core.errors import QcredError

    from .claim import BootConfig

_MISSED: Final = 3
"""Offers in a row that may fail to come before the server counts as gone."""


class ControlChannel:
    """What a client of ours needs of a socket, over an ipykernel's control channel.

    One connection is served: the first whose offer carries this launch's nonce.

    Attributes:
        on_silence: called with the reason once the server counts as gone, in a thread of ours.
    """

    def __init__(self, config: BootConfig) -> None:
        self._config = config
        self.on_silence: Callable[[QcredError], None] = _ignore
        self._incoming: SimpleQueue[bytes] = SimpleQueue()
        self._kernel: Any = None
        self._peer: list[bytes] | None = None
        self._early: list[bytes] = []
        self._dumpable = True
        self._beats = threading.Event()
        self._silent = False
        self._closed = False
        self._pid = os.getpid()

    def attach(self, kernel: Any) -> None:
        """Serve our requests on an ipykernel's control channel, before it starts to read it."""
        self._kernel = kernel
        kernel.control_handlers[REQUEST] = self.handle

    # -- what the client calls, from any thread ------------------------------------------------

    def recv(self, size: int, /) -> bytes:  # noqa: ARG002 - a socket's signature
        """Wait for the server's next line; empty once the channel was closed."""
        return b"" if self._closed else self._incoming.get()

    def sendall(self, data: bytes, /) -> None:
        """Send a line, as soon as the server has made itself known.

        Raises:
            ConnectionError: the server has gone.
        """
        if self._closed or self._silent:
            raise ConnectionError
        self._kernel.control_thread.io_loop.add_callback(self._send_line, data)

    def close(self) -> None:
        """End it. In a forked child nothing is touched: all of it belongs to the parent."""
        self._closed = True
        if os.getpid() == self._pid:
            self._incoming.put(b"")

    # -- on ipykernel's control thread ---------------------------------------------------------

    def handle(self, _stream: object, idents: list[bytes], msg: dict[str, Any]) -> None:
        """Take a request in; the answer, if there is one, is a message of its own."""
        sealed = [buffer.take() for buffer in msg["buffers"]]
        line = opened(self._kernel.session.key, msg["content"], sealed)
        if line is None or self._closed:
            return
        if msg["content"].get("kind") == Offer.kind:
            self._offered(idents, line)
        elif idents == self._peer:
            self._incoming.put(line)

    def _offered(self, idents: list[bytes], line: bytes) -> None:
        with suppress(WireError):
            offer = decode(line)
            if isinstance(offer, Offer) and self._is_for_us(offer):
                self._claim(idents)

    def _is_for_us(self, offer: Offer) -> bool:
        same = hmac.compare_digest(offer.nonce.encode(), self._config.nonce.encode())
        return same and offer.protocol == PROTOCOL

    def _claim(self, idents: list[bytes]) -> None:
        if self._peer is None:
            self._dumpable = not (self._config.hide_memory and hide_memory())
            self._peer = idents
            threading.Thread(target=self._listen, name="qcred-silence", daemon=True).start()
        elif idents != self._peer:
            return  # somebody else who knows the connection file
        self._silent = False
        self._beats.set()
        claim = Claim(nonce=self._config.nonce, pid=self._pid, dumpable=self._dumpable)
        self._push(encode(claim))
        while self._early:
            self._push(self._early.pop(0))

    def _send_line(self, line: bytes) -> None:
        if self._peer is None:
            self._early.append(line)  # a cell that was faster than the server's offer
        else:
            self._push(line)

    def _push(self, line: bytes) -> None:
        kernel = self._kernel
        content = envelope(kernel.session.key, MESSAGE, line)
        kernel.session.send(
            kernel.control_stream, MESSAGE, content, ident=self._peer, buffers=[line]
        )

    # -- the thread that listens for silence ---------------------------------------------------

    def _listen(self) -> None:
        missed = 0
        while not self._closed:
            missed = 0 if self._beats.wait(self._config.beat * 1.5) else missed + 1
            self._beats.clear()
            if missed == _MISSED:
                self._silent = True
                self.on_silence(_gone())


class Sealed:
    """A buffer that can be taken out once and shows nothing."""

    __slots__ = ("__data",)

    def __init__(self, data: bytes) -> None:
        self.__data: bytes | None = data

    def take(self) -> bytes:
        """Return the bytes; nothing the second time."""
        data, self.__data = self.__data, None
        return data or b""

    def __repr__(self) -> str:
        return "<sealed>"


def seal(buffers: Sequence[Any]) -> list[Sealed]:
    """Return buffers that may be logged and kept."""
    return [Sealed(bytes(buffer)) for buffer in buffers]


def _ignore(why: QcredError) -> None:
    """Nobody holds anything yet."""


def _gone() -> NotOnPlatformError:
    return NotOnPlatformError(
        "The Jupyter server that issued this kernel's credentials has not been heard for a while",
        next_step="Restart the kernel from a running server, or wait until it is back",
    )

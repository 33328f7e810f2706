"""A relay on the loopback interface that misbehaves as told."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from jupyter_qcred.testing.loopback import Scripted

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Relay", "Scripted"]


class Relay:
    """A TCP relay to one HTTP server that can lose a reply after it was given.

    ``lose_reply_to(text)``: the next request whose first bytes hold ``text`` is passed on; when its
    reply arrives both connections are cut instead.
    """

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self._target = (str(parts.hostname), int(parts.port or 0))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._marker: bytes | None = None
        self.lost = threading.Event()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._run(self._accept)

    @property
    def address(self) -> str:
        """The relay's URL."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def lose_reply_to(self, text: str) -> None:
        """Lose the reply to the next request that holds ``text``."""
        self.lost.clear()
        self._marker = text.encode()

    def _run(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._target)
                self._open += [near, far]
                doomed = threading.Event()
                self._run(self._copy, near, far, doomed, True)
                self._run(self._copy, far, near, doomed, False)

    def _copy(
        self, source: socket.socket, sink: socket.socket, doomed: threading.Event, out: bool
    ) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if out and self._marker is not None and self._marker in data:
                    self._marker = None
                    doomed.set()
                if not out and doomed.is_set():
                    break
                sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        if not out and doomed.is_set():
            self.lost.set()

    def close(self) -> None:
        """Close everything."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        for thread in self._threads:
            thread.join(5)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

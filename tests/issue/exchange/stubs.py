"""Vendors on the loopback interface: with TLS, slow, endless, or gone in the middle."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from support.loopback import Scripted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def certificate(directory: Path, host: str = "IP:127.0.0.1") -> tuple[Path, Path]:
    """Make a certificate that signs itself; return it and its key."""
    cert, key = directory / "cert.pem", directory / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", "/CN=vendor", "-addext", f"subjectAltName={host}",
         "-keyout", str(key), "-out", str(cert)],
        check=True, capture_output=True,
    )  # fmt: skip
    return cert, key


class Tls(Scripted):
    """The same as ``Scripted``, behind TLS."""

    def __init__(self, answer: Callable[..., tuple[object, ...]], cert: Path, key: Path) -> None:
        super().__init__(answer)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    @property
    def address(self) -> str:
        """The server's URL."""
        return super().address.replace("http://", "https://")


class Dated(Scripted):
    """The same as ``Scripted``, with a clock of its own."""

    def __init__(self, answer: Callable[..., tuple[object, ...]], date: str) -> None:
        super().__init__(answer)
        handler = self._server.RequestHandlerClass
        handler.date_time_string = lambda *_: date  # type: ignore[attr-defined]


class Raw:
    """Reads a request's head, then hands the connection to a function, until closed.

    Attributes:
        closing: set when the stub is to end: what a function waits on.
    """

    def __init__(self, serve: Callable[[socket.socket, threading.Event], None]) -> None:
        self._serve = serve
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.closing = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    @property
    def address(self) -> str:
        """The stub's URL."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def _run(self) -> None:
        with suppress(OSError):
            while not self.closing.is_set():
                connection, _ = self._listener.accept()
                with connection, suppress(OSError):
                    connection.recv(65536)
                    self._serve(connection, self.closing)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.closing.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

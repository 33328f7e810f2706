"""Vendors on the loopback interface: by script, with TLS, slow, endless, or gone in the middle."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class QuietHandler(BaseHTTPRequestHandler):
    """Answers GET and POST by ``answer``, and logs nothing."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        """Read the request and send its answer."""
        raise NotImplementedError

    def do_GET(self) -> None:
        """Answer."""
        self.answer()

    def do_POST(self) -> None:
        """Answer."""
        self.answer()

    def log_message(self, *args: object) -> None:
        """Log nothing."""


class Served:
    """An HTTP server on a free port, from its making until it is closed.

    Args:
        handler: of the requests.
        context: for TLS; plain HTTP without.
    """

    def __init__(
        self, handler: type[BaseHTTPRequestHandler], context: ssl.SSLContext | None = None
    ) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._scheme = "http" if context is None else "https"
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def address(self) -> str:
        """The server's URL."""
        return f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        """Stop the server."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def tls(cert: Path, key: Path) -> ssl.SSLContext:
    """Return what a server needs for TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context


class Scripted(Served):
    """An HTTP server that answers every request by a function.

    Args:
        answer: called with method, path and body; returns status, body (bytes, or what becomes
            JSON) and optionally headers that replace ours.
        context: for TLS; plain HTTP without.
    """

    def __init__(
        self,
        answer: Callable[[str, str, bytes], tuple[Any, ...]],
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.requests: list[tuple[str, str, bytes]] = []
        self.headers: dict[str, str] = {}
        outer = self

        class Handler(QuietHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                outer.requests.append((self.command, self.path, body))
                outer.headers = dict(self.headers)
                status, content, *headers = answer(self.command, self.path, body)
                data = content if isinstance(content, bytes) else json.dumps(content).encode()
                self.send_response(status)
                sent = {"Content-Type": "application/json", "Content-Length": str(len(data))}
                if headers:  # it is closed below: nobody may reuse it
                    sent["Connection"] = "close"
                for name, value in {**sent, **(headers[0] if headers else {})}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)
                if headers:  # such as a length that is not true
                    self.close_connection = True

        super().__init__(Handler, context)


def certificate(directory: Path, host: str = "IP:127.0.0.1") -> tuple[Path, Path]:
    """Make a certificate that signs itself; return it and its key."""
    cert, key = directory / "cert.pem", directory / "key.pem"
    subprocess.run(
        ["openssl", "req",  # noqa: S607 - wherever it is
         "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", "/CN=vendor", "-addext", f"subjectAltName={host}",
         "-keyout", str(key), "-out", str(cert)],
        check=True, capture_output=True,
    )  # fmt: skip
    return cert, key


class Tls(Scripted):
    """The same as ``Scripted``, behind TLS."""

    def __init__(self, answer: Callable[..., tuple[object, ...]], cert: Path, key: Path) -> None:
        super().__init__(answer, tls(cert, key))


class Dated(Scripted):
    """The same as ``Scripted``, with a clock of its own."""

    def __init__(self, answer: Callable[..., tuple[object, ...]], date: str) -> None:
        super().__init__(answer)
        handler = self._server.RequestHandlerClass
        handler.date_time_string = lambda *_: date  # type: ignore[attr-defined]


@contextmanager
def nowhere() -> Iterator[str]:
    """Yield an address that refuses connections, and that nobody else can take meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # and does not listen
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


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

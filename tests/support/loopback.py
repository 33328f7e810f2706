"""Small servers on the loopback interface that misbehave as told."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable


class Scripted:
    """An HTTP server that answers every request by a function.

    Args:
        answer: called with method, path and body; returns status, body (bytes, or what becomes
            JSON) and optionally headers that replace ours.
    """

    def __init__(self, answer: Callable[[str, str, bytes], tuple[Any, ...]]) -> None:
        self.requests: list[tuple[str, str, bytes]] = []
        self.headers: dict[str, str] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
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

            def do_GET(self) -> None:
                self._answer()

            def do_POST(self) -> None:
                self._answer()

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def address(self) -> str:
        """The server's URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        """Stop the server."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


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

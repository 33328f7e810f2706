"""A browser's part of the conversation with a Jupyter server, as fast as Python does it.

It speaks the websocket protocol that JupyterLab speaks (``v1.kernel.websocket.jupyter.org``), in
which the server passes a kernel's bytes on as they are.
"""

from __future__ import annotations

import json
import uuid
from itertools import pairwise
from typing import Any, Final

import requests
import websocket

_PROTOCOL: Final = "v1.kernel.websocket.jupyter.org"
_TIMEOUT: Final = 120.0
"""Seconds after which a run is given up."""


class Browser:
    """One user's connection to one server, at ``url``."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self._token = token
        self._http = requests.Session()
        self._http.trust_env = False
        self._http.headers["Authorization"] = f"token {token}"

    def another(self) -> Browser:
        """Return one more, with a connection of its own, for another thread."""
        return Browser(self.url, self._token)

    def open_notebook(self, path: str) -> Notebook:
        """Start a kernel for a notebook and connect to it; returns when the server lets us in."""
        session = self.request(
            "POST",
            "api/sessions",
            {"path": path, "name": path, "type": "notebook", "kernel": {"name": "python3"}},
        )
        socket = websocket.create_connection(
            f"{self.url.replace('http', 'ws', 1)}api/kernels/{session['kernel']['id']}/channels",
            header=[f"Authorization: {self._http.headers['Authorization']!s}"],
            subprotocols=[_PROTOCOL],
            timeout=_TIMEOUT,
            skip_utf8_validation=True,
        )
        return Notebook(self, session["id"], session["kernel"]["id"], socket)

    def request(self, method: str, path: str, body: object = None) -> Any:
        """Send a request; returns the answer's JSON, None where there is none.

        Raises:
            requests.HTTPError: the server refused it.
        """
        return self.send(method, path, None if body is None else json.dumps(body).encode())

    def send(self, method: str, path: str, body: bytes | None) -> Any:
        """Send a request whose body is JSON already.

        Raises:
            requests.HTTPError: the server refused it.
        """
        answer = self._http.request(method, self.url + path, data=body, timeout=_TIMEOUT)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def close(self) -> None:
        """Close the connection."""
        self._http.close()


class Notebook:
    """An open notebook with its kernel."""

    def __init__(
        self, browser: Browser, session_id: str, kernel_id: str, socket: websocket.WebSocket
    ) -> None:
        self._browser = browser
        self._session_id = session_id
        self.kernel_id = kernel_id
        self._socket = socket

    def execute(self, code: str) -> str:
        """Run a cell; returns its text when reply and idle are here.

        Raises:
            RuntimeError: the cell failed.
        """
        number = uuid.uuid4().hex
        self._socket.send_binary(_execute_request(number, code))
        texts: list[str] = []
        replied = idle = False
        while not (replied and idle):
            channel, header, parent, content = _parts(self._socket.recv())
            if json.loads(parent).get("msg_id") != number:
                continue
            kind = json.loads(header)["msg_type"]
            if kind == "execute_reply" and channel == b"shell":
                replied = True
                if _read(content)["status"] != "ok":
                    raise RuntimeError(f"the cell {code!r} failed")
            elif kind == "status":
                idle = _read(content)["execution_state"] == "idle"
            else:
                texts.append(_text(kind, content))
        return "".join(texts)

    def close(self) -> None:
        """End the kernel."""
        self._socket.close()
        self._browser.request("DELETE", f"api/sessions/{self._session_id}")


def _execute_request(number: str, code: str) -> bytes:
    header = {
        "msg_id": number,
        "msg_type": "execute_request",
        "username": "",
        "session": number,
        "version": "5.3",
        "date": "",
    }
    content = {
        "code": code,
        "silent": False,
        "store_history": True,
        "user_expressions": {},
        "allow_stdin": False,
        "stop_on_error": True,
    }
    parts = [b"shell", *(json.dumps(part).encode() for part in (header, {}, {}, content))]
    offsets = [8 * (len(parts) + 2)]
    for part in parts:
        offsets.append(offsets[-1] + len(part))
    numbers = [len(offsets), *offsets]
    return b"".join([*(number.to_bytes(8, "little") for number in numbers), *parts])


def _parts(frame: bytes | str) -> tuple[bytes, bytes, bytes, memoryview]:
    """Cut a message; a large content is not copied."""
    assert isinstance(frame, bytes), "the server did not take the protocol that we offered"
    view = memoryview(frame)
    count = int.from_bytes(view[:8], "little")
    offsets = [int.from_bytes(view[8 * at : 8 * at + 8], "little") for at in range(1, count + 1)]
    channel, header, parent, _, content = (view[start:end] for start, end in pairwise(offsets[:6]))
    return bytes(channel), bytes(header), bytes(parent), content


def _read(content: memoryview) -> Any:
    return json.loads(bytes(content))


def _text(kind: str, content: memoryview) -> str:
    """Text of streams and results; a display is what is measured, so it is not read."""
    if kind == "stream":
        return str(_read(content)["text"])
    if kind == "execute_result":
        return str(_read(content)["data"]["text/plain"])
    return ""

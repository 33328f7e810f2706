"""What a front-end does, without one: the server's REST API, and a kernel's websocket."""

from __future__ import annotations

import asyncio
import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from jupyter_qcred.core.errors import QcredError

if TYPE_CHECKING:
    from jupyter_qcred.core.secret import Secret

_PATIENCE: Final = 60.0
"""Seconds for one answer, or one cell."""

_OUTPUTS: Final = {
    "stream": ("name", "text"),
    "display_data": ("data", "metadata"),
    "execute_result": ("data", "metadata", "execution_count"),
    "error": ("ename", "evalue", "traceback"),
}
"""Messages that a notebook keeps, and their fields there."""


@dataclass(frozen=True, slots=True)
class Ran:
    """One cell that was run.

    Attributes:
        outputs: as a notebook stores them.
        error: name and words of what it raised; empty where it did not.
    """

    outputs: list[dict[str, Any]]
    error: str


class FrontEnd:
    """A client of one server.

    Args:
        url: of the server, with a slash at the end.
        token: its login token.
    """

    def __init__(self, url: str, token: Secret) -> None:
        self._url = url
        self._token = token

    async def request(self, method: str, path: str, body: object = None) -> Any:
        """Make one REST request; return the decoded answer, None where there is none.

        Raises:
            QcredError: it is refused, or not answered.
        """
        request = HTTPRequest(
            self._url + path,
            method=method,
            headers=self._headers(),
            body=None if body is None else json.dumps(body),
            request_timeout=_PATIENCE,
        )
        try:
            answer = await AsyncHTTPClient().fetch(request, raise_error=False)
        except OSError:
            raise _failed(f"The Jupyter server does not answer {method} {path}") from None
        if answer.code >= 300:
            raise _failed(f"The Jupyter server answers {method} {path} with {answer.code}")
        return json.loads(answer.body) if answer.body else None

    async def start_kernel(self, path: str) -> Kernel:
        """Start a session with a kernel for a notebook, and connect to it.

        Raises:
            QcredError: as for ``request``.
        """
        session = await self.request(
            "POST",
            "api/sessions",
            {"path": path, "name": path, "type": "notebook", "kernel": {"name": "python3"}},
        )
        address = f"{self._url.replace('http', 'ws', 1)}api/kernels/{session['kernel']['id']}"
        request = HTTPRequest(f"{address}/channels", headers=self._headers())
        return Kernel(self, session["id"], await websocket_connect(request))

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"token {self._token.reveal()}"}


class Kernel:
    """A notebook's kernel, over the websocket that a browser uses.

    Attributes:
        received: every message as it came.
    """

    def __init__(
        self, frontend: FrontEnd, session_id: str, socket: WebSocketClientConnection
    ) -> None:
        self._frontend = frontend
        self._session_id = session_id
        self._socket = socket
        self.received: list[bytes] = []

    async def run(self, code: str) -> Ran:
        """Run a cell.

        Raises:
            QcredError: the kernel has gone, or does not finish in time.
        """
        number = uuid.uuid4().hex
        await self._socket.write_message(_execute_request(number, code))
        outputs: list[dict[str, Any]] = []
        error, replied, idle = "", False, False
        while not (replied and idle):
            message = await self._next()
            if message["parent_header"].get("msg_id") != number:
                continue
            kind, content = message["header"]["msg_type"], message["content"]
            replied = replied or kind == "execute_reply"
            idle = idle or (kind == "status" and content["execution_state"] == "idle")
            if kind in _OUTPUTS:
                kept = {name: content[name] for name in _OUTPUTS[kind]}
                outputs.append({"output_type": kind, **kept})
            if kind == "error":
                error = f"{content['ename']}: {content['evalue']}"
        return Ran(outputs, error)

    async def _next(self) -> Any:
        try:
            async with asyncio.timeout(_PATIENCE):
                raw = await self._socket.read_message()
        except TimeoutError:
            raise _failed(f"The kernel did not finish a cell within {_PATIENCE:g} s") from None
        if raw is None:
            raise _failed("The kernel's websocket was closed")
        self.received.append(raw.encode() if isinstance(raw, str) else raw)
        return json.loads(raw)

    async def shut_down(self) -> None:
        """End the session and its kernel, as "Shut Down Kernel" does. Raises as ``request``."""
        self._socket.close()
        await self._frontend.request("DELETE", f"api/sessions/{self._session_id}")


def _execute_request(number: str, code: str) -> str:
    header = {"msg_id": number, "msg_type": "execute_request", "session": number}
    content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
    return json.dumps(
        {
            "channel": "shell",
            "header": {**header, "username": "", "date": "", "version": "5.3"},
            "parent_header": {},
            "metadata": {},
            "content": {**content, "user_expressions": {}, "stop_on_error": True},
        }
    )


def _failed(reason: str) -> QcredError:
    return QcredError(reason, next_step="Add --keep, and read server.log in the named directory")

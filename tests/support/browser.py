"""A browser's side of a kernel's websocket, in either protocol, that keeps all it is sent."""

from __future__ import annotations

import json
import time
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import websocket
from jupyter_server.services.kernels.connection.base import (
    deserialize_binary_message,
    deserialize_msg_from_ws_v1,
    serialize_msg_to_ws_v1,
)
from support.jupyter import TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.jupyter import JupyterServer

V1 = "v1.kernel.websocket.jupyter.org"
LEGACY = ""
PARTS = ("header", "parent_header", "metadata", "content")


class Browser:
    """One websocket to one kernel.

    Attributes:
        raw: everything received, as it came.
        messages: the same, read; each has ``channel`` and ``buffers``.
    """

    def __init__(self, server: JupyterServer, kernel: str, protocol: str = V1) -> None:
        self.protocol = protocol
        self.session = uuid.uuid4().hex
        self.raw: list[bytes | str] = []
        self.messages: list[dict[str, Any]] = []
        address = server.url.replace("http", "ws", 1)
        self._socket = websocket.create_connection(
            f"{address}api/kernels/{kernel}/channels?session_id={self.session}&token={TOKEN}",
            timeout=60,
            subprotocols=[protocol] if protocol else None,
        )

    def close(self) -> None:
        self._socket.close()

    @property
    def seen(self) -> list[str]:
        """All that came, as texts in which a value would be readable."""
        texts = [raw if isinstance(raw, str) else raw.decode("latin-1") for raw in self.raw]
        return [*texts, *(json.dumps(m, default=repr) for m in self.messages)]

    def send(self, kind: str, content: dict[str, Any], channel: str = "shell") -> str:
        number = uuid.uuid4().hex
        header = {"msg_id": number, "msg_type": kind, "username": "", "session": self.session}
        header |= {"version": "5.3", "date": "2026-05-01T14:02:00Z"}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
        if self.protocol == V1:
            data = serialize_msg_to_ws_v1(message, channel, lambda part: json.dumps(part).encode())
            self._socket.send_binary(data)
        else:
            self._socket.send(json.dumps(message | {"channel": channel}))
        return number

    def receive(self) -> dict[str, Any]:
        """The next message."""
        raw = self._socket.recv()
        self.raw.append(raw)
        if isinstance(raw, bytes) and self.protocol == V1:
            channel, parts = deserialize_msg_from_ws_v1(raw)
            message = {name: json.loads(part) for name, part in zip(PARTS, parts, strict=False)}
            message |= {"channel": channel, "buffers": parts[4:]}
        else:
            message = deserialize_binary_message(raw) if isinstance(raw, bytes) else json.loads(raw)
        message["msg_type"] = message["header"]["msg_type"]
        self.messages.append(message)
        return message

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        """Receive until a message is ``wanted``; return all that came."""
        came = [self.receive()]
        while not wanted(came[-1]):
            came.append(self.receive())
        return came

    def request(self, kind: str, content: dict[str, Any], say: str = "") -> list[dict[str, Any]]:
        """Ask, and return what came for it until it was answered; questions are answered too."""
        number = self.send(kind, content)
        came: list[dict[str, Any]] = []
        replied = idle = False
        while not (replied and idle):
            message = self.receive()
            if message["parent_header"].get("msg_id") != number:
                continue
            came.append(message)
            replied |= message["channel"] == "shell"
            idle |= message["content"].get("execution_state") == "idle"
            if message["msg_type"] == "input_request":
                self.send("input_reply", {"value": say}, "stdin")
        return came

    def ready(self, seconds: float = 60) -> None:
        """Wait until the kernel answers and is heard: one that was restarted may not be, at first.

        Raises:
            TimeoutError: it did not within ``seconds``.
        """
        deadline = time.monotonic() + seconds
        self._socket.settimeout(1)
        while time.monotonic() < deadline:
            number = self.send("kernel_info_request", {})
            with suppress(websocket.WebSocketTimeoutException):
                self.until(
                    lambda m, number=number: (
                        m["parent_header"].get("msg_id") == number
                        and m["content"].get("execution_state") == "idle"
                    )
                )
                self._socket.settimeout(60)
                return
        raise TimeoutError

    def execute(self, code: str, say: str = "") -> list[dict[str, Any]]:
        """Run a cell; return all that came for it."""
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}}
        return self.request("execute_request", content | {"allow_stdin": True}, say)


def text_of(messages: list[dict[str, Any]], name: str = "stdout") -> str:
    """The text of a stream, joined."""
    return "".join(
        message["content"]["text"]
        for message in messages
        if message["msg_type"] == "stream" and message["content"]["name"] == name
    )

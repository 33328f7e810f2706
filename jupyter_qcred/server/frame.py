"""A kernel's message as it goes to a browser: read from, and written to, either protocol.

``v1.kernel.websocket.jupyter.org`` carries the kernel's own parts as they are; the older one JSON,
or JSON and buffers. Which of them a message is shows in its first bytes: the newer begins with a
small number in eight bytes, least significant first, the older with one in four, most significant
first.
"""

from __future__ import annotations

import json
from typing import Any, Final, Protocol

from jupyter_client.jsonutil import json_default
from jupyter_server.services.kernels.connection.base import (
    deserialize_binary_message,
    deserialize_msg_from_ws_v1,
    serialize_binary_message,
    serialize_msg_to_ws_v1,
)

FIELDS: Final = ("header", "parent_header", "metadata", "content")

_MOST_PARTS: Final = 1 << 20


class Frame(Protocol):
    """One message; reading a field may raise, as it is what the kernel sent."""

    buffers: list[Any]

    def field(self, name: str) -> Any:
        """Return one of ``FIELDS`` as a JSON value."""
        ...

    def written(self, fields: dict[str, Any], buffers: list[Any]) -> bytes | str:
        """Return the message with other fields, those that are given, and other buffers."""
        ...


def read(message: bytes | str) -> Frame:
    """Take a message apart as far as its protocol goes.

    Raises:
        ValueError: it is of neither protocol.
        RecursionError: it is nested too deep to be read.
    """
    return _Parts(message) if isinstance(message, bytes) and _is_v1(message) else _Object(message)


def _is_v1(message: bytes) -> bool:
    number = int.from_bytes(message[:8], "little")
    if not len(FIELDS) + 2 <= number < _MOST_PARTS:
        return False
    return int.from_bytes(message[8:16], "little") == 8 * (number + 1)


class _Parts:
    """A message of protocol v1."""

    def __init__(self, message: bytes) -> None:
        self._channel, self._parts = deserialize_msg_from_ws_v1(  # type: ignore[no-untyped-call]
            message
        )
        self.buffers: list[Any] = self._parts[len(FIELDS) :]

    def field(self, name: str) -> Any:
        return json.loads(self._parts[FIELDS.index(name)])

    def written(self, fields: dict[str, Any], buffers: list[Any]) -> bytes:
        parts = [
            # ASCII holds every text a kernel can send, also what is no valid Unicode.
            json.dumps(fields[name]).encode() if name in fields else part
            for name, part in zip(FIELDS, self._parts, strict=False)
        ]
        written: bytes = serialize_msg_to_ws_v1(  # type: ignore[no-untyped-call]
            parts + buffers, self._channel
        )
        return written


class _Object:
    """A message of the older protocol, which has no name."""

    def __init__(self, message: bytes | str) -> None:
        if isinstance(message, bytes):
            self._message = deserialize_binary_message(  # type: ignore[no-untyped-call]
                message
            )
        else:
            self._message = json.loads(message)
        if not isinstance(self._message, dict):
            raise ValueError("not a message")  # noqa: TRY004 - it is a value that somebody sent
        self.buffers: list[Any] = self._message.get("buffers") or []

    def field(self, name: str) -> Any:
        return self._message[name]

    def written(self, fields: dict[str, Any], buffers: list[Any]) -> bytes | str:
        message = {**self._message, **fields, "buffers": buffers}
        header = fields.get("header")
        if header is not None:
            message.update(
                {name: header[name] for name in ("msg_id", "msg_type") if name in header}
            )
        if buffers:
            binary: bytes = serialize_binary_message(  # type: ignore[no-untyped-call]
                message
            )
            return binary
        return json.dumps(message, default=json_default)

"""Redact recorded messages by the code that redacts what a kernel sends."""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING, Any, Final

from jupyter_qcred.kernel.session import RedactingSession

from .files import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_qcred.redact import Redactor

    Message = dict[str, Any]

_FOREVER: Final = 7 * 24 * 3600.0
_KEPT: Final = ("header", "parent_header", "metadata", "content")


class LiveSession(RedactingSession):
    """The kernel's session; a held text leaves when the messages say so, never by the clock."""

    hold_delay = _FOREVER


class LiveRedactor:
    """Sends messages through a session, and keeps what comes out."""

    def __init__(self, redactor: Redactor) -> None:
        self._findings: dict[str, int] = {}
        self._session = LiveSession(
            redactor=redactor, on_redacted=self._found, key=b"", session="live", username=""
        )
        self._stream = _Stream(self._session)

    def redact(self, lines: IO[bytes]) -> tuple[list[str], Mapping[str, int]]:
        """Return the messages that would be sent, one a line, and the findings by credential.

        Raises:
            RefusedError: a line is no message; it names its number.
        """
        parents: dict[str, Message] = {}
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            message = _message(line, number)
            self._stream.given.add(message["msg_id"])
            parents.setdefault(message["parent_header"].get("msg_id", ""), message)
            try:
                self._session.send(self._stream, message)
            except (TypeError, ValueError, RecursionError):
                raise RefusedError(f"line {number} can't be sent as a message") from None
        for message in parents.values():
            # The end of a cell is what lets out the rest of its text; it was not in the file.
            parent = {"header": message["parent_header"]}
            self._session.send(self._stream, "status", {"execution_state": "idle"}, parent)
            self._stream.sent.pop()
        told = [_written(message) for message in self._stream.sent]
        return told, self._findings

    def _found(self, findings: Mapping[str, int], _where: str) -> None:
        for credential, number in findings.items():
            self._findings[credential] = self._findings.get(credential, 0) + number


class _Stream:
    """What a session takes for a socket."""

    def __init__(self, session: RedactingSession) -> None:
        self._session = session
        self.given: set[str] = set()
        self.sent: list[Message] = []

    def send_multipart(self, parts: list[Any], copy: bool = True) -> None:  # noqa: FBT001, FBT002, ARG002 - the signature of a socket
        """Keep a message as its receiver would read it."""
        _, (_, *packed) = self._session.feed_identities([bytes(part) for part in parts])
        message = dict(zip(_KEPT, map(self._session.unpack, packed), strict=False))
        header = message["header"]
        if header.get("msg_id") not in self.given:
            # The session made it for a text that it had held back: with an id by chance.
            message["header"] = {"msg_type": header["msg_type"]}
        elif header["msg_id"].startswith(_LINE):
            del header["msg_id"]
        self.sent.append(message)


_LINE: Final = "\0line "


def _message(line: bytes, number: int) -> Message:
    try:
        given = json.loads(line)
    except (ValueError, RecursionError):
        given = None
    if not _is_message(given):
        raise RefusedError(
            f"line {number} is no message: a JSON object with header.msg_type, "
            "parent_header.msg_id and content"
        )
    header = {"msg_id": f"{_LINE}{number}", **given["header"]}
    return {
        "header": header,
        "msg_id": header["msg_id"],
        "msg_type": header["msg_type"],
        "parent_header": given.get("parent_header") or {},
        "metadata": given.get("metadata") or {},
        "content": given.get("content", {}),
    }


def _is_message(given: Any) -> bool:
    if not isinstance(given, dict):
        return False
    header, parent = given.get("header"), given.get("parent_header") or {}
    if not isinstance(header, dict) or not isinstance(parent, dict):
        return False
    ids = (header.get("msg_id", ""), parent.get("msg_id", ""), header.get("msg_type"))
    return all(isinstance(one, str) for one in ids)


def _written(message: Message) -> str:
    # ASCII, so that half a surrogate pair can be written too.
    return json.dumps(message)

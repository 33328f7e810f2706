"""The session of a kernel whose messages hold no values.

Everything a kernel says passes ``Session.send``, and everything it says is made into bytes by
``serialize``: output, results, errors, replies, comms, on every channel. The first sees type,
parent and buffers, so it is where the end of a stream is held back until it is known whether a
value begins there; the second is a net below it for whoever builds messages by hand.

What cannot be checked is not sent: a short text says so in its place, in the shape which the type
of message asks for, so that the kernel and its clients go on.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, ClassVar, Final

from jupyter_client.session import DONE, Session, json_packer

from jupyter_qcred.core.errors import RedactionError
from jupyter_qcred.redact import Redactor, StreamWindow
from jupyter_qcred.redact.hold import HoldBack
from jupyter_qcred.redact.redactor import add

from .pack import pack_long
from .withheld import WITHHELD, withheld

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


_ENDS_HOLDING: Final = frozenset(
    {
        "display_data",
        "update_display_data",
        "execute_result",
        "error",
        "clear_output",
        "input_request",
        "execute_reply",
    }
)
"""What a reader expects to come after the text before it; ``status: idle`` too."""

_STREAM_NAMES: Final = ("stdout", "stderr")


class _Redacted(dict[str, Any]):
    """A message that was redacted, which ``serialize`` need not look at again."""


class _PackError(Exception):
    """The packer refuses a content; ``reason`` is what it raised."""

    def __init__(self, reason: Exception) -> None:
        self.reason = reason
        super().__init__()


class RedactingSession(Session):
    """A session that redacts what it sends.

    Attributes:
        redactor: shared by all sessions of the process unless one is given; while nothing is armed
            it costs one comparison per message.
        on_redacted: called with the findings and the type of message, from any thread; what it
            raises is dropped.
    """

    redactor: Redactor = Redactor()
    on_redacted: Callable[[Mapping[str, int], str], None] | None = None
    hold_delay: ClassVar[float] = 0.5

    def __init__(
        self,
        *,
        redactor: Redactor | None = None,
        on_redacted: Callable[[Mapping[str, int], str], None] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if redactor is not None:
            self.redactor = redactor
        if on_redacted is not None:
            self.on_redacted = on_redacted
        self._hold = HoldBack(
            lambda: StreamWindow(self.redactor),
            self._let_out,
            lambda findings: self._report(findings, "stream"),
            f"{WITHHELD}\n",
            self.hold_delay,
        )

    def clone(self) -> RedactingSession:
        """Return a copy with the same redactor, which holds back on its own."""
        copy = super().clone()
        assert isinstance(copy, RedactingSession)
        copy.redactor = self.redactor
        copy.on_redacted = self.on_redacted
        return copy

    def send(  # noqa: PLR0913, PLR0917 - the signature of the base class
        self,
        stream: Any,
        msg_or_type: dict[str, Any] | str,
        content: dict[str, Any] | None = None,
        parent: dict[str, Any] | None = None,
        ident: bytes | list[bytes] | None = None,
        buffers: list[Any] | None = None,
        track: bool = False,  # noqa: FBT001, FBT002 - the signature of the base class
        header: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> dict[str, Any] | None:
        """Send a message without values; returns what was sent, or would be once it is let out.

        A stream message whose text is held back whole is not sent at all: there is never an empty
        one.
        """
        if not self.redactor.generation:
            return super().send(
                stream, msg_or_type, content, parent, ident, buffers, track, header, metadata
            )
        if isinstance(msg_or_type, dict):
            msg = msg_or_type
            buffers = buffers or msg.get("buffers")
        else:
            msg = self.msg(msg_or_type, content, parent, header, metadata)
        if _is_text(msg) and not buffers:
            return self._send_text(stream, msg, ident)
        if _ends_holding(msg):
            self._report(self._hold.flush(_parent_id(msg)), "stream")
        safe, findings = self._safe(msg)
        clean_buffers = self._safe_buffers(buffers, findings)
        sent = super().send(stream, safe, ident=ident, buffers=clean_buffers, track=track)
        self._report(findings, msg["header"]["msg_type"])
        return None if sent is None else dict(sent)

    def serialize(
        self, msg: dict[str, Any], ident: list[bytes] | bytes | None = None
    ) -> list[bytes]:
        """Make the parts of a message, its content and metadata redacted."""
        if self.redactor.generation and type(msg) is not _Redacted:
            kind = msg["header"]["msg_type"]
            msg, findings = self._safe(msg)
            self._report(findings, kind)
        content = msg.get("content")
        if self.pack is json_packer and isinstance(content, dict) and self.redactor.generation:
            packed = pack_long(content, self.pack)
            if packed is not None:
                msg = _Redacted(msg, content=packed)
        return super().serialize(msg, ident)

    # -- streams

    def _send_text(
        self, stream: Any, msg: dict[str, Any], ident: bytes | list[bytes] | None
    ) -> dict[str, Any] | None:
        name, text = msg["content"]["name"], msg["content"]["text"]
        route = (stream, msg["parent_header"], ident)
        findings: dict[str, int] = {}
        metadata = self._safe({**msg, "content": {}})[0]["metadata"]
        with self._hold.lock:
            emit, found = self._hold.feed(_parent_id(msg), name, route, text)
            add(findings, found)
            safe = _Redacted(msg, content={"name": name, "text": emit}, metadata=metadata)
            sent = super().send(stream, safe, ident=ident) if emit else {**safe, "tracker": DONE}
        self._report(findings, "stream")
        return None if sent is None else dict(sent)

    def _let_out(self, route: Any, name: str, text: str) -> None:
        stream, parent, ident = route
        msg = self.msg("stream", {"name": name, "text": text}, parent=parent)
        # The socket of a kernel that is shutting down may be closed: then nobody reads it anyway.
        with contextlib.suppress(Exception):
            super().send(stream, _Redacted(msg), ident=ident)

    # -- everything else

    def _safe(self, msg: dict[str, Any]) -> tuple[_Redacted, dict[str, int]]:
        """Return the message without values, or one that says it was withheld.

        Raises:
            Exception: whatever the packer raises for what it cannot pack, as from the base class;
                nothing is sent then.
        """
        findings: dict[str, int] = {}
        safe = _Redacted(msg)
        try:
            safe["content"] = self._safe_part(msg.get("content"), findings)
            safe["metadata"] = self._safe_part(msg["metadata"], findings)
        except _PackError as error:
            raise error.reason from None
        except Exception:  # noqa: BLE001 - whatever it was, the message was not checked
            kind, content = withheld(msg["header"]["msg_type"], msg.get("content"))
            header = {**msg["header"], "msg_type": kind}
            safe.update(header=header, msg_type=kind, content=content, metadata={})
        return safe, findings

    def _safe_part(self, value: Any, findings: dict[str, int]) -> Any:
        if not value:
            return value
        if isinstance(value, bytes | str):
            return self._safe_packed(value, findings)
        redaction = self.redactor.tree(value)
        add(findings, redaction.findings)
        if redaction.opaque:
            return self._safe_plain(redaction.value, findings)
        return redaction.value

    def _safe_plain(self, value: Any, findings: dict[str, int]) -> Any:
        """Redact what the packer makes of objects that are not JSON (sets, arrays, generators)."""
        try:
            packed = self.pack(value)
        except Exception as error:  # noqa: BLE001 - a packer of the user's, it raises what it likes
            raise _PackError(error) from None
        redaction = self.redactor.tree(self.unpack(packed))
        add(findings, redaction.findings)
        if redaction.opaque and self.redactor.data(packed).findings:
            raise RedactionError("a value is inside an object that only its packer can read")
        return redaction.value

    def _safe_packed(self, packed: bytes | str, findings: dict[str, int]) -> Any:
        """Redact a content that somebody packed already, as in a relayed message."""
        data = packed.encode("utf-8", "surrogatepass") if isinstance(packed, str) else packed
        redaction = self.redactor.tree(self.unpack(data))
        add(findings, redaction.findings)
        return redaction.value if redaction.findings else packed

    def _safe_buffers(
        self, buffers: Sequence[Any] | None, findings: dict[str, int]
    ) -> list[Any] | None:
        return [self._safe_buffer(buffer, findings) for buffer in buffers] if buffers else None

    def _safe_buffer(self, buffer: Any, findings: dict[str, int]) -> Any:
        try:
            size = memoryview(buffer).nbytes
        except TypeError:
            return buffer  # no buffer at all: the base class refuses it with its own words
        try:
            redaction = self.redactor.data(buffer)
        except Exception:  # noqa: BLE001 - whatever it was, the bytes were not checked
            return b"\0" * size
        add(findings, redaction.findings)
        return redaction.data

    def _report(self, findings: Mapping[str, int], where: str) -> None:
        if findings and self.on_redacted is not None:
            with contextlib.suppress(Exception):
                self.on_redacted(findings, where)


def _is_text(msg: dict[str, Any]) -> bool:
    """Whether it is a stream message as the protocol has it; any other shape is walked whole."""
    content = msg.get("content")
    return (
        msg["header"]["msg_type"] == "stream"
        and isinstance(content, dict)
        and content.keys() == {"name", "text"}
        and content["name"] in _STREAM_NAMES
        and isinstance(content["text"], str)
    )


def _ends_holding(msg: dict[str, Any]) -> bool:
    kind = msg["header"]["msg_type"]
    if kind == "status":
        content = msg.get("content")
        return isinstance(content, dict) and content.get("execution_state") == "idle"
    return kind in _ENDS_HOLDING


def _parent_id(msg: dict[str, Any]) -> str:
    parent = msg.get("parent_header")
    return str(parent.get("msg_id", "")) if parent else ""

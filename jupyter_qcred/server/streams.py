"""The ends of a kernel's text streams, held back until it is known whether a value begins there.

For one connection, and without a thread: whoever owns the streams asks for what is due.
"""

from __future__ import annotations

import time
import uuid
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.kernel.withheld import WITHHELD
from jupyter_qcred.redact import StreamWindow
from jupyter_qcred.redact.hold import DELAY, MAX_GROUPS
from jupyter_qcred.redact.redactor import add

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jupyter_qcred.redact import Redactor

    from .frame import Frame

NAMES: Final = frozenset({"stdout", "stderr"})

_ENDS: Final = frozenset(
    {
        "display_data",
        "update_display_data",
        "execute_result",
        "error",
        "clear_output",
    }
)
"""What a reader expects to come after the text before it; ``status: idle`` too.

Replies and questions are not among them: they come by other channels than text, and may overtake
the rest of a value.
"""


class _Stream:
    __slots__ = ("deadline", "frame", "window")

    def __init__(self, window: StreamWindow, frame: Frame) -> None:
        self.window = window
        self.frame = frame
        self.deadline: float | None = None


class Streams:
    """Windows by the request which a text answers, and the stream's name."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._open: OrderedDict[tuple[str, str], _Stream] = OrderedDict()
        self.findings: dict[str, int] = {}

    @property
    def next_due(self) -> float | None:
        """When something held is to be let out, on ``time.monotonic``; None: nothing is held."""
        return min(
            (s.deadline for s in self._open.values() if s.deadline is not None), default=None
        )

    def feed(
        self, parent: str, content: dict[str, Any], frame: Frame, message: bytes | str
    ) -> list[bytes | str]:
        """Take the next piece of a stream; return the messages to send now.

        Args:
            parent: the request which the text answers.
            content: the stream message's.
            frame: the message.
            message: the same as it came: what is sent where nothing in it changes.
        """
        key = (parent, content["name"])
        stream = self._open.get(key)
        out: list[bytes | str] = []
        if stream is None:
            stream = self._open[key] = _Stream(StreamWindow(self._redactor), frame)
            while len(self._open) > MAX_GROUPS:
                (_, name), oldest = self._open.popitem(last=False)
                out += self._flush(name, oldest)
        self._open.move_to_end(key)
        stream.frame = frame
        try:
            text, findings = stream.window.feed(content["text"])
        except Exception:  # noqa: BLE001 - whatever it was, the text was not checked
            stream.window = StreamWindow(self._redactor)
            text, findings = f"{WITHHELD}\n", {}
        add(self.findings, findings)
        if not stream.window.holding:
            stream.deadline = None
        elif stream.deadline is None:
            stream.deadline = time.monotonic() + DELAY
        if text:
            fields = self._clean_metadata(frame)
            if text != content["text"]:
                fields["content"] = {**content, "text": text}
            out.append(frame.written(fields, []) if fields else message)
        return out

    def before(self, parent: str, kind: str, content: Any) -> list[bytes | str]:
        """Return what is to be sent before a message that is no text."""
        state = content.get("execution_state") if isinstance(content, dict) else None
        if kind == "status" and state in {"starting", "restarting", "dead"}:
            return self.flush(self._open.items())
        if kind in _ENDS or (kind == "status" and state == "idle"):
            return self.flush([item for item in self._open.items() if item[0][0] == parent])
        return []

    def due(self) -> list[bytes | str]:
        """Return what was held long enough."""
        now = time.monotonic()
        return self.flush(
            [i for i in self._open.items() if i[1].deadline is not None and i[1].deadline <= now]
        )

    def all(self) -> list[bytes | str]:
        """Return all that is held."""
        return self.flush(self._open.items())

    def flush(self, items: Iterable[tuple[tuple[str, str], _Stream]]) -> list[bytes | str]:
        """Let out what some streams hold."""
        return [message for (_, name), stream in items for message in self._flush(name, stream)]

    def _flush(self, name: str, stream: _Stream) -> list[bytes | str]:
        if stream.deadline is None:
            return []
        stream.deadline = None
        try:
            text = stream.window.flush()
        except Exception:  # noqa: BLE001 - as above
            stream.window = StreamWindow(self._redactor)
            text = f"{WITHHELD}\n"
        add(self.findings, stream.window.take_findings())
        if not text:
            return []
        # The kernel never sent this message: it must not bear the id of one that it sent.
        header = {**stream.frame.field("header"), "msg_id": uuid.uuid4().hex}
        fields = {"header": header, "content": {"name": name, "text": text}}
        return [stream.frame.written(self._clean_metadata(stream.frame) | fields, [])]

    def _clean_metadata(self, frame: Frame) -> dict[str, Any]:
        """The metadata where it must change, else nothing."""
        redaction = self._redactor.tree(frame.field("metadata"))
        add(self.findings, redaction.findings)
        return {"metadata": redaction.value} if redaction.findings else {}

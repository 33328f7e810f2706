"""What one browser is told by a kernel that does not redact by itself.

Rules:

* Every message passes here, whatever made it: the kernel, the server, or a connection class of
  another package. The order in which they came is kept.
* A message that holds no value is sent as it came, byte for byte.
* A message that could not be checked is replaced by one of the same type which says so; one that
  could not even be read is dropped.
* Long messages are searched in a thread, so that no browser waits for another's.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from tornado.escape import json_encode
from tornado.websocket import WebSocketClosedError

from jupyter_qcred.kernel.withheld import withheld
from jupyter_qcred.redact.redactor import add

from .frame import FIELDS, read
from .streams import NAMES, Streams
from .threads import redacting_threads

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterable, Mapping

    from jupyter_qcred.redact import Redactor

    from .frame import Frame

    Message = bytes | str

LONG: Final = 1 << 18
"""Bytes: reading and searching as much takes about as long as the server needs to send it."""

_REPORT_EVERY: Final = 1.0
"""Seconds: a kernel that prints a value in a loop is one finding a second in the audit."""


class Outgoing:
    """Sends a connection's messages without values. Belongs to one event loop.

    Args:
        send: sends a message, and whether it is binary, to the browser.
        redactor: while nothing is armed, messages go straight to ``send``.
        exempt: whether the kernel redacts by itself, asked for every message.
        report: called with findings and the type of message.
        log: hears of messages that could not be checked.
    """

    def __init__(
        self,
        send: Callable[[Any, bool], Any],
        redactor: Redactor,
        exempt: Callable[[], bool],
        report: Callable[[Mapping[str, int], str], None],
        log: logging.Logger,
    ) -> None:
        self._send = send
        self._redactor = redactor
        self._exempt = exempt
        self._report = report
        self._log = log
        self._streams = Streams(redactor)
        self._waiting: deque[tuple[Any, bool]] = deque()
        self._draining: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._found: dict[str, dict[str, int]] = {}
        self._reporting = False

    def write(self, message: Message | dict[str, Any], binary: bool = False) -> Any:  # noqa: FBT001, FBT002 - tornado's signature
        """Send a message, now or when those before it are sent; see ``WebSocketHandler``.

        Raises:
            WebSocketClosedError: nobody listens any more.
        """
        checks = bool(self._redactor.generation) and not self._exempt()
        if not (checks or self._waiting or self._timer):
            return self._send(message, binary)
        text = json_encode(message) if isinstance(message, dict) else message
        if self._waiting or (checks and len(text) > LONG):
            self._waiting.append((text, binary))
            if self._draining is None:
                self._draining = asyncio.get_running_loop().create_task(self._drain())
        else:
            self._send_all(self._checked(text) if checks else [*self._streams.all(), text])
        # The web server's own answer; whoever awaits it need not wait for us.
        done = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    async def _drain(self) -> None:
        """Send what waits, in order; the first of the queue is the one at work."""
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                text, _ = self._waiting[0]
                if not self._redactor.generation or self._exempt():
                    out: list[Message] = [*self._streams.all(), text]
                elif len(text) > LONG:
                    out = await loop.run_in_executor(redacting_threads(), self._checked, text)
                else:
                    out = self._checked(text)
                self._waiting.popleft()
                with suppress(WebSocketClosedError):
                    self._send_all(out)
        finally:
            self._draining = None
            self._waiting.clear()

    def _send_all(self, messages: Iterable[Message]) -> None:
        self._look_after()
        for message in messages:
            self._send(message, isinstance(message, bytes))

    # -- checking: on the loop or in a thread, one message at a time ----------------------------

    def _checked(self, message: Message) -> list[Message]:
        """Return what to send in the place of a message."""
        try:
            frame = read(message)
            header, parent = frame.field("header"), frame.field("parent_header")
            kind, about = str(header["msg_type"]), str((parent or {}).get("msg_id", ""))
        except Exception as error:  # noqa: BLE001 - whatever it was, the message was not checked
            self._complain("an unreadable message", error)
            return []
        try:
            content = frame.field("content")
            if kind == "stream" and _is_text(content) and not frame.buffers:
                return self._streams.feed(about, content, frame, message)
            return [*self._streams.before(about, kind, content), self._safe(kind, frame, message)]
        except Exception as error:  # noqa: BLE001 - as above
            self._complain(f"a message of type {kind[:40]!r}", error)
            return [_replacement(frame, kind, header)]
        finally:
            self._take_stream_findings()

    def _safe(self, kind: str, frame: Frame, message: Message) -> Message:
        fields: dict[str, Any] = {}
        total: dict[str, int] = {}
        for name in FIELDS:
            redaction = self._redactor.tree(frame.field(name))
            if redaction.findings:
                fields[name] = redaction.value
                add(total, redaction.findings)
        buffers = []
        for buffer in frame.buffers:
            masked = self._redactor.data(buffer)
            buffers.append(masked.data)
            add(total, masked.findings)
        if not total:
            return message
        add(self._found.setdefault(kind, {}), total)
        return frame.written(fields, buffers)

    def _take_stream_findings(self) -> None:
        findings, self._streams.findings = self._streams.findings, {}
        if findings:
            add(self._found.setdefault("stream", {}), findings)

    def _complain(self, what: str, error: Exception) -> None:
        # The type only: its words may quote the message.
        self._log.error("jupyter_qcred withheld %s: %s", what, type(error).__name__)

    # -- later: on the loop ---------------------------------------------------------------------

    def _look_after(self) -> None:
        """See to it that what is held is let out, and what was found is told."""
        loop = asyncio.get_running_loop()
        due = self._streams.next_due
        if due is not None and self._timer is None:
            self._timer = loop.call_later(max(0.0, due - time.monotonic()), self._let_out)
        if self._found and not self._reporting:
            self._reporting = True
            loop.call_later(_REPORT_EVERY, self._tell)

    def _let_out(self) -> None:
        self._timer = None
        # While a long message is searched, the windows are the thread's.
        out = [] if self._waiting else self._streams.due()
        if self._waiting and self._streams.next_due is not None:
            self._timer = asyncio.get_running_loop().call_later(0.05, self._let_out)
            return
        self._take_stream_findings()
        with suppress(WebSocketClosedError):
            self._send_all(out)

    def _tell(self) -> None:
        self._reporting = False
        found, self._found = self._found, {}
        for kind, findings in found.items():
            with suppress(Exception):
                self._report(findings, kind)


def _is_text(content: object) -> bool:
    return (
        isinstance(content, dict)
        and content.keys() == {"name", "text"}
        and content["name"] in NAMES
        and isinstance(content["text"], str)
    )


def _replacement(frame: Frame, kind: str, header: dict[str, Any]) -> Message:
    """The message that says that this one was withheld."""
    try:
        old = frame.field("content")
    except Exception:  # noqa: BLE001 - it could not be read before, either
        old = None
    kind, content = withheld(kind, old)
    return frame.written(
        {"header": {**header, "msg_type": kind}, "metadata": {}, "content": content}, []
    )

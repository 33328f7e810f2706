"""Hand events to the server's event logger and to a file; lose none silently, and never raise.

``EventLogger.emit`` starts listeners as tasks, so that on a server it must run on the server's
loop; events may come from any thread. The file is written without an event logger: no listener can
delay it, no modifier can change it, the server's events API cannot write to it, and a server that
opens hundreds of sessions at once does not validate each event against its own schema.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from contextlib import suppress
from threading import Condition, Lock, get_ident
from typing import TYPE_CHECKING

from jupyter_qcred.audit.events import AuditEvent, data_of, schema_id, schema_paths
from jupyter_qcred.audit.file import AuditFile
from jupyter_qcred.core.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from jupyter_events import EventLogger

    from jupyter_qcred.core.clock import Clock

METADATA_VERSION = 1
"""``jupyter_events.EVENTS_METADATA_VERSION``, whose import takes longer than most commands."""

_MAX_BYTES = 8 << 20
_BACKUPS = 4
_LAST_WAIT = 1.0
"""Seconds that ``close`` gives the server's loop to take what was handed to it."""


def register_schemas(event_logger: EventLogger) -> None:
    """Make our schemas known to an event logger; those it knows already stay."""
    for path in schema_paths():
        name = f"https://events.jupyter.org/jupyter_qcred/{path.parent.name}/{path.stem}"
        if name not in event_logger.schemas:
            event_logger.register_event_schema(path)


class Audit:
    """Where audit events go. Safe to call from any thread."""

    def __init__(
        self,
        *,
        event_logger: EventLogger | None = None,
        file: Path | None = None,
        call_on_loop: Callable[[Callable[[], None]], object] | None = None,
        clock: Clock | None = None,
        log: logging.Logger | None = None,
        max_bytes: int = _MAX_BYTES,
        listener: Callable[[AuditEvent], None] | None = None,
    ) -> None:
        """Open the sinks. What fails is reported to ``log``; the file is tried again by ``emit``.

        Args:
            event_logger: the server's. Our schemas are registered with it.
            file: JSON lines; rotated at ``max_bytes``, four older ones are kept.
            call_on_loop: runs a function on the loop of ``event_logger``, from any thread; without
                it ``emit`` must be called on that loop, or the logger must have no listeners.
            clock: for the time stamps.
            log: for failures of the audit itself.
            max_bytes: size of the file.
            listener: called with each event in the thread that it comes from; must not block, and
                what it raises is dropped.
        """
        self._call_on_loop = call_on_loop
        self._listener = listener
        self._clock = clock or SystemClock()
        self._log = log or logging.getLogger(__name__)
        self._changed = Condition()
        self._pending: deque[tuple[AuditEvent, datetime]] = deque()
        self._loop_thread: int | None = None
        self._dropped = 0
        self._event_logger = event_logger
        self._file = file
        self._max_bytes = max_bytes
        self._file_lock = Lock()
        self._opened: AuditFile | None = None
        try:
            if event_logger is not None:
                register_schemas(event_logger)
            if file is not None:
                with self._file_lock:
                    self._opened = self._open(file)
        except Exception as error:  # noqa: BLE001 - no failure here may stop a server
            self._failed("The audit is not as it should be", error)

    def _open(self, file: Path) -> AuditFile:
        return AuditFile(file, max_bytes=self._max_bytes, backups=_BACKUPS)

    @property
    def dropped(self) -> int:
        """How often an event could not be handed to a sink."""
        return self._dropped

    def emit(self, event: AuditEvent) -> None:
        """Record an event with the present time. Never raises."""
        # Naive, as EventLogger appends the "Z" itself.
        when = self._clock.wall().replace(tzinfo=None)
        if self._listener is not None:
            with suppress(Exception):
                self._listener(event)
        if self._file is not None:
            self._write(event, when)
        if (event_logger := self._event_logger) is None:
            return
        if self._call_on_loop is None:
            self._hand_over(event_logger, event, when)
            return
        with self._changed:
            self._pending.append((event, when))
        # A loop that is closed refuses: then close() hands the event over.
        with suppress(Exception):
            self._call_on_loop(self._on_loop)

    def _on_loop(self) -> None:
        self._loop_thread = get_ident()
        self._hand_over_next()

    def _hand_over_next(self) -> None:
        with self._changed:
            if not self._pending:
                return
            event, when = self._pending.popleft()
            self._changed.notify_all()
        if (event_logger := self._event_logger) is not None:
            self._hand_over(event_logger, event, when)

    def _write(self, event: AuditEvent, when: datetime) -> None:
        try:
            line = _line(event, when)
            with self._file_lock:
                if (file := self._file) is None:
                    return  # closed meanwhile
                if self._opened is None:
                    self._opened = self._open(file)
                self._opened.write(line)
        except Exception as error:  # noqa: BLE001 - what is recorded must not depend on the record
            self._failed(f"A {event.name} event was not recorded", error)

    def _hand_over(self, event_logger: EventLogger, event: AuditEvent, when: datetime) -> None:
        try:
            event_logger.emit(
                schema_id=schema_id(event), data=data_of(event), timestamp_override=when
            )
        except Exception as error:  # noqa: BLE001 - what is recorded must not depend on the record
            self._failed(f"A {event.name} event was not recorded", error)

    def _failed(self, what: str, error: Exception) -> None:
        """Count, and tell once: a full disk would otherwise fill the log as well."""
        with self._changed:
            self._dropped += 1
            first = self._dropped == 1
        if first:
            # A validation error quotes the event; its kind says enough.
            words = error.strerror if isinstance(error, OSError) else None
            self._log.error("%s: %s", what, words or type(error).__name__)

    def close(self) -> None:
        """Hand over what the loop did not take in time, and close the file. Never raises.

        Events that come later go to the server's event logger only.
        """
        self._flush()
        with self._file_lock:
            self._file = None
            if self._opened is not None:
                self._opened.close()
                self._opened = None

    def _flush(self) -> None:
        if get_ident() != self._loop_thread:
            with self._changed:
                self._changed.wait_for(lambda: not self._pending, _LAST_WAIT)
        if not self._pending:
            return
        # We are the server's loop, or it has stopped. Listeners need some loop to be started on.
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            # The factory keeps the runner from taking the thread's current loop away.
            with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
                runner.run(self._hand_over_all())
        else:
            self._take_all()

    async def _hand_over_all(self) -> None:
        self._take_all()
        await asyncio.sleep(0)

    def _take_all(self) -> None:
        while self._pending:
            self._hand_over_next()


def _line(event: AuditEvent, when: datetime) -> bytes:
    """An event as ``EventLogger`` writes it, time first."""
    record = {
        "__timestamp__": f"{when.isoformat()}Z",
        "__schema__": schema_id(event),
        "__schema_version__": str(event.version),
        "__metadata_version__": METADATA_VERSION,
        **data_of(event),
    }
    return json.dumps(record).encode() + b"\n"

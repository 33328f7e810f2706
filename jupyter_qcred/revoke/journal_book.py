"""A ledger and the file that holds it, kept in step."""

from __future__ import annotations

import logging
from contextlib import suppress
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Final

from jupyter_qcred.revoke.journal_lines import DOUBT, Closed, Ledger, Moment, encode

if TYPE_CHECKING:
    from jupyter_qcred.core.clock import Clock
    from jupyter_qcred.core.lease import IntentId
    from jupyter_qcred.revoke.journal_file import JournalFile
    from jupyter_qcred.revoke.journal_lines import Entry, Record

_log = logging.getLogger(__name__)
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_TIME_NAMESPACE: Final = Path("/proc/self/ns/time")


def this_boot() -> str:
    """Return a name of what the steady clock counts from, empty where there is none (macOS).

    That is the machine's present boot, and the time namespace: each has clocks of its own
    (``man 7 time_namespaces``).
    """
    try:
        boot = _BOOT_ID.read_text(encoding="ascii").strip().replace("-", "")[:16]
    except (OSError, UnicodeDecodeError):
        return ""
    try:
        return f"{boot}-{_TIME_NAMESPACE.stat().st_ino:x}"
    except OSError:
        return boot


class Book:
    """A ledger and its file, kept in step under one lock."""

    def __init__(self, clock: Clock, boot: str, *, owner_gone: bool = False) -> None:
        self.lock = RLock()
        self.ledger = Ledger()
        self.file: JournalFile | None = None
        self._clock = clock
        self._boot = boot
        self._owner_gone = owner_gone
        self._doubt_until = clock.now() + DOUBT
        self._behind = False  # the file lacks records which the ledger has

    def now(self) -> Moment:
        """The present, on both clocks."""
        return Moment(self._clock.wall().timestamp(), self._clock.now(), self._boot)

    def write(self, record: Record) -> int:
        """Append, in a new file if need be; return the line's number.

        Raises:
            OSError: it cannot be written.
        """
        assert self.file is not None
        if self._behind or self.file.needs_replacing:
            self.file.replace(self._content)
            self._behind = False
        return self.file.append(encode(record))

    def note(self, record: Record) -> None:
        """Apply a record in any case, and write it if that is possible."""
        with self.lock:
            self.ledger.apply(record)
            if self.file is None:
                return
            try:
                self.write(record)
            except OSError as error:
                if not self._behind:
                    _log.warning(
                        "The revocation journal is behind, it goes on in memory: %s",
                        words_of(error),
                    )
                self._behind = True

    def close_entry(self, intent: IntentId, outcome: str) -> None:
        """Note that nothing is owed for an intent any more; an unknown one is passed over."""
        with self.lock:
            if self.ledger.intended(intent) is not None:
                self.note(Closed(intent=intent, outcome=outcome, at=self.now()))

    def end(self) -> None:
        """Leave the file to be adopted if anything is owed, else delete it; go on in memory."""
        with self.lock:
            file, self.file = self.file, None
            if file is None:
                return
            if not self.open(dead=False):
                file.remove()
                return
            if self._behind:
                with suppress(OSError):
                    file.replace(self._content)
            file.close()

    def open(self, *, dead: bool) -> tuple[Entry, ...]:
        """What nobody closed, parents first: what is certainly dead, or what may still live."""
        now = self.now()
        with self.lock:
            entries = self.ledger.open(
                now, owner_gone=self._owner_gone, doubt_until=self._doubt_until
            )
        return tuple(entry for entry in entries if (entry.bound <= now.clock) is dead)

    def _content(self) -> bytes:
        """A new file's content; what is certainly dead is dropped from the ledger, too."""
        now = self.now()
        for entry in self.open(dead=True):
            self.ledger.apply(Closed(intent=entry.intent, outcome="expired", at=now))
        return b"".join(encode(record) for record in self.ledger.records())


def words_of(error: OSError) -> str:
    """The system's words for an error, without the path."""
    return error.strerror or type(error).__name__

"""Take over the journals of servers that are gone."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from jupyter_qcred.revoke.journal_book import Book, this_boot
from jupyter_qcred.revoke.journal_file import (
    SUFFIX,
    JournalFile,
    can_lock,
    quarantine,
    sweep_leftovers,
)
from jupyter_qcred.revoke.journal_lines import read

if TYPE_CHECKING:
    from pathlib import Path

    from jupyter_qcred.core.clock import Clock
    from jupyter_qcred.core.lease import IntentId
    from jupyter_qcred.revoke.journal_lines import Entry

_log = logging.getLogger(__name__)


class Adopted:
    """What a server that is gone left behind. Its lock is ours until ``close``.

    Attributes:
        path: the file.
        damaged: how many lines could not be read; what was in them dies at its bound.
        quarantined: where the file's bytes from the first damage on were copied to.
    """

    def __init__(self, book: Book, path: Path, damaged: int, quarantined: Path | None) -> None:
        self._book = book
        self.path = path
        self.damaged = damaged
        self.quarantined = quarantined

    def owed(self) -> tuple[Entry, ...]:
        """Return what may still live, parents first."""
        return self._book.open(dead=False)

    def expired(self) -> tuple[Entry, ...]:
        """Return what nobody closed and is certainly dead by now."""
        return self._book.open(dead=True)

    def closed(self, intent: IntentId, outcome: str) -> None:
        """Record that nothing is owed for it any more, as ``Journal.closed`` does."""
        self._book.close_entry(intent, outcome)

    def close(self) -> None:
        """Delete the file if nothing is owed, else leave it to the next. May be called twice."""
        self._book.end()


def adopt(directory: Path, clock: Clock, *, boot: str | None = None) -> list[Adopted]:
    """Take over the journals in a directory whose owners are proven gone.

    Files without anything open are deleted. Never raises: what cannot be read stays where it is.

    Args:
        directory: where the journals are; may be missing.
        clock: for bounds.
        boot: name of the machine's boot, ``this_boot()`` if not given.
    """
    if not can_lock() or not directory.is_dir():
        return []
    sweep_leftovers(directory)
    boot = this_boot() if boot is None else boot
    found = (_adopt(path, clock, boot) for path in sorted(directory.glob(f"*{SUFFIX}")))
    return [adopted for adopted in found if adopted is not None]


def _adopt(path: Path, clock: Clock, boot: str) -> Adopted | None:
    taken = JournalFile.take(path)
    if taken is None:
        return None
    file, data = taken
    reading = read(data)
    book = Book(clock, boot, owner_gone=True)
    book.file = file
    for record in reading.records:
        book.ledger.apply(record)
    quarantined = None
    if reading.first_damage is not None:
        quarantined = quarantine(path, data[reading.first_damage :])
        _log.warning(
            "%s: %d lines are damaged; the intact ones count, see %s",
            path,
            reading.damaged,
            quarantined or "the file itself",
        )
    adopted = Adopted(book, path, reading.damaged, quarantined)
    if reading.damaged or adopted.owed() or adopted.expired():
        return adopted
    adopted.close()
    return None

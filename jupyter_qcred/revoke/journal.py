"""What must be revoked, on disk before it exists: intents and accessors, never a value.

Each server writes one file of its own and holds its lock while it lives, so that servers may share
a directory. The next server adopts what a dead one left (``adopted``): it revokes what the issuer
lets it revoke, and waits for the rest to die at its bound. The rules of the content are in
``journal_lines``, the handling of the file in ``journal_file``.

Where the directory cannot be used (read-only, without locks, Windows) the journal lives in memory
and says so: ``durable`` is False. A full disk is another matter: then ``intend`` refuses, so that
nothing is issued which a crash would make us forget, while what is owed goes on being settled.
"""

from __future__ import annotations

import errno
import re
import secrets
from typing import TYPE_CHECKING, Final

from jupyter_qcred.core.errors import ConfigError, QcredError
from jupyter_qcred.core.lease import IntentId
from jupyter_qcred.revoke.adopted import Adopted, adopt
from jupyter_qcred.revoke.journal_book import Book, this_boot, words_of
from jupyter_qcred.revoke.journal_file import JournalFile, prepare_directory
from jupyter_qcred.revoke.journal_lines import Entry, Intended, Issued, Renewed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from jupyter_qcred.core.clock import Clock
    from jupyter_qcred.core.lease import Accessor
    from jupyter_qcred.revoke.journal_lines import Kind

__all__ = ["Adopted", "Entry", "Journal", "adopt", "new_intent"]

_STEM: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_FULL: Final = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})


def new_intent() -> IntentId:
    """Return a random name for what is about to be asked for."""
    return IntentId(secrets.token_hex(16))


class Journal:
    """This server's own journal. Safe to call from several threads."""

    def __init__(self, book: Book, create: Callable[[], JournalFile] | None, trouble: str) -> None:
        self._book = book
        self._create = create
        self._trouble = trouble

    @classmethod
    def open(
        cls, directory: Path, *, instance: str, clock: Clock, boot: str | None = None
    ) -> Journal:
        """Start a journal file in a directory, which is made if it is missing.

        Args:
            directory: on a local disk; file locks on network homes are often no locks.
            instance: this server's name, the beginning of the file's name.
            clock: for bounds.
            boot: name of the machine's boot, ``this_boot()`` if not given.

        Raises:
            ConfigError: the instance's name cannot be part of a file name.
        """
        if _STEM.fullmatch(instance) is None:
            raise ConfigError("a journal's instance is letters, digits and _.-, at most 64")

        def create() -> JournalFile:
            prepare_directory(directory)
            return JournalFile.create(directory, instance)

        book = Book(clock, this_boot() if boot is None else boot)
        try:
            book.file = create()
        except OSError as error:
            full = error.errno in _FULL
            return cls(book, create if full else None, f"{directory}: {words_of(error)}")
        return cls(book, create, "")

    @property
    def durable(self) -> bool:
        """Whether a crash leaves a record; if not, ``trouble`` says why."""
        return self._create is not None

    @property
    def trouble(self) -> str:
        """Why the directory could not be used when it was opened; empty if it could."""
        return self._trouble

    @property
    def path(self) -> Path | None:
        """The file; None in memory."""
        file = self._book.file
        return file.path if file else None

    def intend(
        self, intent: IntentId, *, kind: Kind, issuer: str, parent: IntentId | None, bound: float
    ) -> None:
        """Record what is about to be asked for; on the disk when this returns.

        Args:
            intent: from ``new_intent``.
            kind: a server token or a session token.
            issuer: ``Issuer.describe()``.
            parent: the server token's intent, for a session.
            bound: seconds after which the token is certainly dead unless it is renewed.

        Raises:
            QcredError: it cannot be written. Then do not ask: a crash would forget the token.
        """
        book = self._book
        record = Intended(
            intent=intent, kind=kind, issuer=issuer, parent=parent, ttl=bound, at=book.now()
        )
        file: JournalFile | None = None
        try:
            with book.lock:
                if book.file is None and self._create is not None:
                    book.file = self._create()
                if (file := book.file) is not None:
                    number = book.write(record)
                book.ledger.apply(record)
            if file is not None:
                file.sync(number)
        except OSError as error:
            self.closed(intent, "not issued")
            raise QcredError(
                f"The revocation journal cannot be written, so none is issued: {words_of(error)}",
                next_step="Free space on the server's disk, or check its directory; then retry",
            ) from None

    def issued(self, intent: IntentId, accessor: Accessor, ttl: float) -> None:
        """Record the issuer's answer. Never raises: the token exists already."""
        with self._book.lock:
            known = self._book.ledger.intended(intent)
            if known is not None:
                self._book.note(
                    Issued(
                        intent=intent,
                        kind=known.kind,
                        issuer=known.issuer,
                        accessor=accessor,
                        ttl=ttl,
                        at=self._book.now(),
                    )
                )

    def renewed(self, intent: IntentId, ttl: float) -> None:
        """Record that the token lives ``ttl`` seconds from now. Never raises."""
        with self._book.lock:
            if self._book.ledger.intended(intent) is not None:
                self._book.note(Renewed(intent=intent, ttl=ttl, at=self._book.now()))

    def closed(self, intent: IntentId, outcome: str) -> None:
        """Record that nothing is owed for it any more. Never raises; twice is once.

        A parent closed as ``confirmed`` or ``expired`` closes its children.
        """
        self._book.close_entry(intent, outcome)

    def owed(self) -> tuple[Entry, ...]:
        """Return what is open and may still live, parents first."""
        return self._book.open(dead=False)

    def close(self) -> None:
        """Delete the file if nothing is owed, else leave it to be adopted. May be called twice.

        What is noted later stays in memory.
        """
        with self._book.lock:
            self._create = None
            self._book.end()

"""One vendor's file, and what becomes of the keys in it.

Rules:

* A key is taken out of its file only after it was read back from the store.
* What is taken out is what was stored: a file that changed in between is left alone.
* Nothing is written that holds a key: no copy, no backup, no temporary file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jupyter_qcred.cli.scanning.vendor_files import Format, home_files
from jupyter_qcred.cli.scanning.vendor_keys import (
    WHOLE,
    Account,
    UnreadableError,
    accounts,
    without_keys,
)
from jupyter_qcred.cli.whole_file import write_whole
from jupyter_qcred.core.secret import Secret
from jupyter_qcred.issue.embedded.openbao import NAME

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jupyter_qcred.cli.scanning.vendor_files import VendorFile

_DEFAULT: Final = re.compile(r"default|defaults|credentials\.default|DEFAULT", re.IGNORECASE)


class StuckError(Exception):
    """The file has to be changed by hand; the message says why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A credential as it will be stored.

    Attributes:
        name: in the store.
        fields: what is stored.
        secret: which of them are secrets.
        section: of the file; empty where it has none.
    """

    name: str
    fields: Mapping[str, Secret]
    secret: frozenset[str]
    section: str


@dataclass(frozen=True, slots=True)
class Move:
    """A file and its keys.

    Attributes:
        known: what is known of such files.
        path: the file.
        entries: what to store; none: a kernel has no use for it.
        why_not: why its keys are not moved; empty: they can be.
        keeps: whether something is left of the file.
    """

    known: VendorFile
    path: Path
    entries: tuple[Entry, ...]
    why_not: str = ""
    keeps: bool = False

    @property
    def shown(self) -> str:
        """The path as people write it."""
        home = Path.home()
        inside = self.path.is_relative_to(home)
        return f"~/{self.path.relative_to(home)}" if inside else str(self.path)


def moves(name: str | None) -> Iterator[Move]:
    """Yield every file with keys, or those of one credential."""
    for known, path in home_files():
        if name is not None and known.credential != name:
            continue
        try:
            found = accounts(known, path)
            if found:
                yield _move(known, path, found)
        except UnreadableError as error:
            yield Move(known, path, (), why_not=str(error))


def take_out(move: Move) -> None:
    """Remove the keys from the file, or the file.

    Raises:
        StuckError: it changed, or it can't be written.
    """
    try:
        left = without_keys(move.known, move.path)
        if _entries(move.known, accounts(move.known, move.path)) != move.entries:
            raise StuckError("it has changed meanwhile: run the command again")
        real = move.path.resolve()
        if left is not None:
            write_whole(real, left, real.stat().st_mode)
            return
        real.unlink()
        if move.path.is_symlink():
            move.path.unlink()
    except UnreadableError as error:
        raise StuckError(str(error)) from None
    except OSError as error:
        raise StuckError(error.strerror or type(error).__name__) from None


def copies(move: Move) -> list[Path]:
    """Return files beside it that may be copies, as editors leave them."""
    name = move.path.name
    if not move.path.parent.is_dir():
        return []
    return sorted(
        path
        for path in move.path.parent.iterdir()
        if path.name != name
        and path.is_file()
        and (
            path.name.startswith((f"{name}.", f"{name}~", f".{name}.")) or path.name == f"#{name}#"
        )
    )


def _move(known: VendorFile, path: Path, found: list[Account]) -> Move:
    entries = _entries(known, found)
    if not known.credential:
        return Move(
            known, path, entries, why_not=known.note or "no kernel gets such a key from here"
        )
    try:
        return Move(known, path, entries, keeps=without_keys(known, path) is not None)
    except UnreadableError as error:
        return Move(known, path, entries, why_not=str(error))


def _entries(known: VendorFile, found: list[Account]) -> tuple[Entry, ...]:
    """What to store of each account; the default one gets the vendor's own name."""
    ranked = sorted(found, key=lambda account: not _DEFAULT.match(account.section))
    base = known.credential or "key"
    entries: list[Entry] = []
    taken: set[str] = set()
    for account in ranked:
        secrets = {_store_name(known, name): one for name, one in account.secrets.items()}
        secrets.pop("", None)
        if not secrets:
            continue
        if any(entry.fields.items() >= secrets.items() for entry in entries):
            continue  # the same key twice is one key
        name = _free_name(base, account.section, taken)
        taken.add(name)
        settings = {key: Secret(value) for key, value in account.settings.items()}
        entries.append(Entry(name, settings | secrets, frozenset(secrets), account.section))
    return tuple(entries)


def _store_name(known: VendorFile, name: str) -> str:
    return WHOLE if known.format is Format.LINE else known.keys[name]


def _free_name(base: str, section: str, taken: set[str]) -> str:
    if base not in taken:
        return base
    slug = re.sub(r"[^a-z0-9]+", "-", section.lower()).strip("-")
    name = f"{base}-{slug}"[:60].rstrip("-")
    number = 2
    while name in taken or not NAME.fullmatch(name):
        name = f"{base}-{number}"
        number += 1
    return name

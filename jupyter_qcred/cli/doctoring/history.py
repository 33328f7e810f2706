"""Whether IPython's history, which is a file, holds keys that were typed into cells."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Final

from jupyter_qcred.cli.paper import count
from jupyter_qcred.core.errors import ConfigError

from .finding import Check, Finding, Problem, Seen, Severity, absent, command
from .keys import named, redacted, rules_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .site import Site

_BATCH: Final = 2000
_PATIENCE: Final = 5.0
"""Seconds that a kernel may hold the file's lock."""

# Inputs as they were typed and as IPython rewrote them, and outputs where they are kept.
_COLUMNS: Final = (
    ("history", "source"),
    ("history", "source_raw"),
    ("output_history", "output"),
)

KEYS = Problem(
    "history.keys",
    Severity.WARNING,
    "Keys were typed into cells. IPython keeps every input in a file, of notebooks as well, where "
    "they stay after the notebook was cleaned. The fix replaces each by `[redacted:…]`; revoke "
    "them at their vendors.",
)


def look(site: Site) -> Seen:
    """Look at the history of each profile."""
    files = _files(site)
    if not files:
        return absent("IPython has kept none")
    findings, failed = [], []
    for file in files:
        try:
            hits = [rule for _, _, rules in _hits(file) for rule in rules]
        except sqlite3.Error as error:
            failed.append(f"{file}: {type(error).__name__}")
            continue
        if hits:
            seen = f"{file} holds {count(len(hits), 'key')} ({named(hits)})"
            fix = command(f"jupyter qcred doctor --fix {KEYS.id}")
            findings.append(Finding(KEYS, seen, (fix,)))
    words = "; ".join(failed) or f"no key in {count(len(files), 'file')}"
    return Seen(words, tuple(findings), failed=bool(failed))


def take_out(site: Site, _name: str) -> str:
    """Replace what looks like a key in every history; return what was done.

    Raises:
        ConfigError: a history cannot be changed now.
    """
    changed = 0
    for file in _files(site):
        try:
            changed += _take_out(file)
        except sqlite3.Error:
            raise ConfigError(
                f"{file} cannot be changed now", next_step="Close what uses it, and try again"
            ) from None
    return f"Replaced keys in {count(changed, 'entry') if changed == 1 else f'{changed} entries'}."


def _files(site: Site) -> list[Path]:
    return sorted(site.ipython.glob("profile_*/history.sqlite"))


def _hits(file: Path) -> Iterator[tuple[str, int, list[str]]]:
    """Yield table and column, row, and rules of each text with a key."""
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=_PATIENCE)) as base:
        for table, column in _COLUMNS:
            for rows in _rows(base, table, column):
                for (row, _), rules in zip(rows, rules_in([t for _, t in rows]), strict=True):
                    if rules:
                        yield f"{table}.{column}", row, rules


def _rows(base: sqlite3.Connection, table: str, column: str) -> Iterator[list[tuple[int, str]]]:
    known = {name for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type='table'")}
    if table not in known:
        return
    # Names of ours, never of a user.
    cursor = base.execute(f"SELECT rowid, {column} FROM {table}")  # noqa: S608
    while rows := cursor.fetchmany(_BATCH):
        yield [(row, text) for row, text in rows if isinstance(text, str)]


def _take_out(file: Path) -> int:
    hits = {(place, row) for place, row, _ in _hits(file)}
    if not hits:
        return 0
    with closing(sqlite3.connect(file, timeout=_PATIENCE, isolation_level=None)) as base:
        # What is overwritten is overwritten with zeros, in the file and in its free pages.
        base.execute("PRAGMA secure_delete=ON")
        for place, row in sorted(hits):
            table, _, column = place.partition(".")
            find = f"SELECT {column} FROM {table} WHERE rowid = ?"  # noqa: S608 - as above
            (text,) = base.execute(find, (row,)).fetchone()
            change = f"UPDATE {table} SET {column} = ? WHERE rowid = ?"  # noqa: S608 - as above
            base.execute(change, (redacted(text), row))
        base.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        base.execute("VACUUM")
    return len({row for _, row in hits})


CHECK: Final = Check(
    "history",
    "IPython's history",
    "Reads history.sqlite of every IPython profile, and looks for the formats of keys by the rules "
    "of `jupyter qcred scan`.",
    (KEYS,),
    look,
)

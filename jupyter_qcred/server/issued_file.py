"""What this user's servers issued, by keyed fingerprint: for notebooks with a value of long ago.

One JSON object in one private file: fingerprint → name of the credential, length, day of issue. No
value can be had from it; who has the key as well can confirm a guess, which no key of 16 characters
and more can be guessed by.
"""

from __future__ import annotations

import json
import re
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.detect import Issued

from .own_file import write_private

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from jupyter_qcred.core.clock import Clock
    from jupyter_qcred.detect import Fingerprints

MOST: Final = 4096
"""Entries; the oldest go. Reading and writing as many takes some milliseconds."""

SHORTEST: Final = 16
"""Characters: a shorter text can be guessed, and is found in innocent text."""

_SPACE: Final = re.compile(r"\s")
"""Values of several words (PEM, JSON) cannot be cut out of a text again, so they are not kept."""

_LARGEST: Final = 1 << 20
_DAY: Final = 86400


class IssuedFile:
    """The file. Blocks; safe in several threads, and several servers may share it.

    Args:
        file: made at the first entry.
        days: entries older than this are dropped; 0 remembers nothing.
        clock: tells the day.
    """

    def __init__(self, file: Path, days: int, clock: Clock) -> None:
        self._file = file
        self._days = days
        self._clock = clock
        self._lock = threading.Lock()

    def add(self, fingerprints: Fingerprints, credential: str, values: Iterable[str]) -> None:
        """Remember values by their fingerprints.

        Raises:
            OSError: the file can't be written.
        """
        today = self._today()
        new = {
            fingerprints.of(value): [credential, len(value.strip()), today]
            for value in values
            if len(value.strip()) >= SHORTEST and not _SPACE.search(value.strip())
        }
        if not new or not self._days:
            return
        with self._lock:
            # Read again: another server may have written. One that writes between this and the
            # next line wins, and the value is remembered when it is issued again.
            entries = self._read() | new
            newest = sorted(entries.items(), key=lambda entry: entry[1][2])[-MOST:]
            write_private(self._file, json.dumps(dict(newest)).encode())

    def known(self) -> Mapping[str, Issued]:
        """Return what is remembered; a file that can't be read is an empty one."""
        return {
            fingerprint: Issued(credential, length)
            for fingerprint, (credential, length, _) in self._read().items()
        }

    def version(self) -> object:
        """Changes whenever the file does, and with the day."""
        with suppress(OSError):
            stat = self._file.stat()
            return (stat.st_mtime_ns, stat.st_size, stat.st_ino, self._today())
        return None

    def _today(self) -> int:
        return int(self._clock.wall().timestamp() // _DAY)

    def _read(self) -> dict[str, list[Any]]:
        try:
            with self._file.open("rb") as opened:
                entries = json.loads(opened.read(_LARGEST))
        except (OSError, ValueError, RecursionError):
            return {}
        oldest = self._today() - self._days
        if not isinstance(entries, dict):
            return {}
        return {key: entry for key, entry in entries.items() if _is_entry(entry, oldest)}


def _is_entry(entry: object, oldest: int) -> bool:
    match entry:
        case [str(), int(), int(day)]:
            return day >= oldest
    return False

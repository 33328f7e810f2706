"""Look for a value wherever it could have been left behind."""

from __future__ import annotations

import base64
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def disguises(value: str) -> tuple[bytes, ...]:
    """What a search looks for: the value, its inner part, and both in common encodings.

    The inner part is found in a value that was cut, and in base64 of any alignment.
    """
    inner = value[4:-4]
    aligned = [
        base64.b64encode(b"x" * shift + inner.encode())[shift + 2 : -4] for shift in range(3)
    ]
    return (inner.encode(), inner.encode().hex().encode(), inner[::-1].encode(), *aligned)


def files_with(value: str, *directories: Path) -> list[str]:
    """Return the files below the directories that hold the value in some disguise."""
    needles = disguises(value)
    found = []
    for directory in directories:
        for path in sorted(directory.rglob("*")):
            if path.is_file() and not path.is_symlink():
                with suppress(FileNotFoundError):
                    data = path.read_bytes()
                    if any(needle in data for needle in needles):
                        found.append(str(path))
    return found


def texts_with(value: str, texts: Iterable[str]) -> list[str]:
    """Return the texts that hold the value in some disguise, cut short."""
    needles = disguises(value)
    return [
        text[:400]
        for text in texts
        if any(needle in text.encode("utf-8", "surrogatepass") for needle in needles)
    ]


def processes_with(value: str) -> list[str]:
    """Return the processes whose arguments or environment hold the value."""
    needle = value[4:-4]
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if needle in " ".join(process.cmdline()) or needle in str(process.environ()):
                found.append(str(process))
    return found

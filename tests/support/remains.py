"""What a server may have left of a value: looked for at the end of every test that ran one."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from support.deployment import CANARY
from support.sweep import files_with, texts_with

if TYPE_CHECKING:
    from collections.abc import Iterable

_TOKEN = re.compile(rb"(?<![\w.])s\.(?=\w*\d)(?=\w*[A-Z])[A-Za-z0-9]{24}(?!\w)")
"""An OpenBao token."""

_SHARED_MEMORY = Path("/dev/shm")


def remains(home: Path, said: Iterable[str] = ()) -> list[str]:
    """Return the names of files, and the beginnings of texts, that hold a value or a token.

    Args:
        home: with temporary and runtime directories, logs, audit, notebooks and core files below.
        said: what was answered to clients.
    """
    texts = list(said)
    found = files_with(CANARY, home, _SHARED_MEMORY)
    # In the settings a user may keep a login: that one is theirs.
    ours = (path for path in _files(home) if not path.is_relative_to(home / ".jupyter"))
    found += [str(path) for path in ours if _TOKEN.search(_bytes(path))]
    found += texts_with(CANARY, texts)
    found += [text[:400] for text in texts if _TOKEN.search(text.encode("utf-8", "surrogatepass"))]
    found += [str(path) for path in home.rglob("core*") if _is_core(path)]
    return found


def _files(directory: Path) -> list[Path]:
    return [path for path in sorted(directory.rglob("*")) if path.is_file()]


def _bytes(path: Path) -> bytes:
    with suppress(FileNotFoundError):
        return path.read_bytes()
    return b""


def _is_core(path: Path) -> bool:
    """Whether it is a core dump, whatever is in it: our processes write none."""
    return path.is_file() and _bytes(path)[:4] == b"\x7fELF" and _bytes(path)[16:18] == b"\x04\x00"

"""Redact a stream that arrives in pieces.

A window keeps two ends of what it has seen:

* the held end, which may be the beginning of a value and has not been let out yet;
* the remembered end, which was let out already (it was too short to hold, or somebody could not
  wait) but still belongs to what may become a value. If it does, the rest of it is redacted.

So a value cut anywhere shows at most what was let out before its second half was known: less than
``min_fragment`` characters, or what ``flush`` was asked for. Both ends together are never longer
than the longest variant or an unfinished escape sequence.

A window belongs to one stream and is not for several threads at a time.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from .redactor import NOTHING, add, count, substitute, to_bytes, to_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .needles import Needles, Tile
    from .redactor import Redactor

_ESCAPE: Final = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*)?\Z")
"""An unfinished terminal escape (ECMA-48: CSI, parameter bytes, intermediate bytes)."""

_LONGEST_ESCAPE: Final = 64


class ByteWindow:
    """A window over UTF-8 bytes, cut anywhere."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._remembered = b""
        self._held = b""
        self._unreported: dict[str, int] = {}

    @property
    def holding(self) -> bool:
        """Whether something waits to be let out."""
        return bool(self._held)

    def feed(self, chunk: bytes) -> tuple[bytes, Mapping[str, int]]:
        """Take the next piece; return what may be let out, and the findings in it."""
        needles = self._redactor.needles
        if needles is None:
            return chunk, NOTHING
        data = self._remembered + self._held + chunk
        begins = len(data) - needles.held_length(data)
        end = data[begins:]
        # An end that is not ASCII may stop inside a character: cutting there would spoil the text.
        waits = len(end) >= self._redactor.min_fragment or not end.isascii()
        cut = min(begins if waits else len(data), _escape_start(data))
        emit = self._let_out(data, self._tiles(needles, data), cut, begins)
        findings, self._unreported = self._unreported, {}
        return emit, findings or NOTHING

    def flush(self) -> bytes:
        """Let out what is held, and remember it; its findings come with the next ``feed``."""
        needles = self._redactor.needles
        if needles is None or not self._held:
            return b""
        data = self._remembered + self._held
        begins = len(data) - needles.held_length(data)
        return self._let_out(data, self._tiles(needles, data), len(data), begins)

    def take_findings(self) -> Mapping[str, int]:
        """Return the findings of ``flush`` that no ``feed`` has reported."""
        findings, self._unreported = self._unreported, {}
        return findings or NOTHING

    def _tiles(self, needles: Needles, data: bytes) -> list[Tile]:
        """What to replace in the part of ``data`` that was not let out before."""
        done = len(self._remembered)
        return [
            tile._replace(start=max(tile.start, done))
            for tile in needles.find(data)
            if tile.end > done
        ]

    def _let_out(self, data: bytes, tiles: list[Tile], cut: int, begins: int) -> bytes:
        done = len(self._remembered)
        out = [tile for tile in tiles if tile.origin < cut]
        keep = min(begins, cut)
        cut = max(cut, done, *(tile.end for tile in out[-1:]))
        self._remembered = data[keep:cut]
        self._held = data[cut:]
        add(self._unreported, count(out))
        return substitute(data[:cut], out)[done:]


class StreamWindow:
    """A window over text."""

    def __init__(self, redactor: Redactor) -> None:
        self._bytes = ByteWindow(redactor)

    @property
    def holding(self) -> bool:
        """Whether something waits to be let out."""
        return self._bytes.holding

    def feed(self, text: str) -> tuple[str, Mapping[str, int]]:
        """Take the next piece; return what may be let out, and the findings in it."""
        emit, findings = self._bytes.feed(to_bytes(text))
        return to_text(emit), findings

    def flush(self) -> str:
        """Let out what is held, and remember it; its findings come with the next ``feed``."""
        return to_text(self._bytes.flush())

    def take_findings(self) -> Mapping[str, int]:
        """Return the findings of ``flush`` that no ``feed`` has reported."""
        return self._bytes.take_findings()


def _escape_start(data: bytes) -> int:
    end = data[-_LONGEST_ESCAPE:]
    if b"\x1b" not in end:
        return len(data)
    unfinished = _ESCAPE.search(end)
    return len(data) - len(end) + unfinished.start() if unfinished else len(data)

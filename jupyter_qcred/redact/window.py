"""Redact a stream that arrives in pieces.

A window keeps two ends of what it has seen:

* the held end, which may be the beginning of a value and has not been let out yet;
* the remembered end, which was let out already (it was too short to hold, or somebody could not
  wait) but still belongs to what may become a value. If it does, the rest of it is redacted.

So a value cut anywhere shows at most what was let out before its second half was known: less than
``min_hold`` characters, or what ``flush`` was asked for. Both ends together are never longer
than the longest variant or an unfinished escape sequence.

A window belongs to one stream and is not for several threads at a time.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from .redactor import NOTHING, add, count, substitute, to_text
from .scan import to_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .matcher import Tile
    from .redactor import Redactor

_ESCAPE: Final = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*)?\Z")
"""An unfinished terminal escape (ECMA-48: CSI, parameter bytes, intermediate bytes)."""

_LONGEST_ESCAPE: Final = 64


_REMEMBERED: Final = 128
"""Bytes that are remembered in any case: the beginning of a value that is too short to hold."""


class ByteWindow:
    """A window over UTF-8 bytes, cut anywhere.

    Args:
        redactor: what to look for.
        patient: hold back whatever may begin a value, however short: for files, which nobody reads
            before their end. What comes out is then exactly that of the whole.
    """

    def __init__(self, redactor: Redactor, *, patient: bool = False) -> None:
        self._redactor = redactor
        self._patient = patient
        self._remembered = b""
        self._held = b""
        self._masked = False  # what was let out ends in a placeholder
        self._unreported: dict[str, int] = {}

    @property
    def holding(self) -> bool:
        """Whether something waits to be let out."""
        return bool(self._held)

    def feed(self, chunk: bytes) -> tuple[bytes, Mapping[str, int]]:
        """Take the next piece; return what may be let out, and the findings in it."""
        matcher = self._redactor.matcher
        if matcher is None:
            return chunk, NOTHING
        data = self._remembered + self._held + chunk
        begins = matcher.held_from(data, patient=self._patient)
        cut = min(begins, _escape_start(data), _character_start(data))
        emit = self._let_out(data, matcher.find(data), cut, begins)
        findings, self._unreported = self._unreported, {}
        return emit, findings or NOTHING

    def flush(self) -> bytes:
        """Let out what is held, and remember it; its findings come with the next ``feed``."""
        matcher = self._redactor.matcher
        if matcher is None or not self._held:
            return b""
        data = self._remembered + self._held
        return self._let_out(data, matcher.find(data), len(data), matcher.held_from(data))

    def take_findings(self) -> Mapping[str, int]:
        """Return the findings of ``flush`` that no ``feed`` has reported."""
        findings, self._unreported = self._unreported, {}
        return findings or NOTHING

    def _let_out(self, data: bytes, tiles: list[Tile], cut: int, begins: int) -> bytes:
        done = len(self._remembered)
        cut = max(cut, done)
        out: list[Tile] = []
        for tile in tiles:
            if tile.origin < cut and tile.end > done:
                went_on = tile.start < done and self._masked
                out.append(
                    tile._replace(start=max(tile.start, done), begins=tile.begins and not went_on)
                )
        cut = max([cut, *(tile.end for tile in out[-1:])])
        if cut > done:
            self._masked = bool(out) and out[-1].end == cut
        self._remembered = data[max(0, min(begins, cut - _REMEMBERED)) : cut]
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


def _character_start(data: bytes) -> int:
    """Where an unfinished UTF-8 sequence begins: cutting inside it would spoil the text."""
    if not data or data[-1] < 0x80:
        return len(data)
    for back in range(1, min(4, len(data) + 1)):
        byte = data[-back]
        if byte >= 0xC0:
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return len(data) - back if length > back else len(data)
    return len(data)

"""A text of any length in pieces that overlap, so that no secret is cut in two."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SIZE: Final = 4 * 1024 * 1024
"""Characters of a window: what is in memory at a time, whatever the file's length."""

LEAD: Final = 16 * 1024
"""Characters that a window repeats of the one before, so that a rule sees what precedes."""

TAIL: Final = 64 * 1024
"""Characters at a window's end whose findings are left to the next: no secret is longer."""

_SNIFF: Final = 8192


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a text.

    Attributes:
        text: the part, with its surroundings.
        begin: findings that begin before it are those of the window before.
        end: findings that begin here or later are those of the window after.
        line: of the first character, counted from 1.
    """

    text: str
    begin: int
    end: int
    line: int


def windows(chunks: Iterable[bytes], encoding: str = "utf-8") -> Iterator[Window]:
    """Decode the chunks of a file and cut the text; what can't be decoded is replaced."""
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    text, begin, line = "", 0, 1
    for chunk in chunks:
        text += decoder.decode(chunk)
        if len(text) < SIZE:
            continue
        yield Window(text, begin, len(text) - TAIL, line)
        kept = len(text) - TAIL - LEAD
        line += text.count("\n", 0, kept)
        text, begin = text[kept:], LEAD
    text += decoder.decode(b"", final=True)
    yield Window(text, begin, len(text), line)


def encoding_of(head: bytes) -> str | None:
    """Tell the encoding of a file from its first bytes; None: it is no text."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    sniffed = head[:_SNIFF]
    if b"\0" in sniffed or sniffed.startswith(b"%PDF-"):
        return None
    strange = sniffed.decode("utf-8", "replace").count("\ufffd")
    return "utf-8" if strange <= len(sniffed) // 8 + 1 else None

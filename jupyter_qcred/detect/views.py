r"""The texts in which a text is searched: without what was redacted, without terminal colours.

Two characters are barriers, which no match, window or context reaches over: ``\x00``, by which
callers join texts, and ``\x01``, which stands for a placeholder. So what is found in a text after
redaction was found before: nothing came nearer to anything, and no name in a placeholder counts.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, Final

from jupyter_qcred.redact.placeholder import OPENING

if TYPE_CHECKING:
    from collections.abc import Iterator

REDACTED: Final = "\x01"
BARRIERS: Final = ("\x00", REDACTED)

_PLACEHOLDER: Final = re.compile(re.escape(OPENING) + r"[\w.@:/+-]{1,64}\]")
_CODE: Final = r"\[[0-9;:?]{0,40}[A-Za-z]"
_REAL: Final = re.compile(r"\x1b" + _CODE)
_WRITTEN: Final = re.compile(r"\\(?:u001[bB]|x1[bB])" + _CODE)
"""As the text of a JSON file or a ``repr`` shows them."""
_EITHER: Final = re.compile(f"{_REAL.pattern}|{_WRITTEN.pattern}")
"""Ten times as slow as each alone, which begins with a literal."""


class View:
    """A text to search, and the way back to the text it was made from.

    Attributes:
        glance: shows all words that ``text`` shows, and costs less to make.
    """

    __slots__ = ("_colour", "_kept", "_shifts", "_source", "glance")

    def __init__(self, glance: str, source: str = "", colour: re.Pattern[str] | None = None):
        self.glance = glance
        self._source = source
        self._colour = colour
        self._kept: list[int] = []
        self._shifts: list[int] = []

    @property
    def text(self) -> str:
        """What is searched."""
        return self.glance

    def back(self, start: int, end: int) -> tuple[int, int]:
        """Return where a span of ``text`` is in the original."""
        if self._colour is None:
            return start, end
        if not self._kept:
            self._measure(self._colour)
        return self._shifted(start), self._shifted(end - 1) + 1

    def _shifted(self, at: int) -> int:
        return at + self._shifts[bisect_right(self._kept, at) - 1]

    def _measure(self, colour: re.Pattern[str]) -> None:
        self._kept, self._shifts = [0], [0]
        removed = 0
        for found in colour.finditer(self._source):
            removed += len(found[0])
            self._kept.append(found.end() - removed)
            self._shifts.append(removed)


class _Blanked(View):
    """Blanks in the place of colours."""

    __slots__ = ("_blank",)

    def __init__(self, source: str, colour: re.Pattern[str]):
        super().__init__(source)
        self._blank = colour

    @property
    def text(self) -> str:
        return self._blank.sub(lambda found: " " * len(found[0]), self.glance)


def views(text: str) -> Iterator[View]:
    """Yield the one or two views of ``text``.

    Where there are colours, they once separate what is beside them and once do not: a printed
    table has them at the borders of a value, a highlighted traceback has them inside.
    """
    if OPENING in text:
        text = _PLACEHOLDER.sub(lambda found: REDACTED * len(found[0]), text)
    real, written = "\x1b" in text, "\\" in text and _WRITTEN.search(text)
    if not real and not written:
        yield View(text)
        return
    colour = _EITHER if real and written else _REAL if real else _WRITTEN
    yield _Blanked(text, colour)
    yield View(colour.sub("", text), text, colour)


def to_bytes(text: str) -> bytes:
    """Encode any str, also one with lone surrogates."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def barrier_before(text: str, start: int, at: int) -> int:
    """Return where the part of ``text[start:at]`` begins that no barrier cuts off from ``at``."""
    return max(start, *(text.rfind(barrier, start, at) + 1 for barrier in BARRIERS))


def barrier_after(text: str, at: int, end: int) -> int:
    """Return where the part of ``text[at:end]`` ends that no barrier cuts off from ``at``."""
    for barrier in BARRIERS:
        found = text.find(barrier, at, end)
        end = found if found >= 0 else end
    return end

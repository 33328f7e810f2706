"""Text for people: aligned, nothing in it that a terminal obeys, colours on a terminal only."""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_BOLD: Final = "1"
_DIM: Final = "2"
_RED: Final = "31"
_GREEN: Final = "32"
_YELLOW: Final = "33"


class Paper:
    """Builds a text for one stream."""

    def __init__(self, stream: IO[str]) -> None:
        self._colourful = (
            stream.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
        )
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self._lines: list[str] = []

    def bold(self, text: str) -> str:
        """What a reader looks for first."""
        return self._paint(text, _BOLD)

    def dim(self, text: str) -> str:
        """What a reader may pass over."""
        return self._paint(text, _DIM)

    def good(self, text: str) -> str:
        """As it should be."""
        return self._paint(text, _GREEN)

    def bad(self, text: str) -> str:
        """What needs somebody."""
        return self._paint(text, _RED)

    def waiting(self, text: str) -> str:
        """What is still being tried."""
        return self._paint(text, _YELLOW)

    def _paint(self, text: str, colour: str) -> str:
        return f"\033[{colour}m{text}\033[0m" if self._colourful and text else text

    def line(self, text: str = "") -> None:
        """Add a line."""
        self._lines.append(text)

    def table(
        self,
        headings: Sequence[str],
        rows: Sequence[Sequence[str]],
        paint: Callable[[int, str], Callable[[str], str] | None] = lambda _column, _cell: None,
    ) -> None:
        """Add an aligned table; cells are made printable.

        Args:
            headings: one for each column.
            rows: as many cells in each.
            paint: returns how a cell is painted, by its column and text; None for not at all.
        """
        cells = [[printable(cell) for cell in row] for row in rows]
        columns = range(len(headings))
        widths = [max(len(row[column]) for row in (headings, *cells)) for column in columns]
        self.line("  " + self.dim("  ".join(map(str.ljust, headings, widths)).rstrip()))
        for row in cells:
            padded = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
            padded[-1] = padded[-1].rstrip()
            painters = (paint(column, row[column]) for column in columns)
            painted = (p(cell) if p else cell for p, cell in zip(painters, padded, strict=True))
            self.line("  " + "  ".join(painted).rstrip())

    def text(self) -> str:
        """Return all lines, in characters that the stream can take."""
        text = "\n".join(self._lines)
        return text.encode(self._encoding, "replace").decode(self._encoding)


def printable(text: str) -> str:
    """Return a text on one line, and without what a terminal might obey."""
    return "".join(c if c.isprintable() else " " if c in "\t\n\r" else "\ufffd" for c in text)


def count(number: int, noun: str) -> str:
    """Return ``1 kernel``, ``2 kernels``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"

"""Find long patterns, and long parts of them, in one pass, with the standard library only.

A run of fifteen bytes or more covers, wherever it stands, at least one whole eight-byte word of the
text's grid. So the text is read as 64-bit integers, and one set operation in C answers whether any
of them is a word of any pattern: for one pattern or for ten thousand. Where all patterns are
longer, only every second, third or fourth word has to be looked at. From a word that is known, the
run is followed to both sides.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .pattern import Pattern

_WORD: Final = 8
_MAX_STRIDE: Final = 6


class Run(NamedTuple):
    """Bytes of a text that are a pattern or an accepted part of it.

    Attributes:
        head: what was dropped before the first byte, where the run has the pattern's beginning.
        tail: what was dropped behind the last byte, where it has its end.
        whole: it is all of the pattern.
    """

    start: int
    end: int
    credential: str
    head: bytes = b""
    tail: bytes = b""
    whole: bool = True


class Search(Protocol):
    """Finds patterns in bytes."""

    @property
    def longest(self) -> int:
        """Bytes of the longest pattern; 0: there is nothing to find."""
        ...

    def find(self, data: bytes) -> Iterator[Run]:
        """Yield what is found."""
        ...


class Grid:
    """Patterns, made once and searched for often, by several threads at a time.

    Args:
        patterns: none shorter than fifteen bytes, nor any part that counts.
        parts: whether parts of patterns count; if not, the search is faster.
    """

    def __init__(self, patterns: Sequence[Pattern], *, parts: bool = True) -> None:
        self.longest: Final = max((len(pattern.text) for pattern in patterns), default=0)
        self._parts = parts
        shortest = min(
            (pattern.shortest() if parts else len(pattern.text) for pattern in patterns), default=0
        )
        self._stride = max(1, min((shortest - _WORD + 1) // _WORD, _MAX_STRIDE))
        self._places: dict[int, list[tuple[Pattern, int]]] = {}
        for pattern in patterns:
            for offset in self._offsets(pattern):
                word = int.from_bytes(pattern.text[offset : offset + _WORD], sys.byteorder)
                self._places.setdefault(word, []).append((pattern, offset))
        self._words = frozenset(self._places)

    def _offsets(self, pattern: Pattern) -> set[int]:
        """Where a word of the grid may lie in a run that counts."""
        found = set(range(_WORD * self._stride))
        if self._parts:
            for start, end in pattern.regions:
                found.update(range(start, end - _WORD + 1))
        return found

    def find(self, data: bytes) -> Iterator[Run]:
        """Yield what is found, in order of its beginning; runs of one pattern do not overlap."""
        whole = len(data) // _WORD * _WORD
        if not whole or not self._words:
            return  # an empty view can't be cast
        grid = memoryview(data)[:whole].cast("Q")[:: self._stride]
        known = self._known(grid)
        if known:
            yield from self._follow(data, grid, known)

    def _known(self, grid: memoryview) -> Sequence[int]:
        """Return the numbers of the grid's words that are words of patterns."""
        if self._words.isdisjoint(grid):
            return ()
        return [number for number, word in enumerate(grid) if word in self._words]

    def _follow(self, data: bytes, grid: memoryview, known: Sequence[int]) -> Iterator[Run]:
        done: dict[bytes, int] = {}
        for number in known:
            at = number * self._stride * _WORD
            for pattern, offset in self._places[grid[number]]:
                if at < done.get(pattern.text, 0):
                    continue
                start, end = _run(data, at, pattern.text, offset)
                begin = offset - (at - start)
                if self._accepts(pattern, begin, begin + end - start):
                    done[pattern.text] = end
                    yield _found(pattern, begin, start, end)

    def _accepts(self, pattern: Pattern, start: int, end: int) -> bool:
        if self._parts:
            return pattern.accepts(start, end)
        return end - start == len(pattern.text)


def _found(pattern: Pattern, begin: int, start: int, end: int) -> Run:
    """Make the run of ``pattern``, from its byte ``begin`` on, that is at ``start``."""
    has_end = begin + end - start == len(pattern.text)
    head = b"" if begin else pattern.head
    tail = pattern.tail if has_end else b""
    return Run(start, end, pattern.credential, head, tail, whole=has_end and not begin)


def _run(data: bytes, at: int, text: bytes, offset: int) -> tuple[int, int]:
    """Return the longest run round a word that is at ``at`` in one and ``offset`` in the other."""
    before = min(at, offset)
    start = 0
    while start < before and data[at - start - 1] == text[offset - start - 1]:
        start += 1
    after = min(len(data) - at, len(text) - offset)
    end = _WORD
    if data[at : at + after] == text[offset : offset + after]:
        end = after
    while end < after and data[at + end] == text[offset + end]:
        end += 1
    return at - start, at + end


class Shorts:
    """Patterns of any length, each of which is searched by itself."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self.longest: Final = max((len(pattern.text) for pattern in patterns), default=0)
        self._patterns = tuple(patterns)

    def find(self, data: bytes) -> Iterator[Run]:
        """Yield every occurrence of every pattern."""
        for pattern in self._patterns:
            at = data.find(pattern.text)
            while at >= 0:
                yield Run(at, at + len(pattern.text), pattern.credential)
                at = data.find(pattern.text, at + 1)

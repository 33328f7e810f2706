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
    from collections.abc import Iterable, Iterator, Sequence

    from .pattern import Pattern

    _Place = tuple[Pattern, int]

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

    def add(self, patterns: Iterable[Pattern]) -> None:
        """Find these too, from now on."""
        ...

    def remove(self, patterns: Iterable[Pattern]) -> None:
        """Find these no more."""
        ...

    def find(self, data: bytes) -> Iterator[Run]:
        """Yield what is found."""
        ...


class Table:
    """Where the words of a grid stand in patterns; its length is their number.

    Changed in place: each change of a dict is one step, and a search that runs meanwhile finds a
    word or does not, as if it had been a moment earlier or later.

    Attributes:
        stride: every so manieth word of a text is looked at.
    """

    def __init__(self, stride: int) -> None:
        self.stride: Final = stride
        # Nearly every word stands in one place: a list for it would take as much memory again.
        self._places: dict[int, _Place | list[_Place]] = {}

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[int]:
        return iter(self._places)

    def places(self, word: int) -> Iterable[_Place]:
        """Return the patterns that have a word, each with its offset."""
        return self._at(word)

    def _at(self, word: int) -> list[_Place]:
        found = self._places.get(word)
        if found is None:
            return []
        return found if isinstance(found, list) else [found]

    def add(self, patterns: Iterable[tuple[Pattern, Iterable[int]]]) -> list[int]:
        """Add patterns, each with its offsets; return the words that are new."""
        places = self._places
        new = []
        for pattern, offsets in patterns:
            for offset in offsets:
                word = _word(pattern, offset)
                if word in places:
                    places[word] = [*self._at(word), (pattern, offset)]
                else:
                    new.append(word)
                    places[word] = (pattern, offset)
        return new

    def remove(self, pattern: Pattern, offsets: Iterable[int]) -> None:
        """Take a pattern out."""
        for offset in offsets:
            word = _word(pattern, offset)
            left = [one for one in self._at(word) if one[0] is not pattern]
            if left:
                self._places[word] = left
            else:
                self._places.pop(word, None)

    def known(self, grid: memoryview) -> Sequence[int]:
        """Return the numbers of the grid's words that are words of patterns."""
        places = self._places
        if places.keys().isdisjoint(grid):
            return ()
        return [number for number, word in enumerate(grid) if word in places]


def _word(pattern: Pattern, offset: int) -> int:
    return int.from_bytes(pattern.text[offset : offset + _WORD], sys.byteorder)


class Grid:
    """Patterns that are searched for together. Searches go on, in other threads, while they change.

    Args:
        patterns: none shorter than fifteen bytes, nor any part that counts.
        parts: whether parts of patterns count; if not, the search is faster.

    Attributes:
        table_type: looks up the words.
        longest: bytes of the longest pattern there ever was; 0: there was none.
    """

    table_type: type[Table] = Table

    def __init__(self, patterns: Iterable[Pattern] = (), *, parts: bool = True) -> None:
        self._parts = parts
        self._patterns: dict[bytes, Pattern] = {}
        self._shortest = sys.maxsize
        self._table = self.table_type(_MAX_STRIDE)
        self.longest = 0
        self.add(patterns)

    def add(self, patterns: Iterable[Pattern]) -> None:
        """Find these too, from now on; one caller at a time."""
        new = {pattern.text: pattern for pattern in patterns}
        if not new:
            return
        self._patterns.update(new)
        self.longest = max(self.longest, *map(len, new))
        self._shortest = min(self._shortest, *(self._least(one) for one in new.values()))
        stride = max(1, min((self._shortest - _WORD + 1) // _WORD, _MAX_STRIDE))
        table = self._table
        if stride != table.stride:
            # Shorter ones came: words have to be looked at that were passed over before.
            table, new = self.table_type(stride), self._patterns
        table.add((pattern, self._offsets(pattern, stride)) for pattern in new.values())
        self._table = table

    def remove(self, patterns: Iterable[Pattern]) -> None:
        """Find these no more; one caller at a time."""
        for pattern in patterns:
            known = self._patterns.pop(pattern.text, None)  # another value's may be the same
            if known is not None:
                self._table.remove(known, self._offsets(known, self._table.stride))

    def _least(self, pattern: Pattern) -> int:
        return pattern.shortest() if self._parts else len(pattern.text)

    def _offsets(self, pattern: Pattern, stride: int) -> set[int]:
        """Where a word of the grid may lie in a run that counts."""
        found = set(range(_WORD * stride))
        if self._parts:
            for start, end in pattern.regions:
                found.update(range(start, end - _WORD + 1))
        return found

    def find(self, data: bytes) -> Iterator[Run]:
        """Yield what is found, in order of its beginning; runs of one pattern do not overlap."""
        whole = len(data) // _WORD * _WORD
        table = self._table
        if not whole or not len(table):
            return  # an empty view can't be cast
        grid = memoryview(data)[:whole].cast("Q")[:: table.stride]
        known = table.known(grid)
        if known:
            yield from self._follow(data, grid, known, table)

    def _follow(
        self, data: bytes, grid: memoryview, known: Sequence[int], table: Table
    ) -> Iterator[Run]:
        done: dict[bytes, int] = {}
        for number in known:
            at = number * table.stride * _WORD
            for pattern, offset in table.places(grid[number]):
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

    def __init__(self) -> None:
        self._patterns: dict[bytes, Pattern] = {}
        self.longest = 0

    def add(self, patterns: Iterable[Pattern]) -> None:
        """Find these too, from now on; one caller at a time."""
        self._patterns = {**self._patterns, **{one.text: one for one in patterns}}
        self.longest = max(map(len, self._patterns), default=0)

    def remove(self, patterns: Iterable[Pattern]) -> None:
        """Find these no more; one caller at a time."""
        gone = {one.text for one in patterns}
        self._patterns = {text: one for text, one in self._patterns.items() if text not in gone}

    def find(self, data: bytes) -> Iterator[Run]:
        """Yield every occurrence of every pattern."""
        for pattern in self._patterns.values():
            at = data.find(pattern.text)
            while at >= 0:
                yield Run(at, at + len(pattern.text), pattern.credential)
                at = data.find(pattern.text, at + 1)

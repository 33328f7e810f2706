"""The server's search: the grid's words are compared by NumPy where it is installed.

A set of Python looks up 8 bytes in 25 ns; NumPy hashes a whole piece and looks up each word in one
table, without the interpreter's lock, in 3 ns. What the table knows is asked of the set.
"""

from __future__ import annotations

import functools
import importlib
import sys
from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.redact.grid import Grid, Table
from jupyter_qcred.redact.matcher import Matcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from jupyter_qcred.redact.pattern import Pattern

    _Place = tuple[Pattern, int]

_FACTOR: Final = 0x9E3779B97F4A7C15
"""Fibonacci hashing: 2**64 divided by the golden ratio."""

_MAX_BITS: Final = 21
_SPARSE: Final = 8
"""One byte of so many may be set, or too many words would have to be looked at twice."""

_RECENT: Final = 10_000
"""Words that stand in the dict."""

_SMALL: Final = 256
"""Words: below, NumPy's calls cost more than they save."""


class VectorTable(Table):
    """A table that is asked only for words which a smaller one of hashes knows, too.

    A dict of all words of hundreds of values would take a hundred megabytes. So it has the latest
    ones only, and from time to time they move into sorted arrays.
    """

    def __init__(self, stride: int) -> None:
        super().__init__(stride)
        self._numpy = _numpy()
        self._hashes: _Hashes | None = None
        self._sorted: _Sorted | None = None

    def __len__(self) -> int:
        return super().__len__() + (len(self._sorted.words) if self._sorted else 0)

    def places(self, word: int) -> Iterable[_Place]:
        """Return the patterns that have a word, each with its offset."""
        found = self._sorted
        return [*self._at(word), *(found.places(word) if found else ())]

    def add(self, patterns: Iterable[tuple[Pattern, Iterable[int]]]) -> list[int]:
        """Add patterns, each with its offsets; return the words that are new."""
        new = super().add(patterns)
        if self._numpy is None or not new:
            return new
        if len(self._places) > _RECENT:
            entries = [(word, *place) for word in self._places for place in self._at(word)]
            # First there, then no more here: a search in between finds them twice.
            self._sorted = _Sorted(self._numpy, entries, self._sorted)
            self._places = {}
        self._mark(new)
        return new

    def _mark(self, new: Sequence[int]) -> None:
        hashes = self._hashes
        if hashes is None or not hashes.has_room(len(self)):
            hashes = _Hashes(self._numpy, len(self))
            hashes.add(self._numpy.fromiter(self._places, self._numpy.uint64, len(self._places)))
            if self._sorted is not None:
                hashes.add(self._sorted.words)
        hashes.add(self._numpy.fromiter(new, self._numpy.uint64, len(new)))
        self._hashes = hashes

    def remove(self, pattern: Pattern, offsets: Iterable[int]) -> None:
        """Take a pattern out."""
        super().remove(pattern, offsets)
        if self._sorted is not None:
            self._sorted.remove(pattern)

    def known(self, grid: memoryview) -> Sequence[int]:
        """Return the numbers of the grid's words that are words of patterns."""
        hashes, arrays, places = self._hashes, self._sorted, self._places
        if hashes is None or (arrays is None and len(grid) < _SMALL):
            return super().known(grid)
        words = self._numpy.asarray(grid)
        likely = hashes.likely(words)
        if arrays is None:
            return [number for number in likely.tolist() if grid[number] in places]
        there = arrays.has(words[likely]).tolist()
        numbers = zip(likely.tolist(), there, strict=True)
        return [number for number, known in numbers if known or grid[number] in places]


class _Sorted:
    """Words in order, and for each a pattern and an offset; nothing is added later.

    Args:
        numpy: the module.
        entries: word, pattern and offset.
        before: what is taken over, less what was removed there.
    """

    def __init__(
        self, numpy: Any, entries: Iterable[tuple[int, Pattern, int]], before: _Sorted | None
    ) -> None:
        self._numpy = numpy
        self._patterns: list[Pattern | None] = []
        self._numbers: dict[bytes, int] = {}
        words, patterns, offsets = zip(*entries, strict=True)
        columns = [
            numpy.fromiter(words, numpy.uint64, len(words)),
            numpy.fromiter(map(self._number, patterns), numpy.uint32, len(words)),
            numpy.fromiter(offsets, numpy.uint16, len(words)),
        ]
        if before is not None:
            old = before.columns(self._number)
            columns = [numpy.concatenate(pair) for pair in zip(columns, old, strict=True)]
        order = numpy.argsort(columns[0], kind="stable")
        self.words: Any = columns[0][order]
        self._owners: Any = columns[1][order]
        self._offsets: Any = columns[2][order]

    def _number(self, pattern: Pattern) -> int:
        if pattern.text not in self._numbers:
            self._numbers[pattern.text] = len(self._patterns)
            self._patterns.append(pattern)
        return self._numbers[pattern.text]

    def columns(self, number: Callable[[Pattern], int]) -> tuple[Any, Any, Any]:
        """Return words, patterns by their new ``number``, and offsets; less what was removed."""
        kept = self._numpy.array([one is not None for one in self._patterns], bool)[self._owners]
        numbers = [0 if one is None else number(one) for one in self._patterns]
        owners = self._numpy.array(numbers, self._numpy.uint32)[self._owners[kept]]
        return self.words[kept], owners, self._offsets[kept]

    def has(self, words: Any) -> Any:
        """Tell for each of an array of words whether it is here."""
        at = self._numpy.searchsorted(self.words, words)
        at[at == len(self.words)] = 0
        return self.words[at] == words

    def places(self, word: int) -> Iterator[_Place]:
        """Yield the patterns that have a word, each with its offset."""
        wanted = self._numpy.uint64(word)
        first = int(self._numpy.searchsorted(self.words, wanted))
        last = int(self._numpy.searchsorted(self.words, wanted, "right"))
        for at in range(first, last):
            pattern = self._patterns[self._owners[at]]
            if pattern is not None:
                yield pattern, int(self._offsets[at])

    def remove(self, pattern: Pattern) -> None:
        """Pass over a pattern from now on."""
        number = self._numbers.get(pattern.text)
        if number is not None and self._patterns[number] is pattern:
            self._patterns[number] = None


class _Hashes:
    """One bit for each hash, held in a byte. A word that was taken out leaves its mark."""

    def __init__(self, numpy: Any, words: int) -> None:
        self._numpy = numpy
        bits = min(_MAX_BITS, (4 * _SPARSE * words).bit_length())
        self._room = (1 << bits) // _SPARSE if bits < _MAX_BITS else sys.maxsize
        self._shift = numpy.uint64(64 - bits)
        self._factor = numpy.uint64(_FACTOR)
        self._table = numpy.zeros(1 << bits, bool)

    def has_room(self, words: int) -> bool:
        """Whether so many words leave most of it empty."""
        return words <= self._room

    def add(self, words: Any) -> None:
        """Mark an array of words."""
        self._table[self._of(words)] = True

    def likely(self, words: Any) -> Any:
        """Return the numbers of words that are marked, or share a hash with one that is."""
        return self._numpy.flatnonzero(self._table[self._of(words)])

    def _of(self, words: Any) -> Any:
        return (words * self._factor) >> self._shift


class VectorGrid(Grid):
    """A grid whose words are looked up by NumPy."""

    table_type = VectorTable


class ServerMatcher(Matcher):
    """A matcher for texts of any size."""

    grid_type = VectorGrid


@functools.cache
def _numpy() -> Any:
    try:
        return importlib.import_module("numpy")
    except ImportError:
        return None

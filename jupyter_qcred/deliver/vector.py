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
    from collections.abc import Iterable, Sequence

    from jupyter_qcred.redact.pattern import Pattern

_FACTOR: Final = 0x9E3779B97F4A7C15
"""Fibonacci hashing: 2**64 divided by the golden ratio."""

_MAX_BITS: Final = 22
_SPARSE: Final = 16
"""One byte of so many may be set, or too many words would have to be looked at twice."""

_SMALL: Final = 256
"""Words: below, NumPy's calls cost more than they save."""


class VectorTable(Table):
    """A table that is asked only for words which a smaller one of hashes knows, too."""

    def __init__(self, stride: int) -> None:
        super().__init__(stride)
        self._numpy = _numpy()
        self._hashes: _Hashes | None = None

    def add(self, patterns: Iterable[tuple[Pattern, Iterable[int]]]) -> list[int]:
        """Add patterns, each with its offsets; return the words that are new."""
        new = super().add(patterns)
        if self._numpy is None or not new:
            return new
        hashes = self._hashes
        if hashes is None or not hashes.has_room(len(self)):
            hashes = _Hashes(self._numpy, len(self))
            hashes.add(list(self))
        else:
            hashes.add(new)
        self._hashes = hashes
        return new

    def known(self, grid: memoryview) -> Sequence[int]:
        """Return the numbers of the grid's words that are words of patterns."""
        hashes = self._hashes
        if hashes is None or len(grid) < _SMALL:
            return super().known(grid)
        places = self._places
        return [number for number in hashes.likely(grid) if grid[number] in places]


class _Hashes:
    """One bit for each hash, held in a byte. A word that was taken out leaves its mark."""

    def __init__(self, numpy: Any, words: int) -> None:
        self._numpy = numpy
        bits = min(_MAX_BITS, (64 * words).bit_length())
        self._room = (1 << bits) // _SPARSE if bits < _MAX_BITS else sys.maxsize
        self._shift = numpy.uint64(64 - bits)
        self._factor = numpy.uint64(_FACTOR)
        self._table = numpy.zeros(1 << bits, bool)

    def has_room(self, words: int) -> bool:
        """Whether so many words leave most of it empty."""
        return words <= self._room

    def add(self, words: Sequence[int]) -> None:
        """Mark words."""
        array = self._numpy.fromiter(words, self._numpy.uint64, len(words))
        self._table[self._of(array)] = True

    def likely(self, grid: memoryview) -> list[int]:
        """Return the numbers of words that are marked, or share a hash with one that is."""
        words = self._numpy.asarray(grid)
        found: list[int] = self._numpy.flatnonzero(self._table[self._of(words)]).tolist()
        return found

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

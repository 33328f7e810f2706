"""From bytes to characters, and from texts that were joined back to each of them."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from typing import TYPE_CHECKING, Final

from .views import to_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .anchors import Hit

_JOINED: Final = 1 << 20
"""Characters that are searched for anchors in one go, where there are many texts."""


def characters(text: str, hits: Iterable[Hit]) -> Iterable[int]:
    """Return the offsets of hits, which are in order, in characters: bytes only in ASCII."""
    if text.isascii():
        return (hit.start for hit in hits)
    return _decoded(to_bytes(text), hits)


def _decoded(data: bytes, hits: Iterable[Hit]) -> Iterator[int]:
    done = size = 0
    for hit in hits:
        # A hit begins with an ASCII character, so no character is cut.
        size += len(data[done : hit.start].decode("utf-8", "surrogatepass"))
        done = hit.start
        yield size


def batches(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield the bounds of slices with about as many characters as are worth one search."""
    sizes = list(itertools.accumulate(map(len, texts)))
    first = 0
    while first < len(sizes):
        done = sizes[first - 1] if first else 0
        last = max(first + 1, bisect_left(sizes, done + _JOINED))
        yield first, last
        first = last


def texts_at(texts: Sequence[str], places: Iterable[int]) -> Iterator[int]:
    """Yield which of the texts, joined by single characters, each place is in."""
    ends: list[int] = []
    for place in places:
        if not ends:
            ends = list(itertools.accumulate(map(len, texts)))
        # As many separators as texts are before it.
        yield bisect_left(range(len(ends)), place, key=lambda number: ends[number] + number)

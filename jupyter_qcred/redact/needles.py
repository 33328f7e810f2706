"""The armed variants at one moment: an immutable snapshot which any thread may search.

Rules:

* Every occurrence of every variant is taken out, also where several overlap: the leftmost one
  first, the longest of those that start together, then what others reach beyond it. So nothing of
  one value survives beside another that begins inside it.
* Nothing touches a placeholder of an armed credential: what was redacted stays as it is.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING, Final, NamedTuple

from .placeholder import placeholder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .search import Hit, Searcher


class Tile(NamedTuple):
    """A run of bytes that becomes one placeholder.

    ``origin`` is where the variant begins: before ``start`` where another tile took its beginning.
    """

    start: int
    end: int
    credential: str
    origin: int


class Needles:
    """Variants as bytes, each with the credential it gives away.

    Args:
        owners: credential by variant; not empty, no variant empty.
        min_fragment: the shortest beginning of a variant which a stream holds back.
        searcher: makes the searcher.
    """

    def __init__(
        self,
        owners: Mapping[bytes, str],
        min_fragment: int,
        searcher: Callable[[Sequence[bytes]], Searcher],
    ) -> None:
        self._needles: Final = tuple(owners)
        self._names: Final = tuple(owners.values())
        self._searcher: Final = searcher(self._needles)
        marks = sorted(placeholder(name).encode() for name in set(self._names))
        self._placeholders: Final = re.compile(b"|".join(map(re.escape, marks)))
        self._beginnings: Final = Beginnings(self._needles, min_fragment)

    def __len__(self) -> int:
        return len(self._needles)

    def find(self, data: bytes | memoryview) -> list[Tile]:
        """Return what to replace, in order, not overlapping."""
        hits = self._searcher.find(data)
        return self._tiles(data, hits) if hits else []

    def held_length(self, data: bytes) -> int:
        """Return the length of the longest end of ``data`` that properly begins a variant."""
        return self._beginnings.held_length(data)

    def _tiles(self, data: bytes | memoryview, hits: list[Hit]) -> list[Tile]:
        marks = [mark.span() for mark in self._placeholders.finditer(data)]
        starts = [start for start, _ in marks]
        tiles: list[Tile] = []
        done = 0
        for start, end, index in sorted(hits, key=lambda hit: (hit[0], -hit[1], hit[2])):
            before = bisect_left(starts, end) - 1
            touches_mark = before >= 0 and marks[before][1] > start
            if end <= done or touches_mark:
                continue
            tiles.append(Tile(max(start, done), end, self._names[index], start))
            done = end
        return tiles


class Beginnings:
    """Answers how much of a text's end may be the beginning of a needle.

    Most texts end in a character no needle holds (a line break), and the answer costs nothing.
    """

    def __init__(self, needles: Sequence[bytes], fragment: int) -> None:
        self._fragment = fragment
        self._alphabet = bytes(sorted({byte for needle in needles for byte in needle}))
        self._longest = max(map(len, needles)) - 1
        self._by_head: dict[bytes, list[bytes]] = {}
        for needle in needles:
            self._by_head.setdefault(needle[:fragment], []).append(needle)
        self._short = {needle[:size] for needle in needles for size in range(1, fragment)}

    def held_length(self, data: bytes) -> int:
        """Return the length of the longest end of ``data`` that properly begins a needle."""
        end = data[-self._longest :]
        run = end[len(end.rstrip(self._alphabet)) :]
        if not run:
            return 0
        for at in self._candidates(run):
            held = run[at:]
            if any(
                len(needle) > len(held) and needle.startswith(held)
                for needle in self._by_head[held[: self._fragment]]
            ):
                return len(held)
        for size in range(min(self._fragment - 1, len(run)), 0, -1):
            if run[-size:] in self._short:
                return size
        return 0

    def _candidates(self, run: bytes) -> list[int]:
        """Where a head stands in ``run``, from the left; by the cheaper of two ways."""
        heads, size = self._by_head, self._fragment
        if len(run) <= 4 * len(heads):
            return [at for at in range(len(run) - size + 1) if run[at : at + size] in heads]
        places: list[int] = []
        for head in heads:
            at = run.find(head)
            while at >= 0:
                places.append(at)
                at = run.find(head, at + 1)
        return sorted(places)

"""The armed values, which any thread may search for.

Rules:

* Every occurrence of every form is taken out, also where several overlap: the leftmost one first,
  the longest of those that start together, then what others reach beyond it. So nothing of one
  value survives beside another that begins inside it.
* Nothing touches a placeholder of an armed credential: what was redacted stays as it is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from .beginnings import Beginnings
from .grid import Grid, Shorts
from .pattern import MIN_SQUEEZED, Pattern
from .placeholder import placeholder
from .scan import Scan, to_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from .grid import Search
    from .scan import Hit


_BY_CHANCE: Final = 4


class Span(NamedTuple):
    """A part of one text that belongs to a value.

    Attributes:
        begins: the value begins in this text, and not in one before it.
        marked: colours and tags in it are none of the value's own characters.
    """

    start: int
    end: int
    credential: str
    begins: bool = True
    marked: bool = False


class Tile(NamedTuple):
    """A run of bytes that becomes one placeholder.

    Attributes:
        origin: where the value begins: before ``start`` where another tile took its beginning.
        begins: False where a text before this one has the placeholder.
        marked: colours and tags in it are none of the value's own characters.
    """

    start: int
    end: int
    credential: str
    origin: int
    begins: bool = True
    marked: bool = False


class Matcher:
    """Searches texts for patterns and literals. Searches go on while the set of them changes.

    Args:
        patterns: forms in squeezed text.
        literals: credential by text.
        min_hold: the shortest beginning of a value which a stream holds back.

    Attributes:
        grid_type: the search for patterns.
    """

    grid_type: type[Grid] = Grid

    def __init__(
        self, patterns: Iterable[Pattern], literals: Mapping[bytes, str], min_hold: int
    ) -> None:
        self.grid: Final = self.grid_type()
        self.coarse: Final = self.grid_type(parts=False)
        # What an image holds is in base64, as the image itself is.
        self.image: Final = self.grid_type(parts=False)
        self.literals: Final[tuple[Search, ...]] = (self.grid_type(), Shorts())
        self._names: set[str] = set()
        self._placeholders = re.compile(b"(?!)")
        self._beginnings: Final = Beginnings(min_hold)
        self.add(patterns, literals)

    def add(self, patterns: Iterable[Pattern], literals: Mapping[bytes, str]) -> None:
        """Find these too, from now on; one caller at a time.

        Args:
            patterns: none that is there already.
            literals: credential by text; none that is there already.
        """
        found = tuple(patterns)
        self._name({*literals.values(), *(pattern.credential for pattern in found)})
        self._beginnings.add(found, tuple(literals))
        for search, wanted in self._shared_out(found, literals):
            search.add(wanted)

    def remove(self, patterns: Iterable[Pattern], literals: Mapping[bytes, str]) -> None:
        """Find these no more; one caller at a time."""
        found = tuple(patterns)
        for search, wanted in self._shared_out(found, literals):
            search.remove(wanted)
        self._beginnings.remove(found, tuple(literals))

    def _shared_out(
        self, patterns: tuple[Pattern, ...], literals: Mapping[bytes, str]
    ) -> Iterator[tuple[Search, list[Pattern]]]:
        in_base64 = [one for one in patterns if one.base64]
        long, short = self.literals
        exact = [_exact(text, name) for text, name in literals.items()]
        yield self.grid, list(patterns)
        yield self.coarse, list(patterns)
        yield (
            self.image,
            [
                one._replace(text=text)
                for one in in_base64
                for text in one.base64
                if len(text) >= MIN_SQUEEZED
            ],
        )
        yield long, [one for one in exact if len(one.text) >= MIN_SQUEEZED]
        yield short, [one for one in exact if len(one.text) < MIN_SQUEEZED]

    def _name(self, names: set[str]) -> None:
        if not names <= self._names:
            self._names |= names
            marks = sorted(placeholder(name).encode() for name in self._names)
            self._placeholders = re.compile(b"|".join(map(re.escape, marks)))

    def find(self, data: bytes) -> list[Tile]:
        """Return what to replace in a text, in order, not overlapping."""
        scan = Scan(self)
        scan.feed_bytes(data)
        spans = [Span(hit.start, hit.end, hit.credential, marked=hit.marked) for hit in scan.hits]
        return self.tiles(data, spans) if spans else []

    def find_in(self, texts: Sequence[str]) -> dict[int, list[Tile]]:
        """Return what to replace in texts that stand one after the other, by their numbers."""
        scan = Scan(self)
        scan.feed(texts)
        spans: dict[int, list[Span]] = {}
        for hit in scan.hits:
            for number, span in _spans(hit, texts):
                spans.setdefault(number, []).append(span)
        found = {number: self.tiles(to_bytes(texts[number]), spans[number]) for number in spans}
        return {number: tiles for number, tiles in sorted(found.items()) if tiles}

    def held_from(self, data: bytes, *, patient: bool = False) -> int:
        """Return where the end of ``data`` begins which may belong to a value.

        Args:
            data: the end of a stream.
            patient: count any character, where nobody waits for it.
        """
        return self._beginnings.any_from(data) if patient else self._beginnings.held_from(data)

    def tiles(self, data: bytes, spans: Iterable[Span]) -> list[Tile]:
        """Return the tiles of one text for the spans found in it."""
        marks = [mark.span() for mark in self._placeholders.finditer(data)]
        tiles: list[Tile] = []
        done = at = 0
        for start, end, credential, begins, marked in sorted(spans, key=_order):
            while at < len(marks) and marks[at][1] <= start:
                at += 1
            touches_mark = at < len(marks) and marks[at][0] < end
            if end <= done or touches_mark:
                continue
            if tiles and start < done and tiles[-1].credential == credential:
                tiles[-1] = tiles[-1]._replace(end=end, marked=marked and tiles[-1].marked)
            else:
                tiles.append(Tile(max(start, done), end, credential, start, begins, marked))
            done = end
        return tiles


def _spans(hit: Hit, texts: Sequence[str]) -> Iterator[tuple[int, Span]]:
    """Yield the parts of a hit by the numbers of texts.

    Where a part of a value ends at the border of a text, the next text may go on alike by chance,
    for a letter or two.
    """
    begins = True
    for number in range(hit.text, hit.end_text + 1):
        start = hit.start if number == hit.text else 0
        end = hit.end if number == hit.end_text else len(to_bytes(texts[number]))
        by_chance = not hit.whole and hit.text != hit.end_text and end - start < _BY_CHANCE
        if by_chance and number in {hit.text, hit.end_text}:
            continue
        yield number, Span(start, end, hit.credential, begins=begins, marked=hit.marked)
        begins = False


def _exact(text: bytes, credential: str) -> Pattern:
    return Pattern(text, credential, 0, (), b"", b"", ())


def _order(span: Span) -> tuple[int, int, str]:
    return span.start, -span.end, span.credential

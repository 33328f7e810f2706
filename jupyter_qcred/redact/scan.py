"""Look through one text, or many that stand one after the other, piece by piece.

Pieces are small enough for a processor's cache, and between two of them other threads can run. What
stands in several texts, one part in each, is found as well: a value may be a list of characters, or
cut by the border between two outputs.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from .compressed import unpacked
from .squeeze import (
    has_openings,
    kept_positions,
    places_without,
    squeeze,
    without_escapes,
    without_tags,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .grid import Search
    from .matcher import Matcher

PIECE: Final = 1 << 17
"""Bytes looked at in one go."""

_MARK_ROOM: Final = 1100
"""Bytes before a cut in which a mark may begin that must not be cut apart."""

_LARGE: Final = 4_000_000
"""Characters from which only whole forms are looked for: what prints so much has no reader."""

_IMAGE: Final = 2048
_IMAGES: Final = ("iVBORw0KGgo", "/9j/", "R0lGOD", "UklGR", "JVBERi0", "AAAA", "T2dnUw")
"""Beginnings of PNG, JPEG, GIF, RIFF, PDF, MP4 and Ogg files in base64."""

_FEW: Final = 64
"""Texts that are not worth a choice."""

_WRAPPED: Final = 128
"""Characters in which a line of base64 ends, if it has lines (RFC 2045: 76)."""

_SEPARATOR: Final = "\0"


class Hit(NamedTuple):
    """A value, or a part that counts: from a byte of one text to one of the same or a later one.

    ``marked``: it was found behind colours or tags, so those in it are none of its own characters.
    """

    text: int
    start: int
    end_text: int
    end: int
    credential: str
    whole: bool
    marked: bool = False


class Scan:
    """One pass over texts; ``hits`` has what was found, in no order, overlaps included."""

    def __init__(self, matcher: Matcher) -> None:
        self.hits: list[Hit] = []
        self._grid = matcher.grid
        self._literal = [
            _View(search, _same, _every_place) for search in matcher.literals if search.longest
        ]
        self._plain = _View(matcher.grid, squeeze, kept_positions)
        self._coarse = _View(matcher.coarse, squeeze, kept_positions)
        self._image = _View(matcher.image, _same, _every_place)
        self._coloured = _View(matcher.grid, squeeze, _positions_behind_escapes, marked=True)
        self._tagged = _View(matcher.grid, squeeze, _positions_behind_marks, marked=True)

    def feed(self, texts: Sequence[str]) -> None:
        """Look through texts in their order."""
        batch: list[int] = []
        size = 0
        for number, text in enumerate(texts):
            if len(text) >= _IMAGE and text.startswith(_IMAGES):
                wrapped = "\n" in text[:_WRAPPED]
                self._feed_large(number, text, self._coarse if wrapped else self._image)
                continue
            if len(text) >= PIECE:
                self._feed_batch(texts, batch)
                batch, size = [], 0
                self._feed_large(number, text, self._coarse if len(text) >= _LARGE else self._plain)
                continue
            batch.append(number)
            size += len(text)
            if size >= PIECE:
                self._feed_batch(texts, batch)
                batch, size = [], 0
        self._feed_batch(texts, batch)

    def feed_bytes(self, data: bytes) -> None:
        """Look through one text in UTF-8, or any bytes."""
        for start, end in _cuts(data, b"\x1b", b"<"):
            raw = data[start:end]
            place = _Within(0, start)
            self._look(self._plain, raw, place)
            self._look_behind_marks(raw, place)

    def _feed_batch(self, texts: Sequence[str], batch: list[int]) -> None:
        if not batch:
            return
        raw = to_bytes(_SEPARATOR.join([texts[number] for number in batch]))
        self._look(self._plain, raw, _Among(texts, batch, len(_SEPARATOR)))
        if not has_openings(raw):
            return
        # A mark may be cut apart by the border between two texts: here nothing stands between them.
        coloured = _near(batch, [number for number in batch if _has_escapes(texts[number])])
        if coloured:
            raw = to_bytes("".join([texts[number] for number in coloured]))
            self._look_behind_escapes(raw, _Among(texts, coloured, 0))
        tagged = _near(batch, [number for number in batch if _has_tags(texts[number])])
        if tagged:
            raw = to_bytes("".join([texts[number] for number in tagged]))
            self._look_behind_tags(raw, _Among(texts, tagged, 0))

    def _feed_large(self, number: int, text: str, view: _View) -> None:
        base = 0
        for start, end in _cuts(text, "\x1b", "<"):
            raw = to_bytes(text[start:end])
            place = _Within(number, base)
            self._look(view, raw, place)
            if view is self._plain:
                self._look_behind_marks(raw, place)
            base += len(raw)

    def _look(self, view: _View, raw: bytes, place: _Place) -> None:
        self.hits.extend(view.feed(raw, place))
        for literal in self._literal:
            self.hits.extend(literal.feed(raw, place))
        if view is self._plain:
            self._look_inside(raw, place)

    def _look_inside(self, raw: bytes, place: _Place) -> None:
        """Look into compressed data; where a value is in it, all of it counts."""
        for start, end, content in unpacked(raw):
            hit = next(
                _View(self._grid, squeeze, kept_positions).feed(content, _Within(0, 0)), None
            )
            if hit is not None:
                text, offset = place(start)
                self.hits.append(
                    Hit(text, offset, text, offset + end - start, hit.credential, whole=True)
                )

    def _look_behind_marks(self, raw: bytes, place: _Place) -> None:
        self._look_behind_escapes(raw, place)
        self._look_behind_tags(raw, place)

    def _look_behind_escapes(self, raw: bytes, place: _Place) -> None:
        rest = without_escapes(raw)
        if len(rest) != len(raw):
            self.hits.extend(self._coloured.feed(raw, place, squeeze(rest)))

    def _look_behind_tags(self, raw: bytes, place: _Place) -> None:
        rest = without_escapes(raw)
        text = without_tags(rest)
        if len(text) != len(rest):
            self.hits.extend(self._tagged.feed(raw, place, squeeze(text)))


class _View:
    """One way to look at all pieces; the end of a piece is remembered, since a value may go on."""

    def __init__(
        self,
        search: Search,
        change: Callable[[bytes], bytes],
        positions: Callable[[bytes], Sequence[int]],
        *,
        marked: bool = False,
    ) -> None:
        self._search = search
        self._marked = marked
        self._change = change
        self._positions = positions
        self._tail = b""
        self._total = 0
        self._pieces: deque[_Piece] = deque()

    def feed(self, raw: bytes, place: _Place, changed: bytes | None = None) -> Iterator[Hit]:
        """Yield what ends in this piece; ``place`` tells where its bytes are."""
        if changed is None:
            changed = self._change(raw)
        self._pieces.append(_Piece(self._total, raw, place, self._positions))
        first = self._total - len(self._tail)
        data = self._tail + changed if self._tail else changed
        for run in self._search.find(data):
            if run.end > len(self._tail):
                begin = self._start(first + run.start, run.head)
                end = self._end(first + run.end - 1, run.tail)
                yield Hit(*begin, *end, run.credential, run.whole, self._marked)
        self._total += len(changed)
        keep = self._search.longest - 1
        self._tail = data[-keep:] if keep > 0 else b""
        while len(self._pieces) > 1 and self._pieces[1].first <= self._total - len(self._tail):
            self._pieces.popleft()

    def _start(self, number: int, head: bytes) -> tuple[int, int]:
        """Return the place of a character, or of the ``head`` before it."""
        piece, at = self._locate(number)
        text, offset = piece.place(at)
        less = len(head) if head and piece.raw.endswith(head, max(0, at - len(head)), at) else 0
        return text, offset - less

    def _end(self, number: int, tail: bytes) -> tuple[int, int]:
        """Return the place behind a character, or behind its ``tail``."""
        piece, at = self._locate(number)
        text, offset = piece.place(at)
        more = len(tail) if tail and piece.raw.startswith(tail, at + 1) else 0
        return text, offset + 1 + more

    def _locate(self, number: int) -> tuple[_Piece, int]:
        piece = next(piece for piece in reversed(self._pieces) if piece.first <= number)
        return piece, piece.places[number - piece.first]


class _Piece:
    """``first`` is the number of its first character after the change."""

    def __init__(
        self, first: int, raw: bytes, place: _Place, positions: Callable[[bytes], Sequence[int]]
    ) -> None:
        self.first = first
        self.raw = raw
        self.place = place
        self._positions = positions

    @cached_property
    def places(self) -> Sequence[int]:
        """Where the characters after the change stand in ``raw``."""
        return self._positions(self.raw)


class _Within:
    """Places in a part of one text."""

    def __init__(self, text: int, base: int) -> None:
        self._text = text
        self._base = base

    def __call__(self, at: int) -> tuple[int, int]:
        return self._text, self._base + at


class _Among:
    """Places in texts that were joined."""

    def __init__(self, texts: Sequence[str], numbers: list[int], between: int) -> None:
        self._texts = texts
        self._numbers = numbers
        self._between = between

    @cached_property
    def _starts(self) -> list[int]:
        lengths = (len(to_bytes(self._texts[number])) for number in self._numbers)
        return [0, *accumulate(length + self._between for length in lengths)]

    def __call__(self, at: int) -> tuple[int, int]:
        index = bisect_right(self._starts, at) - 1
        return self._numbers[index], at - self._starts[index]


_Place = _Within | _Among
_Text = TypeVar("_Text", str, bytes)


def to_bytes(text: str) -> bytes:
    """Encode any str, also one with lone surrogates."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _same(raw: bytes) -> bytes:
    return raw


def _every_place(raw: bytes) -> range:
    return range(len(raw))


def _has_escapes(text: str) -> bool:
    return "\x1b" in text or ("\\" in text and "[" in text)


def _has_tags(text: str) -> bool:
    return ("<" in text and ">" in text) or ("&" in text and ";" in text)


def _near(batch: list[int], marked: list[int]) -> list[int]:
    """Add the texts round them: a value between marks, or a mark itself, may be cut apart."""
    if not marked or len(batch) <= _FEW:
        return batch if marked else marked
    near = {number + step for number in marked for step in (-1, 0, 1)}
    return [number for number in batch if number in near]


def _positions_behind_escapes(raw: bytes) -> Sequence[int]:
    data, places = places_without(raw, tags=False)
    return [places[at] for at in kept_positions(data)]


def _positions_behind_marks(raw: bytes) -> Sequence[int]:
    data, places = places_without(raw, tags=True)
    return [places[at] for at in kept_positions(data)]


def _cuts(text: _Text, *marks: _Text) -> Iterator[tuple[int, int]]:
    """Cut a text into pieces, between marks if it can be."""
    start = 0
    while start < len(text):
        end = start + PIECE
        if end < len(text):
            room = end - _MARK_ROOM
            end = min(
                (at for mark in marks if (at := text.rfind(mark, room, end)) > 0), default=end
            )
        yield start, min(end, len(text))
        start = end

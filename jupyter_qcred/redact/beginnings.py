"""How much of a text's end may belong to a value of which more is still to come.

Most texts end in characters of no value, and the answer costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .squeeze import kept_positions, places_without, squeeze, unfinished_from

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .pattern import Pattern

_DIGITS: Final = 8
"""Characters by which a form of digits alone is told: four of them are in any table."""

_NEAR: Final = 512
_LONG: Final = 48
"""A longer end of the near bytes is in a pattern: then the rest is worth a look."""

_NOTHING: Final = 1 << 62

_ROOM: Final = 4
"""A wrapped, coloured or spaced value takes at most so many times its length, mostly."""


class Beginnings:
    """Knows all short pieces of patterns, and all beginnings of literals.

    Args:
        size: shortest piece that is held.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        # How many patterns have a piece, by its length.
        self._pieces: dict[int, dict[bytes, int]] = {}
        self._texts: dict[bytes, None] = {}
        self._all = b""
        self._reach = 0
        self._heads: dict[bytes, tuple[bytes, ...]] = {}
        self._longest = 0
        self._alphabet = b""

    def add(self, patterns: Sequence[Pattern], literals: Sequence[bytes]) -> None:
        """Know these too; patterns are in squeezed text, literals as they are."""
        for text in (pattern.text for pattern in patterns):
            counts = self._pieces.setdefault(self._length(text), {})
            for piece in self._pieces_of(text):
                counts[piece] = counts.get(piece, 0) + 1
            self._texts[text] = None
            self._reach = max(self._reach, len(text))
        self._all = b"\n".join((self._all, *(pattern.text for pattern in patterns)))
        for literal in literals:
            head = literal[: self._size]
            self._heads[head] = (*self._heads.get(head, ()), literal)
            self._longest = max(self._longest, len(literal) - 1)
        self._alphabet = bytes(sorted({*self._alphabet, *b"".join(literals)}))

    def remove(self, patterns: Sequence[Pattern], literals: Sequence[bytes]) -> None:
        """Forget them."""
        for text in (pattern.text for pattern in patterns):
            counts = self._pieces[self._length(text)]
            for piece in self._pieces_of(text):
                counts[piece] -= 1
                if not counts[piece]:
                    del counts[piece]
            del self._texts[text]
        self._all = b"\n".join(self._texts)
        for literal in literals:
            head = literal[: self._size]
            self._heads[head] = tuple(one for one in self._heads[head] if one != literal)

    def _length(self, text: bytes) -> int:
        return _DIGITS if text.isdigit() else self._size

    def _pieces_of(self, text: bytes) -> Iterator[bytes]:
        # Without the last piece of each: behind it nothing more can come.
        length = self._length(text)
        return (text[at : at + length] for at in range(len(text) - length))

    def held_from(self, data: bytes) -> int:
        """Return where the end of ``data`` begins that is to be held; its length for nothing."""
        held = self._literal_from(data) if self._heads else len(data)
        if self._pieces and self._may_hold(data):
            end = data[-max(256, _ROOM * self._reach) :]
            origin = len(data) - len(end)
            held = min(held, origin + self._squeezed_from(end))
            if b"\x1b" in end or b"<" in end:
                # A mark that is cut apart is none yet, and still no part of the value.
                end = end[: unfinished_from(end)]
                for tags in (False, True):
                    rest, places = places_without(end, tags=tags)
                    start = self._squeezed_from(rest)
                    held = min(held, origin + places[start] if start < len(rest) else held)
        return held

    def _may_hold(self, data: bytes) -> bool:
        """Whether it is worth a closer look; mostly it is not."""
        end = data[-256:]
        return b"\x1b" in end or b"<" in end or self._ends_in_piece(squeeze(end))

    def _ends_in_piece(self, squeezed: bytes) -> bool:
        return any(squeezed[-size:] in pieces for size, pieces in tuple(self._pieces.items()))

    def any_from(self, data: bytes) -> int:
        """Return where the end of ``data`` begins which is as long as the longest form."""
        origin = max(0, len(data) - _ROOM * max(256, self._reach))
        places = kept_positions(data[origin:])
        behind = len(places) - self._reach
        start = origin + places[behind] if behind > 0 else origin
        return max(0, min(start, len(data) - self._longest))

    def _squeezed_from(self, end: bytes) -> int:
        """Return where the longest end begins that stands in any pattern."""
        near = squeeze(end[-_NEAR:])
        if not self._ends_in_piece(near):
            return _NOTHING
        squeezed = near if near[-_LONG:] not in self._all else squeeze(end)
        least, most = self._size, min(len(squeezed), self._reach)
        while least < most:
            length = (least + most + 1) // 2
            if squeezed[-length:] in self._all:
                least = length
            else:
                most = length - 1
        return kept_positions(end)[-least]

    def _literal_from(self, data: bytes) -> int:
        end = data[-self._longest :] if self._longest else b""
        run = end[len(end.rstrip(self._alphabet)) :]
        for at in range(len(run) - self._size + 1):
            held = run[at:]
            if any(
                len(literal) > len(held) and literal.startswith(held)
                for literal in self._heads.get(held[: self._size], ())
            ):
                return len(data) - len(held)
        return len(data)

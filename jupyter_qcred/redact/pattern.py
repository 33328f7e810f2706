"""What to look for when one value is armed: patterns in squeezed text, and literals.

Most values are made of enough letters and digits to be told by them alone: they are looked for in
squeezed text, where wrapping, spacing, quoting and case play no part. What is short, or reads like
words, would be found in innocent text so; it is looked for literally.
"""

from __future__ import annotations

import re
from itertools import accumulate
from math import ceil
from typing import Final, NamedTuple

from .encodings import BASE64, MIN_ENCODED, encoded, shown
from .squeeze import kept_positions, squeeze

MIN_SQUEEZED: Final = 15
"""Letters and digits: fewer do not fill a word of the grid wherever they stand."""

MIN_FRAGMENT: Final = 16
"""Shortest part of a value that is looked for by itself."""

_MIN_DISTINCT: Final = 6
_MIN_DISTINCT_IN_TOKEN: Final = 10
_MIN_CHANGES: Final = 5
_TEXT: Final = re.compile(r"://|[\s;,{]")
_CHANGE: Final = re.compile(r"[A-Z](?=[A-Z])|[a-z](?=[A-Z])")
_TOKEN: Final = re.compile(r"[A-Za-z0-9_+/=.~-]{16,}")
_TOKEN_IN_TEXT: Final = re.compile(r"[A-Za-z0-9_+=~-]{16,}")


class Pattern(NamedTuple):
    """One form of a value in squeezed text.

    Attributes:
        text: squeezed.
        credential: whose value it is.
        need: length of a part that counts as a find, if it lies in one of ``regions``.
        regions: where parts count: not in what many values have in common. Empty: the whole only.
        head: characters before the first of ``text`` that squeezing dropped.
        tail: characters behind the last.
        base64: the texts that this form is of, where it is the value in base64.
    """

    text: bytes
    credential: str
    need: int
    regions: tuple[tuple[int, int], ...]
    head: bytes
    tail: bytes
    base64: tuple[bytes, ...]

    def shortest(self) -> int:
        """Return the length of the shortest run that counts."""
        return self.need if self.regions else len(self.text)

    def accepts(self, start: int, end: int) -> bool:
        """Whether a run from ``start`` to ``end`` of ``text`` gives the value away."""
        if end - start == len(self.text):
            return True
        return any(
            min(end, region_end) - max(start, region_start) >= self.need
            for region_start, region_end in self.regions
        )


def forms(value: str, credential: str, fragment: int) -> tuple[list[Pattern], list[bytes]]:
    """Return the patterns and the literals of a value.

    Args:
        value: stripped of white space round it.
        credential: whose value it is.
        fragment: longest part of a value that may be shown, in characters; half of a value is
            never shown, 15 characters always may.
    """
    patterns: dict[bytes, Pattern] = {}
    literals: dict[bytes, None] = {}
    regions = _regions(value)
    whole_token = regions == [(0, len(value))]
    letters = _is_random(value)
    for text in shown(value):
        parts = _fragments(value, text, regions, fragment)
        _add(patterns, literals, credential, text, parts, letters=letters)
    if len(value) >= MIN_ENCODED:
        for text, stretch in encoded(value):
            places = [(0, len(squeeze(text)))] if whole_token and stretch else []
            need = ceil(_need(len(value), fragment) * stretch)
            base64 = stretch == BASE64
            _add(patterns, literals, credential, text, (need, places), letters=True, base64=base64)
    return list(patterns.values()), list(literals)


def _add(
    patterns: dict[bytes, Pattern],
    literals: dict[bytes, None],
    credential: str,
    text: bytes,
    fragments: tuple[int, list[tuple[int, int]]],
    *,
    letters: bool,
    base64: bool = False,
) -> None:
    squeezed = squeeze(text)
    if not _is_strong(squeezed, letters):
        literals.setdefault(text)
    elif squeezed not in patterns:
        need, regions = fragments
        need = max(need, MIN_SQUEEZED)
        wide = tuple(region for region in regions if region[1] - region[0] >= need)
        head = text[: kept_positions(text)[0]]
        tail = text[kept_positions(text)[-1] + 1 :]
        patterns[squeezed] = Pattern(
            squeezed, credential, need, wide, head, tail, (text,) if base64 else ()
        )


def _is_strong(squeezed: bytes, letters: bool) -> bool:  # noqa: FBT001 - of this module only
    """Whether nobody writes this by chance, however it is spaced; ``letters`` alone may be so."""
    return (
        len(squeezed) >= MIN_SQUEEZED
        and len(set(squeezed)) >= _MIN_DISTINCT
        and (letters or not squeezed.isalpha())
        and not (squeezed.isdigit() and len(squeezed) < 2 * MIN_SQUEEZED)
    )


def _is_random(value: str) -> bool:
    """Whether a value without digits is no words: all capitals, or these in the middle of it."""
    if not value.isalnum() or not value.isascii():
        return False
    return value.isupper() or len(_CHANGE.findall(value)) >= _MIN_CHANGES


def _need(length: int, fragment: int) -> int:
    return min(fragment, max(MIN_FRAGMENT, length // 2 + 1))


def _regions(value: str) -> list[tuple[int, int]]:
    """Where a value is random: tokens, but not the header of a JWT nor the first line of a key.

    Every JWT begins alike (RFC 7515), and so does every key in PKCS #8 (RFC 5208).
    """
    if value.startswith("eyJ") and "." in value:
        return [(value.index(".") + 1, len(value))]
    token = _TOKEN_IN_TEXT if _TEXT.search(value) else _TOKEN
    found = [
        match.span()
        for match in token.finditer(value)
        if len(set(match[0])) >= _MIN_DISTINCT_IN_TOKEN
        and (
            _is_random(match[0])
            or (re.search(r"\d", match[0]) and re.search(r"[A-Za-z]", match[0]))
        )
    ]
    return found[1:] if value.startswith("-----") else found


def _fragments(
    value: str, text: bytes, regions: list[tuple[int, int]], fragment: int
) -> tuple[int, list[tuple[int, int]]]:
    """Regions of a form in squeezed characters; forms that change characters have none."""
    if not regions or text != _raw(value):
        return 0, []
    places = [0, *accumulate(len(squeeze(_raw(character))) for character in value)]
    size = _need(max(end - start for start, end in regions), fragment)
    need = min(
        places[at + size] - places[at]
        for start, end in regions
        for at in range(start, max(start, end - size) + 1)
        if at + size <= len(value)
    )
    return need, [(places[start], places[end]) for start, end in regions]


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")

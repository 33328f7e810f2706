"""Secrets of earlier sessions: known by fingerprint and length alone, never by value.

A fingerprint can only be compared with that of a whole candidate. So candidates are cut out of a
text where its characters show borders: runs of the characters tokens are made of, what stands
between quotes, and lines. A secret that stands in the middle of a longer run is not found, nor is
one that holds white space, unless it is quoted or fills a line, nor one in any disguise.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from .finding import Finding
from .views import views

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .fingerprint import Fingerprints

SHORTEST: Final = 16
LONGEST: Final = 8192

_CLASSES: Final = (
    r"A-Za-z0-9_-",
    r"A-Za-z0-9_.~-",  # JWT, hvs., client secrets of Azure
    r"A-Za-z0-9+/=_-",  # base64
    r"!#-&(-;=?-_a-~\x80-\U0010ffff",  # all but blanks, quotes and <>: a shell line, a table
)
_LETTER: Final = re.compile(r"\\[nrtbf]")
_QUOTE: Final = re.compile(r"\\([\"'`])")
_QUOTES: Final = "\"'`"
_BORDERS: Final = ".,;:=()[]{}-_/\\"
"""What may stand before or after a run without being part of the secret."""


class Issued(NamedTuple):
    """What is remembered of a secret: whose it was, and how many characters it had."""

    credential: str
    length: int


class Earlier:
    """Finds secrets that were issued once.

    Args:
        fingerprints: by the key with which the known ones were made.
        known: what was issued, by fingerprint. Secrets of less than 16 or more than 8192 characters
            are not looked for.
    """

    def __init__(self, fingerprints: Fingerprints, known: Mapping[str, Issued]) -> None:
        self._fingerprints = fingerprints
        self._known = {
            fingerprint: issued
            for fingerprint, issued in known.items()
            if SHORTEST <= issued.length <= LONGEST
        }
        self._lengths = frozenset(issued.length for issued in self._known.values())
        self._shortest = min(self._lengths, default=0)
        # Runs that are too short are passed over without a step in Python for each.
        self._runs = [
            (re.compile(rf"(?<![{some}])[{some}]{{{self._shortest},}}+"), "=" in some)
            for some in _CLASSES
        ]

    def __repr__(self) -> str:
        return f"<Earlier: {len(self._known)}>"

    def find(self, text: str) -> list[Finding]:
        """Return the known secrets in ``text``, in order, none overlapping another.

        The rule is the name of the credential.
        """
        if not self._lengths or len(text) < self._shortest:
            return []
        found: set[Finding] = set()
        seen: dict[str, Issued | None] = {}
        for view in views(text):
            searched = view.text
            for start, end in self._candidates(searched):
                candidate = searched[start:end]
                if candidate not in seen:
                    seen[candidate] = self._known.get(self._fingerprints.of(candidate))
                issued = seen[candidate]
                if issued is not None and issued.length == len(candidate):
                    found.add(Finding(*view.back(start, end), issued.credential))
        return _disjoint(found)

    def _candidates(self, text: str) -> Iterator[tuple[int, int]]:
        """Spans whose length is one that was issued."""
        plain = text
        if "\\" in text:
            # Neither the letter of an escape nor a backslash is part of what is beside it.
            plain = _QUOTE.sub(r" \1", _LETTER.sub("  ", text))
        for run, signs in self._runs:
            for found in run.finditer(plain):
                start, end = found.span()
                # Most runs are pieces of images: no more is done for them than must be.
                if end - start in self._lengths:
                    yield start, end
                if signs or plain[start] in _BORDERS or plain[end - 1] in _BORDERS:
                    yield from self._cut(plain, start, end)
        for quote in _QUOTES:
            yield from self._between(plain, quote)
        yield from self._between(plain, "\n")

    def _cut(self, text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
        """A run as it is, without what may surround a value, and behind its first sign."""
        spans = [(start, end)]
        if text[start] in _BORDERS or text[end - 1] in _BORDERS:
            run = text[start:end]
            left = start + len(run) - len(run.lstrip(_BORDERS))
            right = end - len(run) + len(run.rstrip(_BORDERS))
            spans += [(left, end), (start, right), (left, right)]
        for sign in "=:":
            at = text.find(sign, start, min(end, start + 128))
            if at >= 0:
                spans += [(at + 1, last) for _, last in spans]
        for first, last in dict.fromkeys(spans):
            if last - first in self._lengths:
                yield first, last

    def _between(self, text: str, border: str) -> Iterator[tuple[int, int]]:
        at = 0
        for piece in text.split(border):
            if len(piece) >= self._shortest:
                stripped = piece.strip()
                if len(stripped) in self._lengths:
                    start = at + piece.index(stripped)
                    yield start, start + len(stripped)
            at += len(piece) + 1


def _disjoint(found: Iterable[Finding]) -> list[Finding]:
    """The leftmost, and of those that start together the longest."""
    kept: list[Finding] = []
    for finding in sorted(found, key=lambda one: (one.start, -one.end)):
        if not kept or finding.start >= kept[-1].end:
            kept.append(finding)
    return kept

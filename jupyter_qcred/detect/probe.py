"""A detector at work: tries its regex round anchors, and asks what else the detector asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .checks import CHECKS, EXAMPLES, NEEDS, READERS, claims_hold
from .fragments import compile_lead, compile_regex
from .randomness import entropy
from .views import BARRIERS, barrier_after, barrier_before

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator, Sequence

    from .detector import Detector

    Spans = Iterator[tuple[int, int]]

_JUST_BEFORE: Final = 32
LONGEST_AHEAD: Final = 160
"""Characters; see ``Detector.ahead``."""


class Probe:
    """Finds the secrets of one detector near given places.

    Attributes:
        detector: the detector.
    """

    __slots__ = ("_lead", "_regex", "detector")

    def __init__(self, detector: Detector) -> None:
        self.detector: Final = detector
        self._regex: re.Pattern[str] | None = None
        self._lead: re.Pattern[str] | None = None

    @property
    def regex(self) -> re.Pattern[str]:
        """The whole regex; compiled at its first use, since most are never needed."""
        if self._regex is None:
            it = self.detector
            self._regex = compile_regex(it.regex, it.left, it.right)
        return self._regex

    @property
    def lead(self) -> re.Pattern[str]:
        """Matches, empty, where a match of the whole regex may begin."""
        if self._lead is None:
            self._lead = compile_lead(self.detector.ahead, self.detector.left)
        return self._lead

    def may_begin(self, text: str, anchor: int) -> bool:
        """Whether it is worth while to look round this anchor, as far as that is known at once."""
        near = self.detector.near
        if near:
            return not near[1] or not _in_word(text, anchor)
        return self.regex.match(text, anchor) is not None

    def spans(self, text: str, anchors: Sequence[tuple[int, int]]) -> Spans:
        """Yield where secrets are.

        Args:
            text: what is searched.
            anchors: start and end of this detector's anchors, in order of their start.
        """
        if self.detector.near:
            for first, last in self._windows(text, anchors):
                yield from self._search(text, first, last)
            return
        match = self.regex.match
        done = 0
        for start, _ in anchors:
            found = match(text, start) if start >= done else None
            if found is not None and self._accepts(text, found):
                yield found.span("secret")
                done = found.end()

    def _windows(self, text: str, anchors: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """The first and last characters of the stretches in which a match may begin."""
        before, after = self.detector.near
        windows: list[tuple[int, int]] = []
        for start, end in anchors:
            if after and _in_word(text, start):
                continue
            first = barrier_before(text, max(0, start - before), start)
            last = barrier_after(text, end, min(len(text), end + after))
            if windows and first <= windows[-1][1]:
                windows[-1] = (windows[-1][0], max(last, windows[-1][1]))
            else:
                windows.append((first, last))
        return windows

    def _search(self, text: str, first: int, last: int) -> Spans:
        at = first
        while at <= last:
            lead = self.lead.search(text, at, last + LONGEST_AHEAD)
            if lead is None or lead.start() > last:
                return
            at = lead.start() + 1
            found = self.regex.match(text, lead.start())
            if found is not None and self._accepts(text, found):
                yield found.span("secret")
                at = max(at, found.end())

    def _accepts(self, text: str, found: re.Match[str]) -> bool:
        detector = self.detector
        secret = found["secret"]
        return (
            self._in_context(text, found)
            and all(NEEDS[name].search(secret) for name in detector.needs)
            and not _holds(secret.lower(), (*EXAMPLES, *detector.stop))
            and (not detector.entropy or entropy(secret) >= detector.entropy)
            and all(CHECKS[name](secret) for name in detector.checks)
            and (not detector.payload or claims_hold(secret, detector.payload))
        )

    def _in_context(self, text: str, found: re.Match[str]) -> bool:
        detector = self.detector
        start = found.start("secret")
        first = barrier_before(text, max(0, start - _JUST_BEFORE), start)
        before = text[first:start].lower()
        if _holds(before, detector.unless) or before.rstrip("\\\"'` ").endswith(READERS):
            return False
        if not detector.context:
            return True
        reach = detector.context_reach
        first = barrier_before(text, max(0, found.start() - reach), start)
        end = found.end("secret")
        last = barrier_after(text, end, min(len(text), found.end() + reach))
        # What the secret itself holds by chance is no context.
        around = text[first:start] + BARRIERS[0] + text[end:last]
        return _holds(around.lower(), detector.context)


def _in_word(text: str, at: int) -> bool:
    """Whether what begins at ``at`` goes on with a word, or with base64, of which images are."""
    before = text[max(0, at - 2) : at]
    return (before[-1:].isalnum() and before[:1] != "\\") or before[-1:] in {"+", "/"}


def _holds(text: str, words: Sequence[str]) -> bool:
    return any(word in text for word in words)

"""The line of a finding, fit to be shown: no secret, no control character, not long."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Final

from jupyter_qcred.redact import placeholder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_qcred.detect import Finding

_BEFORE: Final = 48
_AFTER: Final = 24
_DENSE: Final = re.compile(r"[^\s\[\](){}<>,;'\"`]{16,}")
_WORDS: Final = re.compile(r"[A-Za-z_][A-Za-z_.]*[=:]?")
_COLOUR: Final = re.compile(r"\x1b\[[0-9;:?]{0,40}[A-Za-z]")
_MARK: Final = re.compile(r"\[redacted:[^\]]*\]")


def excerpt(text: str, findings: Sequence[Finding], at: int) -> str:
    """Return the line of the finding at a position of ``findings``, with all of them masked.

    A line with one secret may hold another that no rule knows, so whatever looks as random as a
    key (16 characters and more without a space, not a plain word) is left out too. Looks at the
    finding's surroundings only: a line may have millions of characters, and of findings.

    Args:
        text: the text.
        findings: in order, not overlapping.
        at: which of them.
    """
    found = findings[at]
    low, cut_before = _low(text, found.start)
    high, cut_after = _high(text, found.end)
    first = at
    while first and findings[first - 1].end > low:
        first -= 1
    parts = ["…"] if cut_before else []
    done = low
    for other in itertools.islice(findings, first, None):
        if other.start >= high:
            break
        parts += (_quiet(text[done : max(other.start, done)]), placeholder(other.rule))
        done = other.end
    parts += [_quiet(text[done:high])] if done < high else []
    parts += ["…"] if cut_after else []
    line = re.sub("……+", "…", printable("".join(parts)).strip())
    return "" if _MARK.fullmatch(line) else line


def _low(text: str, start: int) -> tuple[int, bool]:
    """Where the shown part of a line begins, and whether the line begins before."""
    low = max(start - _BEFORE, 0)
    newline = text.rfind("\n", low, start)
    return (newline + 1, False) if newline >= 0 else (low, low > 0 and text[low - 1] != "\n")


def _high(text: str, end: int) -> tuple[int, bool]:
    high = min(end + _AFTER, len(text))
    newline = text.find("\n", end, high)
    return (newline, False) if newline >= 0 else (high, high < len(text) and text[high] != "\n")


def without_colours(text: str) -> str:
    """Return the text without the escapes by which a terminal changes colours."""
    return _COLOUR.sub("", text) if "\x1b" in text else text


def printable(text: str) -> str:
    """Return the text on one line, and without what a terminal might obey."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " if c in "\t\n\r" else "\ufffd" for c in text)


def _quiet(text: str) -> str:
    text = without_colours(text)
    return _DENSE.sub(lambda run: run[0] if _WORDS.fullmatch(run[0]) else "…", text)

"""The line of a finding, fit to be shown: no secret, no control character, not long."""

from __future__ import annotations

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


def excerpt(text: str, found: Finding, others: Sequence[Finding]) -> str:
    """Return the line of ``found`` with all secrets of ``others`` masked.

    A line with one secret may hold another that no rule knows, so whatever looks as random as a
    key (16 characters and more without a space, not a plain word) is left out too.
    """
    begin = text.rfind("\n", 0, found.start) + 1
    newline = text.find("\n", found.end)
    end = len(text) if newline < 0 else newline
    low, high = max(begin, found.start - _BEFORE), min(end, found.end + _AFTER)
    parts = ["…"] if low > begin else []
    done = low
    for other in sorted(others):
        if other.end <= done or other.start >= high:
            continue
        parts += (_quiet(text[done : max(other.start, done)]), placeholder(other.rule))
        done = other.end
    parts += [_quiet(text[done:high])] if done < high else []
    parts += ["…"] if high < end else []
    line = re.sub("……+", "…", printable("".join(parts)).strip())
    return "" if _MARK.fullmatch(line) else line


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

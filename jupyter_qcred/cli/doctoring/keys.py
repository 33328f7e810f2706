"""Which texts hold what has the format of a key; texts and keys go no further than here."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from jupyter_qcred.detect import Detectors

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@cache
def detectors() -> Detectors:
    """Return all rules, read once."""
    return Detectors.builtin()


def rules_in(texts: Sequence[str]) -> list[list[str]]:
    """Return for each text the ids of the rules that find something in it."""
    found = detectors().find_each(texts)
    return [sorted({one.rule for one in found.get(at, ())}) for at in range(len(texts))]


def redacted(text: str) -> str:
    """Return a text with ``[redacted:rule]`` in the place of each key."""
    for start, end, rule in sorted(detectors().find(text), reverse=True):
        text = f"{text[:start]}[redacted:{rule}]{text[end:]}"
    return text


def named(rules: Iterable[str]) -> str:
    """Return rules for a sentence, at most three of them."""
    names = sorted(set(rules))
    return ", ".join(names[:3]) + (" and others" if len(names) > 3 else "")

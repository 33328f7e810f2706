"""Secrets nobody told this server of: by their format, or by fingerprint of an earlier session."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from jupyter_qcred.redact import Redaction, TreeRedaction, placeholder
from jupyter_qcred.redact.redactor import NOTHING

from .leaves import exchange, leaves, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jupyter_qcred.detect import Allowance, AllowList, Detectors, Earlier, Finding, Fingerprints

    from .leaves import Leaf

_MOST_ROUNDS: Final = 8

_WORD: Final = re.compile(r"\S+")
_SPACES: Final = bytes(0x20 if bytes([byte]).isspace() else ord("x") for byte in range(256))
"""Makes a letter of everything but white space."""


class Rules(NamedTuple):
    """What is looked for at one moment.

    Attributes:
        shortest: characters of the shortest earlier secret.
        version: changes with any of this.
        path: the file that is looked at.
    """

    detectors: Detectors
    earlier: Earlier | None
    allowed: AllowList
    fingerprints: Fingerprints
    shortest: int
    version: object
    path: str = ""


@dataclass(frozen=True, slots=True)
class Allowed:
    """A text that looks like a secret was left as it is."""

    path: str
    rule: str
    allowance: Allowance


class Unknown:
    """Redacts what looks like a secret. Blocks; safe in several threads.

    Args:
        rules: returns what is to be looked for now, asked once per file.
        on_allowed: called for each text that is left because somebody allowed it.
    """

    def __init__(self, rules: Callable[[], Rules], on_allowed: Callable[[Allowed], None]) -> None:
        self._rules = rules
        self._on_allowed = on_allowed

    def rules(self, path: str = "") -> Rules:
        """Return what is to be looked for in a file now."""
        return self._rules()._replace(path=path)

    def notebook(self, content: Any, rules: Rules) -> TreeRedaction:
        """Redact the content of a notebook, but pictures in it and the format's own words.

        Raises:
            ValueError: it holds itself, and something to redact.
        """
        total: dict[str, int] = {}
        cells = content.get("cells") if isinstance(content, dict) else None
        if not isinstance(cells, list):
            (whole,) = self._parts([content], rules, total)
            return TreeRedaction(whole, total or NOTHING, opaque=False)
        about = {key: value for key, value in content.items() if key != "cells"}
        fresh, *fresh_cells = self._parts([about, *cells], rules, total)
        if not total:
            return TreeRedaction(content, NOTHING, opaque=False)
        merged = {key: fresh_cells if key == "cells" else fresh[key] for key in content}
        return TreeRedaction(merged, total, opaque=False)

    def text(self, text: str, path: str = "") -> Redaction:
        """Redact a text."""
        total: dict[str, int] = {}
        found = self._found([text], self.rules(path)).get(0)
        return Redaction(_masked(text, found, total) if found else text, total or NOTHING)

    def fingerprints(self, part: Any, rules: Rules) -> dict[str, tuple[str, ...]]:
        """Return the fingerprints of what would be redacted in a JSON value, by rule."""
        words = texts(part)
        found: dict[str, dict[str, None]] = {}
        for number, some in self._found(words, rules).items():
            for one in some:
                name = rules.fingerprints.of(words[number][one.start : one.end])
                found.setdefault(one.rule, {})[name] = None
        return {rule: tuple(names) for rule, names in found.items()}

    def _parts(self, parts: list[Any], rules: Rules, total: dict[str, int]) -> list[Any]:
        out = list(parts)
        suspects = self._suspects(parts, rules)
        walked = [leaves(parts[at]) for at in suspects]
        changed = self._searched([found for found, _ in walked], rules, total)
        for at, new, (_, shared) in zip(suspects, changed, walked, strict=True):
            if new:
                out[at] = exchange(parts[at], new)
                if shared:
                    out[at] = self._again(out[at], rules, total)
        return out

    def _suspects(self, parts: list[Any], rules: Rules) -> list[int]:
        """Which parts have something to redact, told without knowing where."""
        found = [texts(part) for part in parts]
        ends = [*accumulate(map(len, found))]
        hits = self._found([text for some in found for text in some], rules)
        return sorted({bisect_right(ends, number) for number in hits})

    def _again(self, part: Any, rules: Rules, total: dict[str, int]) -> Any:
        """Look at a part whose containers stand in it twice until nothing is found."""
        for _ in range(_MOST_ROUNDS):
            (texts,) = self._searched([leaves(part)[0]], rules, total)
            if not texts:
                return part
            part = exchange(part, texts)
        raise ValueError("a container that holds itself cannot be redacted")

    def _searched(
        self, parts: Sequence[list[Leaf]], rules: Rules, total: dict[str, int]
    ) -> list[dict[Any, str | list[str]]]:
        """New texts by place, for each part."""
        texts = [
            f'{leaf.lead}{leaf.text}"' if leaf.lead else leaf.text
            for part in parts
            for leaf in part
        ]
        found = self._found(texts, rules)
        changed: list[dict[Any, str | list[str]]] = []
        number = 0
        for part in parts:
            changed.append({})
            for leaf in part:
                if number in found:
                    lead = len(leaf.lead)
                    spans = [
                        (max(0, one.start - lead), min(one.end - lead, len(leaf.text)), one.rule)
                        for one in found[number]
                        if one.end > lead
                    ]
                    if spans:
                        text = _masked(leaf.text, spans, total)
                        lines = text.splitlines(keepends=True) if leaf.lines else text
                        changed[-1][leaf.place] = lines
                number += 1
        return changed

    def _found(self, texts: Sequence[str], rules: Rules) -> dict[int, list[Finding]]:
        found = rules.detectors.find_each(texts)
        if rules.earlier is not None:
            for number, text in enumerate(texts):
                if known := _earlier(rules.earlier, rules.shortest, text):
                    others = [
                        one
                        for one in found.get(number, [])
                        if not any(one.start < k.end and k.start < one.end for k in known)
                    ]
                    found[number] = sorted([*known, *others])
        return {
            number: kept
            for number, some in found.items()
            if (kept := [one for one in some if not self._allows(texts[number], one, rules)])
        }

    def _allows(self, text: str, one: Finding, rules: Rules) -> bool:
        if not len(rules.allowed):
            return False
        fingerprint = rules.fingerprints.of(text[one.start : one.end])
        allowance = rules.allowed.get(fingerprint, datetime.now(UTC))
        if allowance is None:
            return False
        self._on_allowed(Allowed(rules.path, one.rule, allowance))
        return True


def _earlier(earlier: Earlier, shortest: int, text: str) -> list[Finding]:
    """Look for earlier secrets in words that are long enough: the others are most of any text."""
    data = text.encode("utf-8", "surrogatepass")
    # A tenth of what it costs to cut out every word.
    if b"x" * shortest not in data.translate(_SPACES):
        return []
    return [
        one._replace(start=one.start + word.start(), end=one.end + word.start())
        for word in _WORD.finditer(text)
        if word.end() - word.start() >= shortest
        for one in earlier.find(word[0])
    ]


def _masked(text: str, found: Sequence[tuple[int, int, str]], total: dict[str, int]) -> str:
    parts = []
    done = 0
    for start, end, rule in found:
        parts += [text[done:start], placeholder(rule)]
        done = end
        total[rule] = total.get(rule, 0) + 1
    return "".join([*parts, text[done:]])


def merged(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    """Add findings."""
    return {key: one.get(key, 0) + other.get(key, 0) for key in {**one, **other}}

"""Pieces of regexes that many detectors share: ``(?&name)`` in a detector's file.

Every quantifier here has a bound, and every class is a positive one: a match never reaches over a
barrier (see ``views``).
"""

from __future__ import annotations

import re
from typing import Final

_URL64: Final = "[A-Za-z0-9_-]"

_QUOTE: Final = r"(?:\\{0,3}[\"'`]|&(?:quot|apos|#39|#34|#x27);)"
"""Also escaped, as in the text of a notebook's file, and in HTML."""

_GAP: Final = r"(?:[ \t\r\n]|\\[nrt]){0,8}"

_ASSIGN: Final = (
    rf"{_QUOTE}?\]?[ \t]{{0,8}}"
    r"(?::[ \t]{0,2}(?:str|bytes|SecretStr|Optional\[str\]|str \| None)[ \t]{0,2})?"
    r"(?:=>|:=|={1,2}|[:,])"
    rf"{_GAP}(?:(?:[A-Za-z_.]{{1,32}}\()?[rbufRBUF]{{0,2}}(?={_QUOTE}))?"
)
"""Between a name and what it is set to, up to the quote: ``=``, ``": ``, ``"] = Secret(``."""

FRAGMENTS: Final = {
    "quote": _QUOTE,
    "gap": _GAP,
    "assign": _ASSIGN,
    "jwt": rf"eyJ{_URL64}{{8,2048}}+\.{_URL64}{{8,8192}}+\.{_URL64}{{8,2048}}+",
    "jwe": (
        rf"eyJ{_URL64}{{8,2048}}+\.{_URL64}{{0,2048}}+\.{_URL64}{{8,64}}+"
        rf"\.{_URL64}{{8,8192}}+\.{_URL64}{{16,64}}+"
    ),
    # What may follow a value without quotes: else it is the beginning of an expression.
    "end": r"(?=\s|\Z|\x00|[,;)\]}\"'`&<>]|#\s|\\[nrt\"'])",
    # What may stand in the name of a user, a database or a host.
    "user": r"[A-Za-z0-9._~!$*+%-]",
    # A password in a URL; the parts of a URL's syntax are percent-encoded there.
    "pass": r"[A-Za-z0-9._~!$&()*+,;=%^|#?-]",
}

_USE: Final = re.compile(r"\(\?&([a-z0-9]+)\)")
_ESCAPED: Final = (r"(?<=\\[nrtbf])", r"(?<=\\u00[0-9A-Fa-f]{2})", r"(?<=%[0-9A-Fa-f]{2})")
"""A letter may be the end of an escape, in JSON or a URL, and no neighbour at all."""


def compile_regex(regex: str, left: str, right: str) -> re.Pattern[str]:
    """Put the fragments in, and the borders round it."""
    body = _USE.sub(lambda use: FRAGMENTS[use[1]], regex)
    return re.compile(rf"{_border(left)}(?:{body})(?![\x01{right}])")


def compile_lead(ahead: str, left: str) -> re.Pattern[str]:
    """Make the regex for the empty text before ``ahead``, which is the cheapest to try first."""
    return re.compile(rf"(?={ahead}){_border(left)}")


def _border(left: str) -> str:
    r"""What must be before a match.

    ``\x01`` stands where something was redacted (see ``views``): nothing may begin or end there
    that was not a match before, so it is always among the neighbours that forbid one.
    """
    alternatives = (rf"(?<![\x01{left}])", *_ESCAPED) if left else (r"(?<!\x01)",)
    return f"(?:{'|'.join(alternatives)})"

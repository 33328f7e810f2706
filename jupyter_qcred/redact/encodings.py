"""The disguises one value may wear: every text in which it would still be readable.

A variant is searched for literally, so a disguise must be foreseen here, once, when the value is
armed; searching then costs the same for any number of them.
"""

from __future__ import annotations

import base64
import html
import json
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterator

MIN_ENCODED: Final = 16
"""Shorter values have plain, JSON and URL variants only: the base64 or hex of a short text is short
too, and would hide pieces of images and hashes that have nothing to do with it."""

_MIN_LINE: Final = 24
_SHOWN_END: Final = 25
"""Characters that IPython's ``%whos`` shows of each end of a text of 50 or more."""
_COMMON_BEGINNING: Final = re.compile(r"-----|eyJ")  # PEM, JWT: the same for many values
_PERCENT: Final = re.compile(r"%[0-9A-F]{2}")
_COMPONENT_SAFE: Final = "!'()*"  # what JavaScript's encodeURIComponent leaves besides Python's


def variants(value: str) -> tuple[str, ...]:
    """Return the different texts which give ``value`` away, the plain one first."""
    found = dict.fromkeys((value, *_json(value), *_url(value)))
    if len(value) >= MIN_ENCODED:
        found.update(dict.fromkeys((*_base64(value), *_hex(value), *_escaped(value))))
        found.update(dict.fromkeys((*_lines(value), *_ends(value))))
    return tuple(found)


def _raw(value: str) -> bytes:
    # A lone surrogate can be in a value that was read with "surrogateescape".
    return value.encode("utf-8", "surrogatepass")


def _json(value: str) -> Iterator[str]:
    """Inside a JSON string, and inside JSON that is itself a string of JSON."""
    for ascii_only in (True, False):
        once = json.dumps(value, ensure_ascii=ascii_only)[1:-1]
        yield once
        yield once.replace("/", "\\/")
        yield json.dumps(once, ensure_ascii=ascii_only)[1:-1]


def _url(value: str) -> Iterator[str]:
    raw = _raw(value)
    for quoted in (
        quote(raw, safe=""),
        quote(raw, safe="/"),
        quote(raw, safe=_COMPONENT_SAFE),
        quote_plus(raw),
    ):
        yield quoted
        yield _PERCENT.sub(lambda escape: escape[0].lower(), quoted)


def _base64(value: str) -> Iterator[str]:
    """The characters which the value alone decides, wherever it stands in a longer base64 text.

    Three bytes make four characters, so the value starts at one of three places in a group, and
    characters at its ends also hold bits of its neighbours: those are trimmed. Where nothing
    follows the value, the last character and the padding are known as well.
    """
    raw = _raw(value)
    for shift in range(3):
        padded = base64.b64encode(b"\0" * shift + raw).decode()
        start = -(-8 * shift // 6)
        core = padded[start : 8 * (shift + len(raw)) // 6]
        for text in (core, padded[start:].rstrip("="), padded[start:]):
            yield text
            yield text.replace("+", "-").replace("/", "_")


def _hex(value: str) -> Iterator[str]:
    digits = _raw(value).hex()
    yield digits
    yield digits.upper()


def _escaped(value: str) -> Iterator[str]:
    """As Python or HTML shows it."""
    yield repr(value)[1:-1]
    yield repr(_raw(value))[2:-1]
    yield html.escape(value)
    yield html.escape(value, quote=False)


def _lines(value: str) -> Iterator[str]:
    """The lines of a key in PEM form, which tools indent, quote and cut apart one by one."""
    for line in map(str.strip, value.splitlines()):
        if _MIN_LINE <= len(line) < len(value) and not re.search(r"\s|^-----", line):
            yield line


def _ends(value: str) -> Iterator[str]:
    """The two ends by which tools show a long value, half of it and more."""
    if len(value) < 2 * _SHOWN_END:
        return
    ends = (value[:_SHOWN_END], value[-_SHOWN_END:])
    for end in ends[_COMMON_BEGINNING.match(value) is not None :]:
        if not re.search(r"\s", end) and len(set(end)) > _SHOWN_END // 3:
            yield end

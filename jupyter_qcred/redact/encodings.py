"""The disguises one value may wear: every text in which it would still be readable.

A disguise must be foreseen here, once, when the value is armed; searching then costs the same for
any number of them. Spacing, wrapping and case are no disguises: see ``squeeze``.
"""

from __future__ import annotations

import base64
import codecs
import html
import json
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterator

MIN_ENCODED: Final = 16
"""Shorter values have plain, JSON and URL forms only: the base64 or hex of a short text is short
too, and would hide pieces of images and hashes that have nothing to do with it."""

BASE64: Final = 4 / 3
"""Characters of base64 that a character of the value takes."""

_PERCENT: Final = re.compile(r"%[0-9A-F]{2}")
_COMPONENT_SAFE: Final = "!'()*"  # what JavaScript's encodeURIComponent leaves besides Python's


def shown(value: str) -> tuple[bytes, ...]:
    """Return the texts as which programs show a value, the plain one first, in UTF-8."""
    texts = dict.fromkeys((value, *_json(value), *_url(value)))
    if len(value) >= MIN_ENCODED:
        texts.update(dict.fromkeys(_escaped(value)))
    return tuple(dict.fromkeys(_raw(text) for text in texts))


def encoded(value: str) -> Iterator[tuple[bytes, float]]:
    """Yield the texts into which programs or people turn a value.

    Each with the number of characters that one character of the value takes, where a part of it
    shows a part of the value; 0 where only the whole is looked for.
    """
    raw = _raw(value)
    for text in _base64(raw):
        yield text, BASE64
    yield raw.hex().encode(), 2
    wide = value.encode("utf-16-le", "surrogatepass")
    # Without its last NUL the text is in both byte orders.
    yield wide[:-1].hex().encode(), 0
    for text in _base64(wide[:-1]):
        yield text, 0
    yield repr(wide)[2:-1].encode(), 0
    yield repr(value.encode("utf-16-be", "surrogatepass"))[2:-1].encode(), 0
    yield _raw(value[::-1]), 0
    yield _raw(codecs.encode(value, "rot13")), 0
    yield ",".join(str(ord(character)) for character in value).encode(), 0
    yield base64.b32encode(raw).rstrip(b"="), 0
    yield base64.b85encode(raw), 0


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


def _base64(raw: bytes) -> Iterator[bytes]:
    """The characters which the value alone decides, wherever it stands in a longer base64 text.

    Three bytes make four characters, so the value starts at one of three places in a group, and
    characters at its ends also hold bits of its neighbours: those are trimmed. Where nothing
    follows the value, the last character is known as well. The URL-safe alphabet differs in
    characters that squeezing drops.
    """
    for shift in range(3):
        padded = base64.b64encode(b"\0" * shift + raw)
        start = -(-8 * shift // 6)
        core = padded[start : 8 * (shift + len(raw)) // 6]
        for text in (padded[start:], core):
            yield text
            if not text.isalnum():
                yield text.replace(b"+", b"-").replace(b"/", b"_")


def _escaped(value: str) -> Iterator[str]:
    """As Python or HTML shows it."""
    yield repr(value)[1:-1]
    yield repr(_raw(value))[2:-1]
    yield html.escape(value)
    yield html.escape(value, quote=False)

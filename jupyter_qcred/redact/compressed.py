"""Look into compressed data that stands in a text as base64: saved states, ``%store``, URLs.

Only what says so by its first bytes is unpacked, and only so much of it: a few bytes may unpack to
gigabytes.
"""

from __future__ import annotations

import base64
import re
import zlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_BEGINNINGS: Final = (b"H4sI", b"eJ", b"eN")
"""RFC 1952 (magic, deflate) and RFC 1950 (deflate, window of 32 kB, usual or best level)."""

_PACKED: Final = [
    # One expression each: what begins with a literal is found much faster.
    re.compile(beginning + rb"[A-Za-z0-9+/_-]{26,}")
    for beginning in _BEGINNINGS
]
_LETTER: Final = re.compile(rb"[A-Za-z0-9+/_-]")

_OUTPUT: Final = 1 << 20
"""Bytes that are unpacked of one piece of text, all in all."""

_EITHER: Final = 47
"""``wbits`` of zlib for a header of either kind, and the largest window."""


def unpacked(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield what is compressed in ``data``: from where to where it stands, and its beginning."""
    room = _OUTPUT
    for beginning, pattern in zip(_BEGINNINGS, _PACKED, strict=True):
        if beginning not in data:
            continue
        for found in pattern.finditer(data):
            start, end = found.span()
            if start and _LETTER.match(data, start - 1):
                continue
            content = _unpack(found[0], room)
            if content:
                yield start, end, content
            room -= len(content)
            if room <= 0:
                return


def _unpack(text: bytes, most: int) -> bytes:
    text = text.replace(b"-", b"+").replace(b"_", b"/")
    try:
        packed = base64.b64decode(text + b"=" * (-len(text) % 4))
        return zlib.decompressobj(_EITHER).decompress(packed, most)
    except ValueError:  # binascii's too
        return b""
    except zlib.error:
        return b""

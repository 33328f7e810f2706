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

_GZIP: Final = re.compile(rb"H4sI[A-Za-z0-9+/_-]{26,}")
"""RFC 1952, its magic number and deflate, in base64."""

_ZLIB: Final = (re.compile(rb"J[A-Za-z0-9+/_-]{26,}"), re.compile(rb"N[A-Za-z0-9+/_-]{26,}"))
"""RFC 1950, deflate with a window of 32 kB at the usual and the best level: behind an ``e``, which
is left out here, since a search for a rare letter is many times faster."""

_LETTER: Final = re.compile(rb"[A-Za-z0-9+/_-]")

_OUTPUT: Final = 1 << 20
"""Bytes that are unpacked of one piece of text, all in all."""

_EITHER: Final = 47
"""``wbits`` of zlib for a header of either kind, and the largest window."""


def unpacked(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield what is compressed in ``data``: from where to where it stands, and its beginning."""
    room = _OUTPUT
    for start, end in _candidates(data):
        if start and _LETTER.match(data, start - 1):
            continue
        content = _unpack(data[start:end], room)
        if content:
            yield start, end, content
        room -= len(content)
        if room <= 0:
            return


def _candidates(data: bytes) -> Iterator[tuple[int, int]]:
    if b"H4sI" in data:
        yield from (found.span() for found in _GZIP.finditer(data))
    for pattern in _ZLIB:
        for found in pattern.finditer(data):
            if data.endswith(b"e", 0, found.start()):
                yield found.start() - 1, found.end()


def _unpack(text: bytes, most: int) -> bytes:
    text = text.replace(b"-", b"+").replace(b"_", b"/")
    try:
        packed = base64.b64decode(text + b"=" * (-len(text) % 4))
        return zlib.decompressobj(_EITHER).decompress(packed, most)
    except ValueError:  # binascii's too
        return b""
    except zlib.error:
        return b""

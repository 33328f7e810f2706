"""Disguises that computers put on: escapes and encodings."""

from __future__ import annotations

import base64
import gzip
import html
import json
import re
import struct
import textwrap
import zlib
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from corpus.disguise import Disguise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_NEIGHBOURS: Final = ((b"user", b"then"), (b"users", b"then1"), (b"users:", b"then12"))
"""What stands before and after the value inside base64, so that it starts at each alignment.

Four, five and six bytes: one, two and no bytes beyond whole groups of three.
"""

_PERCENT: Final = re.compile(r"%[0-9A-F]{2}")
_BASE64_RUN: Final = re.compile(r"[A-Za-z0-9+/_-]{24,}={0,2}")
_HEX_BYTE: Final = re.compile(r"(?<=[0-9A-Fa-f]{2})[:\s](?=[0-9A-Fa-f]{2})")


def _url_safe(text: str) -> str:
    return text.replace("+", "-").replace("/", "_")


def _unpadded(text: str) -> str:
    return text.rstrip("=")


def _as_text(text: str) -> str:
    return text


def _base64_cores(text: str, encoding: str = "utf-8") -> tuple[str, ...]:
    """The characters which the value alone decides, at each of the alignments."""
    raw = text.encode(encoding)
    return tuple(
        base64.b64encode(b"\0" * shift + raw).decode()[
            -(-8 * shift // 6) : 8 * (shift + len(raw)) // 6
        ]
        for shift in range(3)
    )


def _standard(text: str) -> str:
    """Any base64 as the standard alphabet in one line."""
    return re.sub(r"\s", "", text.replace("-", "+").replace("_", "/"))


def _wear_base64(look: Callable[[str], str], before: bytes, after: bytes, value: str) -> str:
    return look(base64.b64encode(before + value.encode() + after).decode())


def _base64_disguises() -> Iterator[Disguise]:
    looks = {"standard": _as_text, "url-safe": _url_safe, "unpadded": _unpadded}
    for name, look in looks.items():
        for shift, (before, after) in enumerate(_NEIGHBOURS, 1):
            wear = partial(_wear_base64, look, before, after)
            yield Disguise(f"base64 {name} {shift % 3}", wear, _standard, _base64_cores)


def _wrapped_base64(value: str) -> str:
    # The value begins near the end of a line, so that even a short one goes on in the next.
    data = b"a long text before it, of some fifty bytes " + value.encode() + b" and one after it"
    return base64.encodebytes(data).decode().rstrip("\n")


def _utf16_base64(value: str) -> str:
    return base64.b64encode(value.encode("utf-16")).decode()


def _utf16_repr(value: str) -> str:
    return repr(value.encode("utf-16"))


def _no_nul(text: str) -> str:
    return text.replace("\\x00", "").replace("\0", "").replace("\\n", "\n")


def _hex_cores(text: str) -> tuple[str, ...]:
    return (text.encode().hex(),)


def _plain_hex(text: str) -> str:
    return _HEX_BYTE.sub("", text).lower()


def _lower_percent(text: str) -> str:
    return _PERCENT.sub(lambda escape: escape[0].lower(), quote(text, safe=""))


def _json_once(text: str) -> str:
    return json.dumps(text)[1:-1]


def _json_twice(text: str) -> str:
    return _json_once(_json_once(text))


def _compressed(compress: Callable[[bytes], bytes], value: str) -> str:
    return base64.b64encode(compress(b"token = " + value.encode() + b"\n")).decode()


def _decompressed(text: str) -> str:
    """The text, and whatever compressed texts it holds in base64."""
    found = [text]
    for run in _BASE64_RUN.findall(text):
        try:
            data = base64.b64decode(_standard(run) + "=" * (-len(run) % 4))
            found.append(zlib.decompress(data, 47).decode("utf-8", "replace"))
        except (ValueError, zlib.error):
            continue
    return "\n".join(found)


def _png(*chunks: tuple[bytes, bytes]) -> str:
    header = (b"IHDR", struct.pack(">IIBBBBB", 8, 8, 1, 0, 0, 0, 0))
    parts = [b"\x89PNG\r\n\x1a\n"]
    for kind, data in (header, *chunks, (b"IEND", b"")):
        parts += (struct.pack(">I", len(data)), kind, data)
        parts.append(struct.pack(">I", zlib.crc32(kind + data)))
    return base64.b64encode(b"".join(parts)).decode()


def _png_text(value: str) -> str:
    rows = zlib.compress(b"\0\xaa" * 8)
    return _png((b"tEXt", b"Comment\0" + value.encode()), (b"IDAT", rows))


def _pixels(value: str) -> str:
    """Each bit of the value a black or white pixel."""
    rows = b"".join(b"\0" + bytes((byte,)) for byte in value.encode())
    return _png((b"IDAT", zlib.compress(rows)))


def _dump(value: str) -> str:
    """As ``xxd`` shows bytes."""
    raw = value.encode()
    rows = []
    for at in range(0, len(raw), 16):
        row = raw[at : at + 16]
        pairs = " ".join(row[n : n + 2].hex() for n in range(0, len(row), 2))
        shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        rows.append(f"{at:08x}: {pairs:<39}  {shown}")
    return "\n".join(rows)


def _undump(text: str) -> str:
    pairs = re.findall(r"[0-9a-f]{8}: ((?:[0-9a-f]{2,4} )+)", text)
    return "".join(pairs).replace(" ", "")


ENCODED: Final = (
    Disguise("plain", _as_text),
    Disguise(
        "json",
        lambda value: json.dumps({"token": value}),
        cores=lambda text: (_json_once(text),),
    ),
    Disguise(
        "json with escaped slashes",
        lambda value: json.dumps({"token": value}).replace("/", "\\/"),
        cores=lambda text: (_json_once(text).replace("/", "\\/"),),
    ),
    Disguise(
        "json twice",
        lambda value: json.dumps(json.dumps({"token": value})),
        cores=lambda text: (_json_twice(text),),
    ),
    Disguise("repr", repr, cores=lambda text: (repr(text)[1:-1],)),
    Disguise(
        "bytes repr",
        lambda value: repr(value.encode()),
        cores=lambda text: (repr(text.encode())[2:-1],),
    ),
    Disguise(
        "html",
        lambda value: f'<td title="{html.escape(value)}">{html.escape(value)}</td>',
        html.unescape,
    ),
    Disguise(
        "url",
        lambda value: f"https://x.example/?token={quote(value, safe='')}&b=1",
        unquote,
    ),
    Disguise("url lower case", lambda value: f"?token={_lower_percent(value)}&b=1", unquote),
    Disguise("url form", lambda value: f"a=1&token={quote_plus(value)}", unquote_plus),
    *_base64_disguises(),
    Disguise("base64 wrapped", _wrapped_base64, _standard, _base64_cores),
    Disguise(
        "basic authentication",
        lambda value: f"Basic {base64.b64encode(f'token:{value}'.encode()).decode()}",
        _standard,
        _base64_cores,
    ),
    Disguise("hex", lambda value: value.encode().hex(), _plain_hex, _hex_cores),
    Disguise("hex upper case", lambda value: value.encode().hex().upper(), _plain_hex, _hex_cores),
    Disguise("hex 0x", lambda value: f"0x{value.encode().hex()}", _plain_hex, _hex_cores),
    Disguise("hex colons", lambda value: value.encode().hex(":"), _plain_hex, _hex_cores),
    Disguise("hex dump", _dump, _undump, _hex_cores, stretch=True),
    Disguise("utf-16 bytes repr", _utf16_repr, _no_nul),
    Disguise(
        "utf-16 base64",
        _utf16_base64,
        _standard,
        partial(_base64_cores, encoding="utf-16-le"),
    ),
    Disguise(
        "utf-16 hex",
        lambda value: value.encode("utf-16").hex(),
        _plain_hex,
        lambda text: (text.encode("utf-16-le").hex(),),
    ),
    Disguise(
        "gzip", partial(_compressed, partial(gzip.compress, mtime=0)), _decompressed, stretch=True
    ),
    Disguise("zlib", partial(_compressed, zlib.compress), _decompressed, stretch=True),
    Disguise("png text", _png_text, _standard, _base64_cores),
    Disguise("pixels", _pixels, infeasible="only eyes read what is drawn"),
    Disguise(
        "base64 twice",
        lambda value: base64.b64encode(base64.b64encode(value.encode())).decode(),
        infeasible="an encoding of an encoding may be repeated without end",
    ),
    Disguise(
        "encrypted",
        lambda value: base64.b64encode(
            bytes(byte ^ key for byte, key in zip(value.encode(), _pad(), strict=False))
        ).decode(),
        infeasible="only who has the key can tell",
    ),
)


def _pad() -> Iterator[int]:
    state = 20_260_101
    while True:
        state = state * 6364136223846793005 + 1442695040888963407 & (1 << 64) - 1
        yield state >> 56


def wrapped(value: str, width: int) -> str:
    """Break a text into lines of ``width`` characters, its own line breaks kept."""
    return "\n".join(
        "\n".join(textwrap.wrap(line, width, break_on_hyphens=False, drop_whitespace=False))
        for line in value.split("\n")
    )

"""Write a message with a very long text as JSON, piece by piece.

``json`` writes 50 MB in one go, twice as slowly as pieces that fit into a processor's cache. The
time that is won is what looking for values takes, so that such a message leaves no later.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LONG: Final = 1 << 20
"""Characters from which a text is written apart."""

_PIECE: Final = 1 << 17
_DEPTH: Final = 3
"""Levels of a message that are looked through: content, MIME bundle, list of lines."""

_CONTROLS: Final = bytes(range(32))
_COMMON: Final = ((b"\\", b"\\\\"), (b'"', b'\\"'), (b"\n", b"\\n"), (b"\x1b", b"\\u001b"))
_RARE: Final = bytes(set(_CONTROLS) - {ord("\n"), 0x1B})


def pack_long(content: dict[str, Any], pack: Callable[[Any], bytes]) -> bytes | None:
    """Return what ``pack`` gives for a content that has a long text.

    Args:
        content: of a message.
        pack: jupyter_client's ``json_packer``.

    Returns:
        None where there is no long text, or it takes more than UTF-8.
    """
    texts: list[str] = []
    skeleton = _without(content, texts, _DEPTH)
    if not texts:
        return None
    holes = pack(skeleton).split(_quoted(_HOLE))
    if len(holes) != len(texts) + 1:
        return None  # somebody else's text has our mark
    parts = [holes[0]]
    try:
        for text, after in zip(texts, holes[1:], strict=True):
            parts += (b'"', *_escaped(text), b'"', after)
    except UnicodeEncodeError:
        return None
    return b"".join(parts)


_HOLE: Final = "\ue000qcred: a long text stands here\ue001"


def _quoted(text: str) -> bytes:
    return json.dumps(text, ensure_ascii=False).encode()


def _without(node: Any, texts: list[str], depth: int) -> Any:
    """Return ``node`` with long texts exchanged for the mark, and collect them in their order."""
    if type(node) is str and len(node) >= LONG:
        texts.append(node)
        return _HOLE
    if depth and type(node) is dict:
        return {key: _without(value, texts, depth - 1) for key, value in node.items()}
    if depth and type(node) is list:
        return [_without(item, texts, depth - 1) for item in node]
    return node


def _escaped(text: str) -> Iterator[bytes]:
    """Yield the pieces of a text as they stand between the quotes of JSON (RFC 8259)."""
    for start in range(0, len(text), _PIECE):
        piece = text[start : start + _PIECE]
        raw = piece.encode("utf-8", "surrogateescape")
        for character, escape in _COMMON:
            if character in raw:
                raw = raw.replace(character, escape)
        if len(raw.translate(None, _RARE)) != len(raw):
            raw = _quoted_piece(piece)
        yield raw


def _quoted_piece(piece: str) -> bytes:
    return json.dumps(piece, ensure_ascii=False).encode("utf-8", "surrogateescape")[1:-1]

"""Look at one file or blob, in bounded memory, whatever it turns out to be."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final, Protocol

from .notebook import pieces
from .windows import encoding_of, windows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .hit import Hit
    from .inspector import Inspector

CHUNK: Final = 1024 * 1024

NOTEBOOK_LIMIT: Final = 256 * 1024 * 1024
"""Bytes: a longer notebook is looked at as text, in windows, so that memory stays bounded."""


class Stream(Protocol):
    """Bytes that are read once."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, empty at the end."""
        ...


def look(stream: Stream, path: str, inspector: Inspector, commit: str = "") -> Iterator[Hit] | None:
    """Return what is found in a file; None: it is no text.

    A notebook is looked at cell by cell. A broken one is looked at as the text it is.
    """
    head = stream.read(CHUNK)
    encoding = encoding_of(head)
    if encoding is None:
        return None
    shown = inspector.name(path)
    if path.endswith(".ipynb"):
        return _notebook(head, stream, shown, inspector, commit)
    return _text(itertools.chain([head], _chunks(stream)), encoding, shown, inspector, commit)


def _notebook(
    head: bytes, stream: Stream, path: str, inspector: Inspector, commit: str
) -> Iterator[Hit]:
    parts, length = [head], len(head)
    for chunk in _chunks(stream):
        parts.append(chunk)
        length += len(chunk)
        if length > NOTEBOOK_LIMIT:
            break
    found = None
    if length <= NOTEBOOK_LIMIT:
        data = b"".join(parts)
        found, parts = pieces(data), [data]
        del data
    if found is None:
        yield from _text(itertools.chain(parts, _chunks(stream)), "utf-8", path, inspector, commit)
        return
    parts.clear()
    yield from inspector.pieces(found, path, commit)


def _text(
    chunks: Iterator[bytes], encoding: str, path: str, inspector: Inspector, commit: str
) -> Iterator[Hit]:
    for window in windows(chunks, encoding):
        yield from inspector.window(window, path, commit)


def _chunks(stream: Stream) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK):
        yield chunk

"""Look at texts and say what was found, without keeping any of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from .excerpt import excerpt, without_colours
from .hit import Hit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from jupyter_qcred.detect import Detectors, Finding

    from .notebook import Piece
    from .windows import Window

_BATCH: Final = 8 * 1024 * 1024
_MANY: Final = 4096
_LOCATED: Final = 100
"""Findings in a notebook's own metadata whose line is searched for: each takes a look at it all."""


class Inspector:
    """Detectors, and a way to tell what they find.

    Args:
        detectors: what to look for.
        fingerprint: makes the fingerprint of a secret.
    """

    def __init__(self, detectors: Detectors, fingerprint: Callable[[str], str]) -> None:
        self._detectors = detectors
        self._fingerprint = fingerprint

    def window(self, window: Window, path: str, commit: str = "") -> Iterator[Hit]:
        """Look at a part of a long text."""
        line, counted = window.line, 0
        for (start, _, _), found in self._told(window.text, self._detectors.find(window.text)):
            if not window.begin <= start < window.end:
                continue
            line += window.text.count("\n", counted, start)
            counted = start
            yield Hit(path, line=line, commit=commit, **found)

    def pieces(self, pieces: Iterable[Piece], path: str, commit: str = "") -> Iterator[Hit]:
        """Look at the parts of a notebook, many at a time."""
        for some in _batches(pieces):
            found = self._detectors.find_each([piece.text for piece in some])
            for position in sorted(found):
                yield from self._in_piece(some[position], found[position], path, commit)

    def _in_piece(
        self, piece: Piece, found: list[Finding], path: str, commit: str
    ) -> Iterator[Hit]:
        own = piece.cell is None
        line, counted = 1, 0
        for number, ((start, end, _), told) in enumerate(self._told(piece.text, found)):
            if piece.end is not None and start >= piece.end:
                continue
            line += piece.text.count("\n", counted, start)
            counted = start
            if own:
                line = _line_of(piece.text[start:end], piece.raw) if number < _LOCATED else line
            yield Hit(
                path,
                line=line if own else None,
                cell=piece.cell,
                output=piece.output,
                cell_line=line if piece.has_lines and not own else None,
                place=piece.place,
                commit=commit,
                **told,
            )

    def name(self, path: str) -> str:
        """Return a path fit to be shown: a file's name may hold a secret too."""
        found = sorted(self._detectors.find(path), reverse=True)
        for start, end, rule in found:
            path = f"{path[:start]}[redacted:{rule}]{path[end:]}"
        return path

    def _told(self, text: str, found: list[Finding]) -> Iterator[tuple[Finding, dict[str, Any]]]:
        for at, one in enumerate(found):
            # Colours may stand in the middle of a secret, and are no part of it.
            secret = without_colours(text[one.start : one.end])
            told = {
                "rule": one.rule,
                "fingerprint": self._fingerprint(secret),
                "excerpt": excerpt(text, found, at),
            }
            yield one, told


def _line_of(secret: str, raw: bytes) -> int:
    """The line of a secret in a JSON file; 1 where it is written in another way."""
    for written in (json.dumps(secret, ensure_ascii=False), json.dumps(secret)):
        at = raw.find(written[1:-1].encode("utf-8", "surrogatepass"))
        if at >= 0:
            return raw.count(b"\n", 0, at) + 1
    return 1


def _batches(pieces: Iterable[Piece]) -> Iterator[list[Piece]]:
    batch: list[Piece] = []
    size = 0
    for piece in pieces:
        batch.append(piece)
        size += len(piece.text)
        if size > _BATCH or len(batch) >= _MANY:
            yield batch
            batch, size = [], 0
    yield batch

"""Replace armed values in texts, buffers and JSON values."""

from __future__ import annotations

import threading
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from .encodings import variants
from .needles import Needles
from .placeholder import OPENING, placeholder
from .search import WordSearcher
from .tree import collect, rebuild

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .needles import Tile
    from .search import Searcher

NOTHING: Final[Mapping[str, int]] = MappingProxyType({})
"""Findings of a clean input."""

_BATCH: Final = 1024
"""Strings of a tree which are searched in one go."""


class Redaction(NamedTuple):
    """A text without values; ``findings`` counts placeholders by credential, empty when clean."""

    text: str
    findings: Mapping[str, int]


class DataRedaction(NamedTuple):
    """Bytes without values; the very object that was given when clean."""

    data: bytes | bytearray | memoryview
    findings: Mapping[str, int]


class TreeRedaction(NamedTuple):
    """A JSON value without values of ours; the very object that was given when clean.

    Attributes:
        opaque: it holds objects that are not JSON, which a serialiser may yet turn into text.
    """

    value: object
    findings: Mapping[str, int]
    opaque: bool


class Redactor:
    """Knows the values to look for. Safe to use from several threads at once.

    A value stays armed after its lease has ended: old output that still shows it is a leak as long
    as anybody doubts whether the upstream really forgot it.

    Args:
        min_length: shorter values are refused, they would be found in innocent text.
        min_fragment: shortest beginning of a value that a stream holds back.
        max_values: the oldest values beyond this number are forgotten.
        searcher: makes the searcher; the default needs the standard library only.

    Attributes:
        generation: changes whenever the set of armed values does; 0 while nothing was ever armed.
    """

    def __init__(
        self,
        min_length: int = 8,
        min_fragment: int = 4,
        *,
        max_values: int = 512,
        searcher: Callable[[Sequence[bytes]], Searcher] = WordSearcher,
    ) -> None:
        if min_fragment < 1 or min_length < min_fragment:
            raise ValueError("min_length must be at least min_fragment, and that at least 1")
        self._min_length = min_length
        self.min_fragment: Final = min_fragment
        self._max_values = max_values
        self._searcher = searcher
        self._lock = threading.Lock()
        self._variants: dict[str, tuple[str, tuple[bytes, ...]]] = {}
        self._needles: Needles | None = None
        self.generation = 0

    def __repr__(self) -> str:
        return f"<Redactor of {len(self._variants)} values>"

    @property
    def needles(self) -> Needles | None:
        """What is armed at this moment, for the windows of this package; None: nothing."""
        return self._needles

    def arm(self, credential: str, values: Iterable[str]) -> list[int]:
        """Look for ``values`` from now on, in all their variants, and return what was refused.

        Arming a value again changes nothing. White space round a value is not part of it.

        Returns:
            Positions of values that were refused: too short, or not to be told from our own
            placeholder, or holding a NUL character. The caller should warn about them.
        """
        refused: list[int] = []
        with self._lock:
            known = len(self._variants)
            for position, given in enumerate(values):
                value = given.strip()
                if self._refuses(credential, value):
                    refused.append(position)
                elif value not in self._variants:
                    found = tuple(text.encode("utf-8", "surrogatepass") for text in variants(value))
                    self._variants[value] = (credential, found)
            if len(self._variants) != known:
                self._rebuild()
        return refused

    def _refuses(self, credential: str, value: str) -> bool:
        return (
            len(value) < self._min_length
            or OPENING in value
            or value in placeholder(credential)
            or "\0" in value  # NUL separates the strings of a tree while they are searched
        )

    def _rebuild(self) -> None:
        while len(self._variants) > self._max_values:
            del self._variants[next(iter(self._variants))]
        owners: dict[bytes, str] = {}
        for credential, found in self._variants.values():
            for needle in found:
                owners.setdefault(needle, credential)
        self._needles = Needles(owners, self.min_fragment, self._searcher)
        self.generation += 1

    def text(self, text: str) -> Redaction:
        """Redact a text; a clean one comes back as it is."""
        needles = self._needles
        if needles is None:
            return Redaction(text, NOTHING)
        data = to_bytes(text)
        tiles = needles.find(data)
        if not tiles:
            return Redaction(text, NOTHING)
        return Redaction(to_text(substitute(data, tiles)), count(tiles))

    def data(self, data: bytes | bytearray | memoryview) -> DataRedaction:
        """Redact a binary buffer without changing its length, which its reader may rely on."""
        needles = self._needles
        if needles is None:
            return DataRedaction(data, NOTHING)
        view = memoryview(data)
        flat = view.cast("B") if view.c_contiguous and view.nbytes else memoryview(view.tobytes())
        tiles = needles.find(flat)
        if not tiles:
            return DataRedaction(data, NOTHING)
        masked = bytearray(flat)
        for start, end, credential, _ in tiles:
            mark = placeholder(credential).encode()
            masked[start:end] = mark[: end - start].ljust(end - start, b"*")
        return DataRedaction(bytes(masked), count(tiles))

    def tree(self, value: object) -> TreeRedaction:
        """Redact every string in a JSON value, keys too, at any depth.

        Dicts, lists and tuples are walked; bytes are redacted as buffers; anything else is left.
        Neither the value nor anything in it is changed: where something was found, the containers
        above it are copied.

        Raises:
            ValueError: it holds itself, and a value of ours.
        """
        needles = self._needles
        if needles is None:
            return TreeRedaction(value, NOTHING, opaque=False)
        leaves = collect(value)
        texts: dict[str, str] = {}
        blobs: dict[int, bytes | bytearray | memoryview] = {}
        total: dict[str, int] = {}
        for start in range(0, len(leaves.texts), _BATCH):
            batch = leaves.texts[start : start + _BATCH]
            if needles.find(to_bytes("\0".join(batch))):
                self._redact_batch(batch, texts, total)
        for blob in leaves.blobs:
            redaction = self.data(blob)
            if redaction.findings:
                blobs[id(blob)] = redaction.data
                add(total, redaction.findings)
        if not total:
            return TreeRedaction(value, NOTHING, leaves.opaque)
        return TreeRedaction(rebuild(value, texts, blobs), total, leaves.opaque)

    def _redact_batch(
        self, batch: Iterable[str], texts: dict[str, str], total: dict[str, int]
    ) -> None:
        for leaf in batch:
            redaction = self.text(leaf)
            if redaction.findings:
                texts[leaf] = redaction.text
                add(total, redaction.findings)


def to_bytes(text: str) -> bytes:
    """Encode any str, also one with lone surrogates."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def to_text(data: bytes) -> str:
    """Undo ``to_bytes``."""
    return data.decode("utf-8", "surrogatepass")


def substitute(data: bytes, tiles: Iterable[Tile]) -> bytes:
    """Put a placeholder in the place of each tile."""
    parts: list[bytes] = []
    done = 0
    for start, end, credential, _ in tiles:
        parts += (data[done:start], placeholder(credential).encode())
        done = end
    parts.append(data[done:])
    return b"".join(parts)


def count(tiles: Iterable[Tile]) -> dict[str, int]:
    """Count tiles by credential."""
    total: dict[str, int] = {}
    for tile in tiles:
        total[tile.credential] = total.get(tile.credential, 0) + 1
    return total


def add(total: dict[str, int], findings: Mapping[str, int]) -> None:
    """Add findings to a running total."""
    for credential, number in findings.items():
        total[credential] = total.get(credential, 0) + number

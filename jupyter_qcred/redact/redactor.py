"""Replace armed values in texts, buffers and JSON values."""

from __future__ import annotations

import threading
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from .matcher import Matcher
from .pattern import MIN_FRAGMENT, Pattern, forms
from .placeholder import OPENING, placeholder
from .scan import to_bytes
from .squeeze import marks
from .tree import collect, rebuild

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .matcher import Tile

NOTHING: Final[Mapping[str, int]] = MappingProxyType({})
"""Findings of a clean input."""

_LITERAL: Final = b"\0"
"""Before a literal, among forms: no squeezed text begins so."""

DEFAULT_FRAGMENT: Final = 24
"""Characters of a value in a row that are no longer shown, where that is less than half of it."""


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
        min_fragment: a part of a value of so many characters is redacted like the whole, also one
            of half the value, but none below 16.
        min_hold: shortest beginning of a value that a stream holds back.
        max_values: the oldest values beyond this number are forgotten.

    Attributes:
        matcher_type: makes the matcher when the first value is armed.
        generation: changes whenever the set of armed values does; 0 while nothing was ever armed.
    """

    matcher_type: type[Matcher] = Matcher

    def __init__(
        self,
        min_length: int = 8,
        min_fragment: int = DEFAULT_FRAGMENT,
        *,
        min_hold: int = 4,
        max_values: int = 512,
    ) -> None:
        if min_hold < 1 or min_length < min_hold:
            raise ValueError("min_length must be at least min_hold, and that at least 1")
        if min_fragment < MIN_FRAGMENT:
            raise ValueError(f"min_fragment must be at least {MIN_FRAGMENT}")
        self._min_length = min_length
        self._min_fragment = min_fragment
        self.min_hold: Final = min_hold
        self._max_values = max_values
        self._lock = threading.Lock()
        self._forms: dict[str, tuple[str, list[Pattern], list[bytes]]] = {}
        self._shared: dict[bytes, int] = {}
        self._matcher: Matcher | None = None
        self.generation = 0

    def __repr__(self) -> str:
        return f"<Redactor of {len(self._forms)} values>"

    @property
    def matcher(self) -> Matcher | None:
        """What is armed at this moment, for the windows of this package; None: nothing."""
        return self._matcher

    def arm(self, credential: str, values: Iterable[str]) -> list[int]:
        """Look for ``values`` from now on, in all their forms, and return what was refused.

        Arming a value again changes nothing. White space round a value is not part of it.

        Returns:
            Positions of values that were refused: too short, or not to be told from our own
            placeholder, or holding a NUL character. The caller should warn about them.
        """
        refused: list[int] = []
        with self._lock:
            before = self.generation
            for position, given in enumerate(values):
                value = given.strip()
                if self._refuses(credential, value):
                    refused.append(position)
                elif value not in self._forms:
                    self._forms[value] = (credential, *forms(value, credential, self._min_fragment))
                    self._look_for(*self._forms[value])
                    self.generation = before + 1
        return refused

    def _refuses(self, credential: str, value: str) -> bool:
        return (
            len(value) < self._min_length
            or OPENING in value
            or value in placeholder(credential)
            or "\0" in value  # NUL separates the strings of a tree while they are searched
        )

    def _look_for(self, credential: str, patterns: list[Pattern], texts: list[bytes]) -> None:
        """Add a value's forms, but those which another value has, too; and forget the oldest."""
        new = {one.text: one for one in patterns if self._counted(one.text, 1) == 1}
        literals = {text: credential for text in texts if self._counted(_LITERAL + text, 1) == 1}
        if self._matcher is None:
            self._matcher = self.matcher_type(new.values(), literals, self.min_hold)
        else:
            self._matcher.add(new.values(), literals)
        if len(self._forms) > self._max_values:
            self._forget(*self._forms.pop(next(iter(self._forms))))

    def _forget(self, credential: str, patterns: list[Pattern], texts: list[bytes]) -> None:
        assert self._matcher is not None, "there is a value to forget"
        old = {one.text: one for one in patterns if not self._counted(one.text, -1)}
        literals = {text: credential for text in texts if not self._counted(_LITERAL + text, -1)}
        self._matcher.remove(old.values(), literals)

    def _counted(self, form: bytes, step: int) -> int:
        """How many values have a form, after one more or less."""
        number = self._shared.get(form, 0) + step
        if number:
            self._shared[form] = number
        else:
            del self._shared[form]
        return number

    def text(self, text: str) -> Redaction:
        """Redact a text; a clean one comes back as it is."""
        matcher = self._matcher
        if matcher is None:
            return Redaction(text, NOTHING)
        data = to_bytes(text)
        tiles = matcher.find(data)
        if not tiles:
            return Redaction(text, NOTHING)
        return Redaction(to_text(substitute(data, tiles)), count(tiles))

    def data(self, data: bytes | bytearray | memoryview) -> DataRedaction:
        """Redact a binary buffer without changing its length, which its reader may rely on."""
        matcher = self._matcher
        if matcher is None:
            return DataRedaction(data, NOTHING)
        view = memoryview(data)
        flat = view.cast("B") if view.c_contiguous and view.nbytes else memoryview(view.tobytes())
        tiles = matcher.find(bytes(flat))
        if not tiles:
            return DataRedaction(data, NOTHING)
        masked = bytearray(flat)
        for start, end, credential, *_ in tiles:
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
        matcher = self._matcher
        if matcher is None:
            return TreeRedaction(value, NOTHING, opaque=False)
        leaves = collect(value)
        total: dict[str, int] = {}
        texts = self._redacted(matcher.find_in(leaves.texts), leaves.texts, total)
        words = list(leaves.words)
        exchanged = self._redacted(_each(matcher, words), words, total)
        blobs: dict[int, bytes | bytearray | memoryview] = {}
        for blob in leaves.blobs:
            redaction = self.data(blob)
            if redaction.findings:
                blobs[id(blob)] = redaction.data
                add(total, redaction.findings)
        if not (texts or exchanged or blobs):
            return TreeRedaction(value, NOTHING, leaves.opaque)
        named = {words[number]: text for number, text in exchanged.items()}
        return TreeRedaction(rebuild(value, texts, named, blobs), total, leaves.opaque)

    @staticmethod
    def _redacted(
        tiles: Mapping[int, list[Tile]], texts: Sequence[str], total: dict[str, int]
    ) -> dict[int, str]:
        for found in tiles.values():
            add(total, count(found))
        return {
            number: to_text(substitute(to_bytes(texts[number]), found))
            for number, found in tiles.items()
        }


def _each(matcher: Matcher, words: Sequence[str]) -> dict[int, list[Tile]]:
    """Find what is in single words: they stand in no order, so none goes on in the next one."""
    if not matcher.find_in(words):
        return {}
    found = ((number, matcher.find(to_bytes(word))) for number, word in enumerate(words))
    return {number: tiles for number, tiles in found if tiles}


def to_text(data: bytes) -> str:
    """Undo ``to_bytes``."""
    return data.decode("utf-8", "surrogatepass")


def substitute(data: bytes, tiles: Iterable[Tile]) -> bytes:
    """Put a placeholder in the place of each tile; colours and tags round its characters stay."""
    parts: list[bytes] = []
    done = 0
    for tile in tiles:
        mark = placeholder(tile.credential).encode() if tile.begins else b""
        kept = marks(data[tile.start : tile.end]) if tile.marked else b""
        parts += (data[done : tile.start], mark, kept)
        done = tile.end
    parts.append(data[done:])
    return b"".join(parts)


def count(tiles: Iterable[Tile]) -> dict[str, int]:
    """Count placeholders by credential."""
    total: dict[str, int] = {}
    for tile in tiles:
        if tile.begins:
            total[tile.credential] = total.get(tile.credential, 0) + 1
    return total


def add(total: dict[str, int], findings: Mapping[str, int]) -> None:
    """Add findings to a running total."""
    for credential, number in findings.items():
        total[credential] = total.get(credential, 0) + number

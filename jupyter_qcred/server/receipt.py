"""What was redacted on a save, and where: for the log, the audit and whoever asks. No secret."""

from __future__ import annotations

import re
import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.redact.tree import collect

if TYPE_CHECKING:
    from collections.abc import Iterator

_MARK: Final = re.compile(r"\[redacted:([\w.@:/+-]{1,64})\]")
_MOST_SPOTS: Final = 200
_MOST_RECEIPTS: Final = 256
_MOST_CHANGES: Final = 256

NOTEBOOK_METADATA: Final = "notebook metadata"


@dataclass(frozen=True, slots=True)
class Spot:
    """Where something was redacted.

    Attributes:
        rule: name of the credential, or id of the detector.
        count: how often.
        cell: number of the cell, from 1; None: the file's own metadata, or it has no cells.
        part: ``source``, ``metadata``, or ``output`` with its number from 1.
        fingerprints: of what was redacted by a detector, by which somebody may allow it; none for
            a value that was issued here.
    """

    rule: str
    count: int
    cell: int | None = None
    part: str = ""
    fingerprints: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """In words, such as ``cell 3 output 1``."""
        return f"cell {self.cell} {self.part}" if self.cell else self.part or "text"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one save redacted.

    Attributes:
        path: the file, as clients name it.
        findings: how many, by credential or detector.
        spots: where, in the order of the file; at most 200.
        sources: numbers of the code cells whose source on the disk is not what the screen shows:
            whoever opens the file again runs other code.
        outputs_cleared: the user had asked for a save without outputs, and it was needed.
    """

    path: str
    findings: Mapping[str, int]
    spots: tuple[Spot, ...] = ()
    sources: tuple[int, ...] = ()
    outputs_cleared: bool = False

    def __str__(self) -> str:
        counts = ", ".join(f"{rule} x{number}" for rule, number in sorted(self.findings.items()))
        words = [f"redacted {counts}"] if counts else []
        if self.sources:
            cells = ", ".join(map(str, self.sources[:20]))
            words.append(f"the source on the disk differs from the screen in cell {cells}")
        if self.outputs_cleared:
            words.append("saved without outputs")
        return "; ".join(words)


Names = Callable[[object], Mapping[str, tuple[str, ...]]]
"""Fingerprints of what detectors find in a JSON value, by detector."""


def _nameless(_: object) -> Mapping[str, tuple[str, ...]]:
    return {}


def receipt(
    path: str,
    findings: Mapping[str, int],
    before: object,
    after: object,
    *,
    cleared: bool = False,
    names: Names = _nameless,
) -> Receipt:
    """Compare what was to be saved with what is saved: whatever redacted it, this is what changed.

    Args:
        path: the file.
        findings: what the search counted.
        before: the content that the client sent.
        after: the content that is written.
        cleared: see ``Receipt.outputs_cleared``.
        names: gives the fingerprints; asked about parts in which something was redacted.
    """
    path = path.strip("/")
    old, new = _cells(before), _cells(after)
    if old is None or new is None or len(old) != len(new):
        spots = tuple(Spot(rule, number) for rule, number in findings.items())
        return Receipt(path, findings, spots, (), cleared)
    found: list[Spot] = []
    sources: list[int] = []
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    for number, (one, other) in enumerate(zip(old, new, strict=True), 1):
        if one is not other and isinstance(one, dict) and isinstance(other, dict):
            found += _in_cell(number, one, other, names)
            if other.get("cell_type") == "code" and one.get("source") != other.get("source"):
                sources.append(number)
    about = ({**before, "cells": 0}, {**after, "cells": 0})
    found += _spots(*about, None, NOTEBOOK_METADATA, names)
    return Receipt(path, findings, tuple(found[:_MOST_SPOTS]), tuple(sources), cleared)


def _in_cell(
    number: int, one: dict[str, Any], other: dict[str, Any], names: Names
) -> Iterator[Spot]:
    yield from _spots(one.get("source"), other.get("source"), number, "source", names)
    old, new = one.get("outputs"), other.get("outputs")
    if isinstance(old, list) and isinstance(new, list):
        for output, (left, right) in enumerate(zip(old, new, strict=False), 1):
            if left is not right:
                yield from _spots(left, right, number, f"output {output}", names)
    drop = {"source": 0, "outputs": 0}
    yield from _spots({**one, **drop}, {**other, **drop}, number, "metadata", names)


def _spots(
    one: object, other: object, cell: int | None, part: str, names: Names = _nameless
) -> Iterator[Spot]:
    if one is other:
        return
    fresh = marks(other) - marks(one)
    named = names(one) if fresh else {}
    for rule, number in sorted(fresh.items()):
        yield Spot(rule, number, cell, part, named.get(rule, ()))


def spots_in(content: dict[str, Any]) -> tuple[Spot, ...]:
    """Return where the placeholders of a notebook stand, whoever put them there; at most 200."""
    found: list[Spot] = []
    for number, cell in enumerate(_cells(content) or (), 1):
        if isinstance(cell, dict) and len(found) < _MOST_SPOTS:
            outputs = cell.get("outputs")
            bare = {"outputs": [None] * len(outputs)} if isinstance(outputs, list) else {}
            found += _in_cell(number, bare, cell, _nameless)
    found += _spots(None, {**content, "cells": 0}, None, NOTEBOOK_METADATA)
    return tuple(found[:_MOST_SPOTS])


def marks(value: object) -> Counter[str]:
    """Count the placeholders in a JSON value, by what they stand for."""
    found = collect(value)
    return Counter(mark for text in (*found.texts, *found.words) for mark in _MARK.findall(text))


def with_metadata(content: dict[str, Any]) -> dict[str, Any]:
    """Return a notebook whose metadata say what is redacted in it.

    A pure function of the placeholders in the notebook: no time and no id, so that saving again
    changes nothing.
    """
    metadata = content.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    old = metadata.get("qcred", {})
    if not isinstance(old, dict):
        return content
    ours = {key: value for key, value in old.items() if key != "redacted"}
    rest = {key: value for key, value in metadata.items() if key != "qcred"}
    found = dict(sorted(marks({**content, "metadata": {**rest, "qcred": ours}}).items()))
    if found == old.get("redacted", {}):
        return content
    if found:
        ours["redacted"] = found
    return {**content, "metadata": {**rest, "qcred": ours} if ours else rest}


def _cells(content: object) -> list[Any] | None:
    cells = content.get("cells") if isinstance(content, dict) else None
    return cells if isinstance(cells, list) else None


class Receipts:
    """The last receipt of each file, in memory, for a bounded number of files.

    Each change of a file's receipt has a number, so that a reader can ask what came after one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_path: OrderedDict[str, Receipt] = OrderedDict()
        self._changes: deque[tuple[int, str]] = deque(maxlen=_MOST_CHANGES)
        self._count = 0

    def add(self, one: Receipt) -> None:
        """Keep the receipt of a save in place of the last one's."""
        with self._lock:
            known = self._by_path.pop(one.path, None)
            self._by_path[one.path] = one
            while len(self._by_path) > _MOST_RECEIPTS:
                self._by_path.popitem(last=False)
            if known != one:
                self._changed(one.path)

    def forget(self, path: str) -> None:
        """A file was saved, and there was nothing to redact any more."""
        path = path.strip("/")
        with self._lock:
            if self._by_path.pop(path, None) is not None:
                self._changed(path)

    def _changed(self, path: str) -> None:
        self._count += 1
        self._changes.append((self._count, path))

    def get(self, path: str) -> Receipt | None:
        """Return what the last save of a file redacted; None: nothing, or it was not here."""
        with self._lock:
            return self._by_path.get(path.strip("/"))

    def knows(self, fingerprint: str) -> bool:
        """Whether a text with this fingerprint was redacted in the last save of some file."""
        with self._lock:
            return any(
                fingerprint in spot.fingerprints
                for one in self._by_path.values()
                for spot in one.spots
            )

    @property
    def count(self) -> int:
        """The number of the last change."""
        return self._count

    def since(self, number: int) -> tuple[str, ...] | None:
        """Return the files whose receipts changed after a change; None: that is not known any more.

        Args:
            number: a former ``count``.
        """
        with self._lock:
            if self._changes and number < self._changes[0][0] - 1:
                return None
            return tuple(dict.fromkeys(path for at, path in self._changes if at > number))

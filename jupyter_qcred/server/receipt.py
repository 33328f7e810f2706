"""What was redacted on a save, and where: for the log, the audit and whoever asks. No secret."""

from __future__ import annotations

import re
import threading
from collections import Counter, OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.redact.tree import collect

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MARK: Final = re.compile(r"\[redacted:([\w.@:/+-]{1,64})\]")
_MOST_SPOTS: Final = 200
_MOST_RECEIPTS: Final = 256


@dataclass(frozen=True, slots=True)
class Spot:
    """Where something was redacted.

    Attributes:
        rule: name of the credential, or id of the detector.
        count: how often.
        cell: number of the cell, from 1; None: the file's own metadata, or it has no cells.
        part: ``source``, ``metadata``, or ``output`` with its number from 1.
    """

    rule: str
    count: int
    cell: int | None = None
    part: str = ""

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


def receipt(
    path: str, findings: Mapping[str, int], before: object, after: object, *, cleared: bool = False
) -> Receipt:
    """Compare what was to be saved with what is saved: whatever redacted it, this is what changed.

    Args:
        path: the file.
        findings: what the search counted.
        before: the content that the client sent.
        after: the content that is written.
        cleared: see ``Receipt.outputs_cleared``.
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
            found += _in_cell(number, one, other)
            if other.get("cell_type") == "code" and one.get("source") != other.get("source"):
                sources.append(number)
    found += _spots({**before, "cells": 0}, {**after, "cells": 0}, None, "notebook metadata")
    return Receipt(path, findings, tuple(found[:_MOST_SPOTS]), tuple(sources), cleared)


def _in_cell(number: int, one: dict[str, Any], other: dict[str, Any]) -> Iterator[Spot]:
    yield from _spots(one.get("source"), other.get("source"), number, "source")
    old, new = one.get("outputs"), other.get("outputs")
    if isinstance(old, list) and isinstance(new, list):
        for output, (left, right) in enumerate(zip(old, new, strict=False), 1):
            if left is not right:
                yield from _spots(left, right, number, f"output {output}")
    drop = {"source": 0, "outputs": 0}
    yield from _spots({**one, **drop}, {**other, **drop}, number, "metadata")


def _spots(one: object, other: object, cell: int | None, part: str) -> Iterator[Spot]:
    if one is other:
        return
    for rule, number in sorted((marks(other) - marks(one)).items()):
        yield Spot(rule, number, cell, part)


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
    """The last receipt of each file, in memory, for a bounded number of files."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_path: OrderedDict[str, Receipt] = OrderedDict()

    def add(self, one: Receipt) -> None:
        """Keep the receipt of a save; one that says nothing takes the last one's place."""
        with self._lock:
            self._by_path.pop(one.path, None)
            self._by_path[one.path] = one
            while len(self._by_path) > _MOST_RECEIPTS:
                self._by_path.popitem(last=False)

    def get(self, path: str) -> Receipt | None:
        """Return what the last save of a file redacted; None: it was not saved by this server."""
        with self._lock:
            return self._by_path.get(path.strip("/"))

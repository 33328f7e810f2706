"""Tell whether a value can still be read. Shares no code with the redactor.

A reader has every string of a notebook or message, and joins what was printed in pieces: lists of
lines, and the texts of a cell's streams, those of stdout alone, of stderr alone, and both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from corpus.disguise import RUN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corpus.disguise import Disguise
    from corpus.values import Value

_BORDER: Final = "\n\n\ufffc\n\n"
"""Between texts that a reader does not join: in no alphabet of any disguise."""


def survives(value: Value, disguise: Disguise, shown: object) -> bool:
    """Whether any ``RUN`` characters of the disguised value can be read in ``shown``.

    Args:
        value: what was shown; its public pieces give nothing away.
        disguise: how.
        shown: a notebook, a list of messages' contents, or any JSON value.
    """
    return bool(remains(value, disguise, shown))


def remains(value: Value, disguise: Disguise, shown: object) -> str:
    """Return such a run, for a failure's message; empty when nothing is left."""
    wanted = _runs(value, disguise)
    for text in texts(shown):
        found = _found(wanted, disguise.normal(text))
        if found:
            return found
    return ""


def _runs(value: Value, disguise: Disguise) -> frozenset[str]:
    """All runs to look for; a value shorter than one is looked for whole."""
    wanted = {run for core in disguise.cores(value.text) for run in runs(core)}
    public = {run for piece in value.public for core in disguise.cores(piece) for run in runs(core)}
    return frozenset(wanted - public)


def runs(text: str) -> list[str]:
    """Every run of ``RUN`` characters, or the text where it is shorter."""
    return [text[at : at + RUN] for at in range(max(1, len(text) - RUN + 1))]


def _found(wanted: frozenset[str], text: str) -> str:
    for size in {len(run) for run in wanted}:
        for at in range(len(text) - size + 1):
            if text[at : at + size] in wanted:
                return text[at : at + size]
    return ""


def texts(shown: object) -> Iterator[str]:
    """What a reader reads: all strings in one text, lists of them joined, and joined streams."""
    leaves: list[str] = []
    stack: list[Any] = [shown]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            leaves.append(node)
        elif isinstance(node, dict):
            stack.extend(node)
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)
            if node and all(isinstance(item, str) for item in node):
                leaves.append("".join(node))
                leaves.append("\n".join(node))
            elif node and all(isinstance(item, int) for item in node):
                leaves.append(repr(node))
                leaves.append(bytes(item % 256 for item in node).decode("latin-1"))
            leaves.extend(_streams(node))
    yield _BORDER.join(leaves)


def _streams(items: list[Any]) -> Iterator[str]:
    printed = [
        (item["name"], _joined(item["text"]))
        for item in items
        if isinstance(item, dict) and {"name", "text"} <= item.keys()
    ]
    if len(printed) > 1:
        yield "".join(text for name, text in printed if name == "stdout")
        yield "".join(text for name, text in printed if name == "stderr")
        yield "".join(text for _, text in printed)


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)

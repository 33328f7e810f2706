"""What is redacted in a file as it lies on the disk, and where: names and places, never a value."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.redact.placeholder import OPENING

from .receipt import NOTEBOOK_METADATA, Spot, marks, spots_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .receipt import Receipt

LARGEST: Final = 64 << 20
"""Bytes: in a larger file the placeholders are not looked for."""


def placeholders(text: str, path: str) -> tuple[tuple[Spot, ...], tuple[str, ...]]:
    """Find the placeholders in a file. Blocks.

    Args:
        text: the whole file.
        path: its name tells whether it is a notebook.

    Returns:
        Where they stand, and the ids of the cells, by their order; empty where there are none.
    """
    if path.endswith(".ipynb"):
        try:
            content = json.loads(text)
        except (ValueError, RecursionError):
            content = None
        cells = content.get("cells") if isinstance(content, dict) else None
        if isinstance(cells, list):
            return spots_in(content), tuple(map(_id, cells))
    if OPENING not in text:
        return (), ()
    return tuple(Spot(rule, count) for rule, count in sorted(marks(text).items())), ()


def _id(cell: object) -> str:
    found = cell.get("id") if isinstance(cell, dict) else None
    return found if isinstance(found, str) else ""


def as_json(
    path: str,
    found: tuple[tuple[Spot, ...], tuple[str, ...]] | None,
    receipt: Receipt | None,
    title: Callable[[str], str],
) -> dict[str, Any]:
    """Return what the API tells of a file.

    Args:
        path: the file.
        found: from ``placeholders``; None: it was not looked into, and the receipt has to do.
        receipt: of the last save, if that redacted something.
        title: what a detector finds, in words.
    """
    saved = receipt.spots if receipt is not None else ()
    spots, ids = found if found is not None else (saved, ())
    names = {(spot.cell, spot.part, spot.rule): spot.fingerprints for spot in saved}
    return {
        "path": path,
        "complete": found is not None,
        "redactions": [
            {
                **_place(spot, ids),
                "rule": spot.rule,
                "title": title(spot.rule),
                "count": spot.count,
                "fingerprints": list(names.get((spot.cell, spot.part, spot.rule), ())),
            }
            for spot in spots
        ],
        "last_save": _last_save(receipt, ids),
    }


def _last_save(receipt: Receipt | None, ids: tuple[str, ...]) -> Mapping[str, Any] | None:
    if receipt is None:
        return None
    sources = [{"cell": cell, "cell_id": _nth(ids, cell)} for cell in receipt.sources]
    return {"sources": sources, "outputs_cleared": receipt.outputs_cleared}


def _place(spot: Spot, ids: tuple[str, ...]) -> dict[str, Any]:
    part, _, number = spot.part.partition(" ")
    if spot.part == NOTEBOOK_METADATA:
        part = "notebook"
    return {
        "cell": spot.cell,
        "cell_id": _nth(ids, spot.cell),
        "part": part or "text",
        "output": int(number) if number.isdigit() else None,
    }


def _nth(ids: tuple[str, ...], cell: int | None) -> str:
    return ids[cell - 1] if cell is not None and cell <= len(ids) else ""

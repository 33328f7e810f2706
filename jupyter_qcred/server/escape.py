"""The way out when redaction itself fails: a notebook without outputs, and never an unchecked one.

Clearing outputs by itself would lose work, so the user has to ask for it, by
``{"qcred": {"save_without_outputs": true}}`` in the notebook's metadata. That can be set in every
front-end as it is (JupyterLab: Property Inspector, Advanced Tools), goes through every way a
notebook is saved, and needs nothing of this server that may be broken as well; a header or an
address of its own would have none of it. What is saved does not hold the wish: it is for this time.

Outputs are where values turn up in forms that only the full search knows. What a person typed is
searched here for each value as it is, and as JSON writes it: by ``str.find``, which needs nothing
else to work.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.redact import placeholder

if TYPE_CHECKING:
    from collections.abc import Mapping

FLAG: Final = "save_without_outputs"

_KEPT: Final = ("cell_type", "id", "source", "input")
"""What is kept of a cell; the rest may hold what a kernel sent."""

_KEPT_METADATA: Final = ("kernelspec", "language_info")


def asked_for(content: object) -> bool:
    """Whether the user wants the notebook saved without outputs if it must be."""
    metadata = content.get("metadata") if isinstance(content, dict) else None
    ours = metadata.get("qcred") if isinstance(metadata, dict) else None
    return isinstance(ours, dict) and ours.get(FLAG) is True


def without_outputs(
    content: dict[str, Any], values: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, int]]:
    """Return the notebook with cells and their sources alone, and what was replaced in them.

    Args:
        content: a notebook of nbformat 4.
        values: what must not be in it, by value, with the name of its credential.

    Raises:
        ValueError: it is no such notebook, or no JSON.
        RecursionError: it is nested too deep.
    """
    if not isinstance(content.get("cells"), list):
        raise ValueError("a notebook without cells")  # noqa: TRY004 - a value somebody sent
    metadata = content.get("metadata") or {}
    bare = {
        "cells": [_bare(cell) for cell in content["cells"]],
        "metadata": {key: metadata[key] for key in _KEPT_METADATA if key in metadata},
        "nbformat": content.get("nbformat", 4),
        "nbformat_minor": content.get("nbformat_minor", 5),
    }
    text = json.dumps(bare, ensure_ascii=False)
    found: dict[str, int] = {}
    for value, credential in sorted(values.items(), key=lambda item: -len(item[0])):
        written = json.dumps(value, ensure_ascii=False)[1:-1]
        number = text.count(written)
        if number:
            found[credential] = found.get(credential, 0) + number
            text = text.replace(written, placeholder(credential))
    fresh: dict[str, Any] = json.loads(text)
    return fresh, found


def _bare(cell: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {key: cell[key] for key in _KEPT if key in cell}
    source = kept.get("source")
    if isinstance(source, list):
        kept["source"] = "".join(source)  # a value may go on in the next line of the list
    if not all(isinstance(text, str) for text in kept.values()):
        raise ValueError("a cell that is no text")
    kept["metadata"] = {}
    if cell.get("cell_type") == "code":
        kept |= {"outputs": [], "execution_count": None}
    return kept

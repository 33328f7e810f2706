"""A notebook file as a server reads it for a front-end, and as it writes what comes back.

nbformat does both, and takes seconds to import for what it needs to validate. A notebook of the
present format is read and written here in the same way; others are left to it.
"""

from __future__ import annotations

import copy
import json
import re
from typing import Any, Final

_PRESENT: Final = 4
_JSON_KIND: Final = re.compile(r"application/(.*\+)?json")
_DISPLAYS: Final = ("execute_result", "display_data")
_SPLIT_TOO: Final = ("application/javascript", "image/svg+xml")
_TRANSIENT: Final = ("orig_nbformat", "orig_nbformat_minor", "signature")
_LONE: Final = re.compile("[\ud800-\udfff]")


def notebook_of(data: bytes) -> dict[str, Any] | None:
    """Return the content that a server hands out: lines joined, nothing converted.

    None: no server would open it as a notebook.
    """
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
        if not isinstance(notebook, dict):
            return None
        if notebook.get("nbformat") != _PRESENT:
            return _old(notebook)
        for cell in notebook["cells"]:
            _join_cell(cell)
    except Exception:  # noqa: BLE001 - whatever is wrong with it, it is opened as text
        return None
    return notebook


def written(content: dict[str, Any]) -> bytes:
    """Return the file that a server writes for a content.

    Raises:
        Exception: it can't be written as a notebook.
    """
    text = _written(content) if content.get("nbformat") == _PRESENT else _written_old(content)
    # Half a surrogate pair can only be written as an escape.
    text = _LONE.sub(lambda half: f"\\u{ord(half[0]):04x}", text)
    return (text if text.endswith("\n") else f"{text}\n").encode()


def _written(content: dict[str, Any]) -> str:
    """As ``nbformat.v4.nbjson.JSONWriter`` does."""
    content = copy.deepcopy(content)
    for name in _TRANSIENT:
        content["metadata"].pop(name, None)
    for cell in content["cells"]:
        cell["metadata"].pop("trusted", None)
        _split(cell, "source")
        for bundle in cell.get("attachments", {}).values():
            _split_bundle(bundle)
        for output in cell["outputs"] if cell["cell_type"] == "code" else ():
            if output["output_type"] in _DISPLAYS:
                _split_bundle(output.get("data", {}))
            elif output["output_type"] == "stream":
                _split(output, "text")
    return json.dumps(content, indent=1, sort_keys=True, separators=(",", ": "), ensure_ascii=False)


def _written_old(content: dict[str, Any]) -> str:
    import nbformat.reader

    format_: Any = nbformat  # partly typed
    major = format_.reader.get_version(content)[0]
    text: str = format_.versions[major].writes_json(format_.from_dict(content))
    return text


def _old(notebook: dict[str, Any]) -> dict[str, Any]:
    import nbformat.reader

    reader: Any = nbformat.reader
    content: dict[str, Any] = json.loads(json.dumps(reader.reads(json.dumps(notebook))))
    return content


def _join_cell(cell: dict[str, Any]) -> None:
    """Make texts of lists of lines, as ``nbformat.v4.rwbase.rejoin_lines`` does."""
    _join(cell, "source")
    for bundle in cell.get("attachments", {}).values():
        _join_bundle(bundle)
    for output in cell.get("outputs", ()) if cell.get("cell_type") == "code" else ():
        if output.get("output_type") in _DISPLAYS:
            _join_bundle(output.get("data", {}))
        elif output.get("output_type"):
            _join(output, "text")


def _join_bundle(bundle: dict[str, Any]) -> None:
    for kind in bundle:
        if not _JSON_KIND.fullmatch(kind):
            _join(bundle, kind)


def _join(holder: dict[str, Any], key: str) -> None:
    value = holder.get(key)
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        holder[key] = "".join(value)


def _split_bundle(bundle: dict[str, Any]) -> None:
    for kind in bundle:
        if kind.startswith("text/") or kind in _SPLIT_TOO:
            _split(bundle, kind)


def _split(holder: dict[str, Any], key: str) -> None:
    if isinstance(text := holder.get(key), str):
        holder[key] = text.splitlines(keepends=True)

"""Redact a notebook, also what is cut apart by its outputs."""

from __future__ import annotations

import json
import re
from copy import copy
from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.core.errors import RedactionError

from .redactor import NOTHING, Redaction, TreeRedaction, add

if TYPE_CHECKING:
    from .redactor import Redactor

_ESCAPED_LETTER: Final = re.compile(r"\\u00[2-7]")

_STREAMS: Final = ("stdout", "stderr")


def redact_notebook(redactor: Redactor, content: object) -> TreeRedaction:
    """Redact the content of a notebook; anything else is walked as the JSON value it is.

    Raises:
        ValueError: it holds itself, and a value of ours.
    """
    cells = content.get("cells") if isinstance(content, dict) else None
    if not isinstance(content, dict) or not isinstance(cells, list):
        return redactor.tree(content)
    # What is cut apart first: once its first part is gone, the others tell nothing.
    findings: dict[str, int] = {}
    joined = [_joined(redactor, cell, findings) for cell in cells]
    if findings:
        whole = copy(content)
        whole["cells"] = joined
        content = whole
    redaction = redactor.tree(content)
    add(findings, redaction.findings)
    return TreeRedaction(redaction.value, findings or NOTHING, redaction.opaque)


def _joined(redactor: Redactor, cell: Any, findings: dict[str, int]) -> Any:
    """Redact what is cut apart by outputs that stand between the parts of one stream."""
    outputs = cell.get("outputs") if isinstance(cell, dict) else None
    if not isinstance(outputs, list) or len(outputs) < 3:
        return cell
    for name in _STREAMS:
        places = [at for at, output in enumerate(outputs) if _is_stream(output, name)]
        if len(places) < 2 or places[-1] - places[0] < len(places):
            continue
        redaction = redactor.tree([outputs[at]["text"] for at in places])
        if redaction.findings:
            add(findings, redaction.findings)
            assert isinstance(redaction.value, list)
            outputs = outputs.copy()
            for at, text in zip(places, redaction.value, strict=True):
                outputs[at] = {**outputs[at], "text": text}
    return cell if outputs is cell["outputs"] else {**cell, "outputs": outputs}


def _is_stream(output: Any, name: str) -> bool:
    return (
        isinstance(output, dict)
        and output.get("output_type") == "stream"
        and output.get("name") == name
        and isinstance(output.get("text"), str | list)
    )


def redact_notebook_text(redactor: Redactor, text: str) -> Redaction:
    """Redact the text of a notebook file.

    Where it can be, values are replaced in the text itself, which keeps its layout. But a writer of
    JSON may escape any character, and a placeholder must not break the structure: then the file is
    written anew, in the layout that nbformat gives it. What is no JSON is searched as text.

    Raises:
        RedactionError: it is nested too deep to be read, and has letters written as escapes.
    """
    try:
        notebook = json.loads(text)
    except ValueError:
        return redactor.text(text)
    except RecursionError:
        if _ESCAPED_LETTER.search(text):
            raise RedactionError("the file is nested too deep to be read") from None
        return redactor.text(text)
    return _redact_parsed(redactor, text, notebook)


def _redact_parsed(redactor: Redactor, text: str, notebook: object) -> Redaction:
    inner = redact_notebook(redactor, notebook)
    plain = redactor.text(text)
    if not inner.findings:
        # A key that stands twice is read once, and the other entry may hold a value.
        twice = plain.findings and _same_shape(notebook, plain.text)
        return plain if twice else Redaction(text, NOTHING)
    if _is_json_of(inner.value, plain.text):
        return Redaction(plain.text, inner.findings)
    written = json.dumps(inner.value, ensure_ascii=False, indent=1) + "\n"
    return Redaction(written, inner.findings)


def _is_json_of(value: object, text: str) -> bool:
    try:
        return bool(json.loads(text) == value)
    except (ValueError, RecursionError):
        return False


def _same_shape(value: object, text: str) -> bool:
    """Whether ``text`` is JSON of the same structure: a match may have reached over a quote."""
    try:
        stack: list[tuple[Any, Any]] = [(value, json.loads(text))]
    except (ValueError, RecursionError):
        return False
    while stack:
        old, new = stack.pop()
        if type(old) is not type(new):
            return False
        if isinstance(old, dict | list):
            if len(old) != len(new):
                return False
            stack += zip(*(_values(old), _values(new)), strict=True)
        elif not isinstance(old, str) and old != new:
            return False
    return True


def _values(node: Any) -> Any:
    return node.values() if isinstance(node, dict) else node

"""Redact a notebook cell by cell, and remember which cells were clean."""

from __future__ import annotations

import json
import re
import threading
from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.core.errors import RedactionError

from .redactor import NOTHING, Redaction, TreeRedaction, add
from .tree import collect

if TYPE_CHECKING:
    from .redactor import Redactor
    from .tree import Leaves

_MAX_CLEAN: Final = 500_000
"""Cells that are remembered as clean, of all notebooks."""

_ESCAPED_LETTER: Final = re.compile(r"\\u00[2-7]")

_STREAMS: Final = ("stdout", "stderr")


class Notebooks:
    """Redacts notebooks.

    A notebook is saved again and again with one cell changed. Of each clean cell a number is kept
    that Python computes of its strings with a key of this process (SipHash, PEP 456), and as long
    as the armed values are the same, it is not looked at again.

    Safe to use from several threads at once.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._lock = threading.Lock()
        self._clean: set[int] = set()
        self._generation = 0

    def redact(self, content: object) -> TreeRedaction:
        """Redact the content of a notebook; anything else is walked as the JSON value it is.

        Raises:
            ValueError: it holds itself, and a value of ours.
        """
        if not self._redactor.generation:
            return TreeRedaction(content, NOTHING, opaque=False)
        cells = content.get("cells") if isinstance(content, dict) else None
        if not isinstance(content, dict) or not isinstance(cells, list):
            return self._redactor.tree(content)
        about = {key: value for key, value in content.items() if key != "cells"}
        parts = [about, *cells]
        generation = self._redactor.generation
        leaves = [collect(part) for part in parts]
        numbers = [_number(one, generation) for one in leaves]
        unseen = self._unseen(numbers, generation)
        opaque = any(one.opaque for one in leaves)
        findings: dict[str, int] = {}
        # What is cut apart first: once its first part is gone, the others tell nothing.
        joined = [self._joined(parts[at], findings) for at in unseen]
        if not findings and not self._redactor.finds([leaves[at] for at in unseen]):
            self._remember({numbers[at] for at in unseen}, generation)
            return TreeRedaction(content, NOTHING, opaque)
        redaction = self._redactor.tree(joined)
        add(findings, redaction.findings)
        assert isinstance(redaction.value, list)
        fresh = dict(zip(unseen, redaction.value, strict=True))
        clean = {numbers[at] for at in unseen if fresh[at] is parts[at]}
        self._remember(clean, generation)
        return TreeRedaction(_put_together(content, parts, fresh), findings, opaque)

    def _unseen(self, numbers: list[int], generation: int) -> list[int]:
        """Return which parts were not seen clean under the present values."""
        with self._lock:
            if generation != self._generation or len(self._clean) > _MAX_CLEAN:
                self._clean.clear()
                self._generation = generation
            return [at for at, number in enumerate(numbers) if number not in self._clean]

    def _remember(self, numbers: set[int], generation: int) -> None:
        with self._lock:
            if generation == self._generation:
                self._clean |= numbers

    def _joined(self, cell: Any, findings: dict[str, int]) -> Any:
        """Redact what is cut apart by outputs that stand between the parts of one stream."""
        outputs = cell.get("outputs") if isinstance(cell, dict) else None
        if not isinstance(outputs, list) or len(outputs) < 3:
            return cell
        for name in _STREAMS:
            places = [at for at, output in enumerate(outputs) if _is_stream(output, name)]
            if len(places) < 2 or places[-1] - places[0] < len(places):
                continue
            redaction = self._redactor.tree([outputs[at]["text"] for at in places])
            if redaction.findings:
                add(findings, redaction.findings)
                assert isinstance(redaction.value, list)
                outputs = outputs.copy()
                for at, text in zip(places, redaction.value, strict=True):
                    outputs[at] = {**outputs[at], "text": text}
        return cell if outputs is cell["outputs"] else {**cell, "outputs": outputs}


def _put_together(
    content: dict[str, Any], parts: list[Any], fresh: dict[int, Any]
) -> dict[str, Any]:
    """Return the notebook with some parts exchanged, its keys in their order."""
    about, *cells = (fresh.get(at, part) for at, part in enumerate(parts))
    items = list(about.items())
    items.insert(list(content).index("cells"), ("cells", cells))
    whole = type(content)()
    whole.update(items)
    return whole


def _is_stream(output: Any, name: str) -> bool:
    return (
        isinstance(output, dict)
        and output.get("output_type") == "stream"
        and output.get("name") == name
        and isinstance(output.get("text"), str | list)
    )


def _number(leaves: Leaves, generation: int) -> int:
    blobs = tuple(map(bytes, leaves.blobs))
    return hash((generation, tuple(leaves.texts), frozenset(leaves.words), blobs))


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
    inner = Notebooks(redactor).redact(notebook)
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

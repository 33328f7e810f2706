"""A notebook that arrives as text, not as a JSON value."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .redactor import Redaction, add

if TYPE_CHECKING:
    from .redactor import Redactor


def redact_notebook_text(redactor: Redactor, text: str) -> Redaction:
    """Redact the text of a notebook file.

    The text alone shows values as most writers of JSON escape them. It is also read as JSON, since
    a writer may escape any character; only if a value was behind such escapes is the file written
    anew, in the layout that nbformat gives it.
    """
    plain = redactor.text(text)
    try:
        notebook = json.loads(plain.text)
    except (ValueError, RecursionError):
        return plain
    inner = redactor.tree(notebook)
    if not inner.findings:
        return plain
    total = dict(plain.findings)
    add(total, inner.findings)
    return Redaction(json.dumps(inner.value, ensure_ascii=False, indent=1) + "\n", total)

"""The schemas of the audit events."""

from __future__ import annotations

from typing import Any, Final

import yaml

from jupyter_qcred.audit.events import schema_paths
from qcred_reference import markdown
from qcred_reference.markdown import literal, table

_INTRODUCTION: Final = """\
Events go to two places: to `CredentialService.audit_file`, one JSON object a line, and to the
Jupyter server's event logger, where any `logging` handler or listener can take them (the events API
of `jupyter_events`). Each has all the fields of its schema, and `__timestamp__` (UTC), `__schema__`
and `__schema_version__` besides. No field ever holds a value.
"""


def page() -> str:
    """Return the page."""
    return markdown.page(
        "Audit events", _INTRODUCTION, *(_section(path) for path in schema_paths())
    )


def _section(path: Any) -> str:
    schema = yaml.safe_load(path.read_text(encoding="utf-8"))
    rows = [
        (literal(name), _type(field), field["description"])
        for name, field in schema["properties"].items()
    ]
    heading = f"## {path.parent.name}\n\n{schema['$id']}"
    return "\n\n".join(
        (heading.replace(schema["$id"], literal(schema["$id"])), schema["description"],
         table(("field", "type", ""), rows))
    )  # fmt: skip


def _type(field: dict[str, Any]) -> str:
    if "enum" in field:
        return ", ".join(literal(word) for word in field["enum"])
    kinds = field["type"] if isinstance(field["type"], list) else [field["type"]]
    return " or ".join(kinds)

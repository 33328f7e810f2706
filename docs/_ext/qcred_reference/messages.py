"""The messages between server and kernel."""

from __future__ import annotations

from typing import Any, Final, get_args

from jupyter_qcred.core import wire
from qcred_reference import markdown
from qcred_reference.markdown import literal, prose, table

_INTRODUCTION: Final = f"""\
One JSON object a line, over the socket that a kernel inherits; at most {wire.MAX_LINE:,} bytes. The
key `kind` names the message; a message that does not fit its fields closes the channel. Protocol
version {wire.PROTOCOL}. Both ends come from the server's installation, so there is no version to
negotiate, and nothing here is an interface for others.
"""


def page() -> str:
    """Return the page."""
    return markdown.page("Messages", _INTRODUCTION, *map(_section, get_args(wire.Message)))


def _section(kind: Any) -> str:
    rows = [
        (literal(name), literal(annotation), "may be absent" if hasattr(kind, name) else "")
        for name, annotation in kind.fields.items()
    ]
    return f"## {kind.kind}\n\n{prose(kind.__doc__)}\n\n" + table(("field", "type", ""), rows)

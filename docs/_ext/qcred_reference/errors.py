"""Every error that users see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jupyter_qcred.core import errors
from qcred_reference import markdown
from qcred_reference.markdown import literal, prose, table

if TYPE_CHECKING:
    from collections.abc import Iterator

_INTRODUCTION: Final = """\
An error's text is a cause and a next step. In a notebook they are `qcred.QcredError` and its
subclasses, with the attributes `code`, `reason`, `next_step` and `credential`. The next step below
is the one that is given where no better one is known. *Retried* means that the server goes on
trying by itself: what you asked for arrives when the issuer is back.
"""


def page() -> str:
    """Return the page."""
    rows = [
        (
            f"{'&emsp;' * depth}`{kind.__name__}`",
            literal(kind.code),
            prose(kind.__doc__).split("\n\n")[0],
            f"{kind.default_next_step}.",
            "yes" if getattr(kind, "retryable", False) else "",
        )
        for kind, depth in _tree(errors.QcredError, 0)
    ]
    headings = ("class", "code", "meaning", "next step", "retried")
    return markdown.page("Errors", _INTRODUCTION, table(headings, rows))


def _tree(
    root: type[errors.QcredError], depth: int
) -> Iterator[tuple[type[errors.QcredError], int]]:
    yield root, depth
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from _tree(child, depth + 1)

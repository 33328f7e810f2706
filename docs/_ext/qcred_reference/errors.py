"""Every error that users see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jupyter_qcred.core import errors
from qcred_reference import markdown
from qcred_reference.markdown import definition, prose

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
    return markdown.page("Errors", _INTRODUCTION, *map(_entry, _tree(errors.QcredError)))


def _entry(kind: type[errors.QcredError]) -> str:
    above = kind.__mro__[1]
    family = "" if above is Exception else f", a `{above.__name__}`"
    retried = " *Retried.*" if getattr(kind, "retryable", False) else ""
    meaning = prose(kind.__doc__).split("\n\n")[0]
    step = f"*Next step:* {kind.default_next_step}."
    return definition(f"`{kind.__name__}`{family}: `{kind.code}`", f"{meaning}{retried} {step}")


def _tree(root: type[errors.QcredError]) -> Iterator[type[errors.QcredError]]:
    yield root
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from _tree(child)

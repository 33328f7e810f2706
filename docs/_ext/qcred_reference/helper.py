"""What users call in a notebook."""

from __future__ import annotations

import inspect
from typing import Any, Final

from jupyter_qcred.deliver.enable import enable
from jupyter_qcred.kernel import helper
from jupyter_qcred.kernel.credential import Credential
from jupyter_qcred.kernel.doctor import doctor
from jupyter_qcred.kernel.magic import qcred_magic
from jupyter_qcred.kernel.required import Required
from jupyter_qcred.kernel.requires import requires
from qcred_reference import markdown
from qcred_reference.markdown import code, entries, literal, prose, sections, table

FUNCTIONS: Final = (
    *(helper.get, helper.list, helper.status, helper.renew, helper.revoke),
    *(requires, doctor, enable),
)

_REQUIRED: Final = (
    ("`name`", "Of the credential."),
    ("`vendor`", "Which quantum cloud it is for."),
)

_INTRODUCTION: Final = """\
`import jupyter_qcred as qcred`, in a notebook; the kernel's environment needs no package of ours.
All but `doctor` and `enable` ask the Jupyter server that launched this kernel.
"""


def page() -> str:
    """Return the page."""
    functions = (_function(function, "qcred.") for function in FUNCTIONS)
    return markdown.page(
        "In a notebook",
        _INTRODUCTION,
        *functions,
        f"## Credential\n\n{prose(Credential.__doc__)}",
        _properties(Credential, ("`name`", "What it was asked for by.")),
        _function(Credential.reveal, "credential.", level=3),
        f"## Required\n\n{prose(sections(Required.__doc__)[''])}",
        _properties(Required, *_REQUIRED),
        *(
            _function(method, "required.", level=3)
            for method in (Required.backend, Required.client, Required.credential)
        ),
        f"## %qcred\n\n{prose(qcred_magic.__doc__)}",
    )


def _function(function: Any, before: str, level: int = 2) -> str:
    parts = sections(function.__doc__)
    parameters = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for name, parameter in inspect.signature(function).parameters.items()
        if name != "self"
    ]
    call = f"{before}{function.__name__}{inspect.Signature(parameters)}"
    text = [f"{'#' * level} {function.__name__}", code(call, "python"), _dedented(parts[""])]
    text += [f"{name}:\n: {words}" for name, words in entries(parts.get("Args", "")).items()]
    if returns := parts.get("Returns"):
        text.append(f"Returns:\n: {' '.join(returns.split())}")
    text += [
        f"Raises `{name}`:\n: {words}" for name, words in entries(parts.get("Raises", "")).items()
    ]
    return "\n\n".join(text)


def _dedented(words: str) -> str:
    """Turn reST's literal blocks into code blocks."""
    parts: list[str] = []
    for paragraph in words.split("\n\n"):
        if paragraph.startswith("    "):
            parts.append(code(inspect.cleandoc(paragraph), "python"))
        else:
            parts.append(paragraph.removesuffix("::") + (":" if paragraph.endswith("::") else ""))
    return "\n\n".join(parts)


def _properties(of: type, *first: tuple[str, str]) -> str:
    rows = [
        (literal(name), prose(value.__doc__))
        for name, value in vars(of).items()
        if isinstance(value, property)
    ]
    return table(("attribute", ""), [*first, *rows])

"""Every format of a secret that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jupyter_qcred.detect import Detectors
from qcred_reference import markdown
from qcred_reference.markdown import definition

if TYPE_CHECKING:
    from jupyter_qcred.detect import Detector

_INTRODUCTION: Final = """\
What `jupyter qcred scan` and a save look for besides the values that were issued. The name of a
rule is what `--only`, `--without` and `SaveRedaction.ignored_rules` take, and what stands in a
placeholder: `[redacted:aws-secret-key]`. *In context* means that the format alone is not enough: a
word that says what it is must be near.
"""


def page() -> str:
    """Return the page."""
    rules = sorted(Detectors.builtin().all, key=lambda rule: (rule.vendor.lower(), rule.id))
    return markdown.page("Rules", _INTRODUCTION, *map(_entry, rules))


def _entry(rule: Detector) -> str:
    context = " In context." if rule.context else ""
    documented = f" [Documented by the vendor]({rule.url})." if rule.url else ""
    return definition(f"`{rule.id}`: {rule.vendor}", f"{rule.title}.{context}{documented}")

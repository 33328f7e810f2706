"""Everything that doctor looks at, and what it can find."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jupyter_qcred.cli.doctoring.checks import CHECKS
from qcred_reference import markdown
from qcred_reference.markdown import definition

if TYPE_CHECKING:
    from jupyter_qcred.cli.doctoring.finding import Check

_INTRODUCTION: Final = """\
What `jupyter qcred doctor` looks at, in this order. The name of a check is what the command takes,
the id of a problem what `--ignore` takes; neither changes between releases. An *error* means that
somebody gets no credentials, or that a value can end where it should not; a *warning* that there
could be more, or that a key lies about. What mends a problem depends on what was seen, and is
printed with it. See [When something does not work](../../how-to/doctor.md).
"""


def page() -> str:
    """Return the page."""
    return markdown.page("Doctor", _INTRODUCTION, *map(_entry, CHECKS))


def _entry(check: Check) -> str:
    problems = (
        definition(f"`{problem.id}`: {problem.severity}", problem.means)
        for problem in check.problems
    )
    return "\n\n".join((f"## {check.id}", check.about, *problems))

"""Whether keys are in the environment that kernels inherit."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from jupyter_qcred.kernel.adapters.variables import MAIN, VARIABLES

from .finding import Check, Finding, Problem, Seen, Severity, command

if TYPE_CHECKING:
    from .site import Site

_MORE: Final = {"AWS_SECRET_ACCESS_KEY": "amazon-braket", "AWS_SESSION_TOKEN": "amazon-braket"}

KEYS = Problem(
    "environment.keys",
    Severity.WARNING,
    "A key is in an environment variable. Every kernel that is started from here inherits it, and "
    "so does whatever a kernel starts; nothing ends it with the kernel. Store it, unset the "
    "variable, and take it out of where it is set.",
)


def look(_site: Site) -> Seen:
    """Look at the names of variables, never at a value."""
    known = _MORE | {
        variable: vendor
        for vendor, variables in VARIABLES.items()
        for variable, filling in variables.items()
        if MAIN in filling.filled_by
    }
    findings = [
        Finding(KEYS, f"{name}, of {vendor}", (command(f"unset {name}"),))
        for name, vendor in sorted(known.items())
        if os.environ.get(name)
    ]
    return Seen("no key of a vendor in this environment", tuple(findings))


CHECK: Final = Check(
    "environment",
    "keys in the environment",
    "Looks whether variables that vendors' SDKs read a key from are set where you run this.",
    (KEYS,),
    look,
)

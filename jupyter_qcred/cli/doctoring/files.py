"""Whether the configuration can be read at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jupyter_qcred.cli.paper import count

from .finding import RESTART, Check, Finding, Problem, Seen, Severity, command
from .site import quoted

if TYPE_CHECKING:
    from .site import Site

BROKEN = Problem(
    "settings.broken",
    Severity.ERROR,
    "A configuration file fails when it is read, and a server stops there or goes on without it. "
    "The fix puts it aside: correct it, and put it back.",
)


def look(site: Site) -> Seen:
    """Read each."""
    findings = tuple(
        Finding(
            BROKEN,
            f"{broken.file}: {broken.why}",
            (command(quoted("mv", broken.file, f"{broken.file}.broken")), RESTART),
        )
        for broken in site.settings.broken
    )
    files = len(site.settings.files)
    told = f"{count(files, 'file')} can be read" if files else "no file says anything: the defaults"
    return Seen(told, findings)


CHECK: Final = Check(
    "settings",
    "configuration files",
    "Reads every file from which a server of yours takes settings. Python files are run, as a "
    "server runs them.",
    (BROKEN,),
    look,
)

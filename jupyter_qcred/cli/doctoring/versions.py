"""Whether the packages that we need are there, in versions that do."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, requires, version
from typing import TYPE_CHECKING, Final

from packaging.requirements import Requirement

from jupyter_qcred.core.version import __version__

from .finding import RESTART, Check, Finding, Problem, Seen, Severity, command
from .site import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .site import Site

UNFIT = Problem(
    "versions.unfit",
    Severity.ERROR,
    "A package that this one needs is missing, or of a version that does not do, as after another "
    "installation changed it.",
)
_SHOWN: Final = ("jupyter_server", "jupyter_client", "ipykernel")


def look(_site: Site) -> Seen:
    """Look at what is installed beside us."""
    shown = ", ".join(f"{name} {version(name)}" for name in _SHOWN if _installed(name))
    told = f"jupyter_qcred {__version__}, {shown}, Python {platform.python_version()}"
    return Seen(told, tuple(_findings()))


def _findings() -> Iterator[Finding]:
    for line in _requirements():
        needed = Requirement(line)
        if needed.marker is not None and not needed.marker.evaluate({"extra": ""}):
            continue
        found = _installed(needed.name)
        # A pre-release of a version that would do is somebody's own choice.
        if not found or not needed.specifier.contains(found, prereleases=True):
            wanted = f"{needed.name}{needed.specifier}"
            seen = f"{needed.name} is {found or 'missing'}; needed is {needed.specifier or 'any'}"
            fix = command(quoted(sys.executable, "-m", "pip", "install", wanted))
            yield Finding(UNFIT, seen, (fix, RESTART))


def _requirements() -> list[str]:
    try:
        return requires("jupyter_qcred") or []
    except PackageNotFoundError:  # told by the check of the provisioner
        return []


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


CHECK: Final = Check(
    "versions",
    "versions",
    "Compares the installed packages with what this one needs.",
    (UNFIT,),
    look,
)

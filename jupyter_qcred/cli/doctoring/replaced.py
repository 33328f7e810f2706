"""Whether another extension put something of its own in the place of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jupyter_core.paths import jupyter_config_path
from jupyter_server.extension.config import ExtensionConfigManager

from .extension import level_of
from .finding import RESTART, Check, Finding, Problem, Seen, Severity, absent, command
from .site import stop_steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jupyter_qcred.cli.running.server import RunningServer

    from .finding import Step
    from .site import Site

CONTENTS = Problem(
    "replaced.contents",
    Severity.ERROR,
    "Another extension put a contents manager of its own into the server after ours was there. "
    "What it saves is not redacted.",
)
CONNECTION = Problem(
    "replaced.connection",
    Severity.WARNING,
    "Another extension put a connection class of its own between kernels and browsers after ours "
    "was there. Kernels redact by themselves; those of other languages do not.",
)
_PLACES: Final = (("contents", CONTENTS, "saves"), ("connection", CONNECTION, "talks to browsers"))


def look(site: Site) -> Seen:
    """Ask each server for the classes at work."""
    if not site.parts:
        return absent("no server of yours runs that could be asked")
    findings = [found for server, parts in site.parts for found in _findings(site, server, parts)]
    return Seen("contents manager and connections are ours", tuple(findings))


def _findings(site: Site, server: RunningServer, parts: dict[str, Any]) -> Iterator[Finding]:
    for place, problem, does in _PLACES:
        name, switch = (
            parts[place]["class"],
            {"contents": "redact_contents"}.get(place, "redact_outputs"),
        )
        if parts[place]["redacts"] or site.settings.get("QcredApp", switch) is False:
            continue  # turned off: told by the check of the extension
        fix = of_extension(name) or stop_steps(server)
        yield Finding(problem, f"{server.url} {does} by {name}", fix)


def of_extension(name: str) -> tuple[Step, ...]:
    """Return the steps that disable the extension which has a class; empty where none has it."""
    known: Any = ExtensionConfigManager(read_config_path=jupyter_config_path())
    enabled = known.get_jpserver_extensions()
    package = name.partition(".")[0]
    for extension, on in enabled.items():
        if on and extension.partition(".")[0] == package and package != "jupyter_qcred":
            off = f"jupyter server extension disable {level_of(extension)} {extension}"
            return command(off), RESTART
    return ()


CHECK: Final = Check(
    "replaced",
    "other extensions",
    "Asks each running server of yours which contents manager and which connection class it uses.",
    (CONTENTS, CONNECTION),
    look,
)

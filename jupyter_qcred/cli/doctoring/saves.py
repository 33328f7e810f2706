"""Whether a save through the running server's own contents manager is redacted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.cli.paper import count

from .finding import RESTART, Check, Finding, Problem, Seen, Severity, absent
from .replaced import of_extension
from .site import setting_step, stop_steps

if TYPE_CHECKING:
    from jupyter_qcred.cli.running.server import RunningServer

    from .finding import Step
    from .site import Site

NOT_REDACTED = Problem(
    "saves.not-redacted",
    Severity.ERROR,
    "A made-up value that the server knows was saved as it is: so would a credential be.",
)


def look(site: Site) -> Seen:
    """Let each server save a notebook with a made-up value, and remove it."""
    if not site.parts:
        return absent("no server of yours runs that could be asked")
    findings, failed = [], []
    for server, parts in site.parts:
        answer = server.ask("POST", "canary")
        told = answer.body
        if not answer.ok:
            failed.append(f"{server.url}: {told.get('reason', f'HTTP {answer.status}')}")
        elif not told["saved"]:
            failed.append(f"{server.url} saves nothing now: HTTP {told['refused_with']}")
        elif not told["redacted"]:
            seen = f"{server.url} saves by {parts['contents']['class']}"
            findings.append(Finding(NOT_REDACTED, seen, _fix(site, server, parts)))
    words = (
        "; ".join(failed) or f"a made-up value was redacted by {count(len(site.parts), 'server')}"
    )
    return Seen(words, tuple(findings), failed=bool(failed))


def _fix(site: Site, server: RunningServer, parts: dict[str, Any]) -> tuple[Step, ...]:
    if site.settings.get("QcredApp", "redact_contents") is False:
        step = setting_step(site, NOT_REDACTED, "QcredApp", "redact_contents", value=True)
        return step, RESTART
    return of_extension(parts["contents"]["class"]) or stop_steps(server)


CHECK: Final = Check(
    "saves",
    "redaction of saves",
    "Has each running server of yours save a notebook with a made-up value through its own "
    "contents manager, read it, and remove it. The audit has an event of it.",
    (NOT_REDACTED,),
    look,
)

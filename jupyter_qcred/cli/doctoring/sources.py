"""Whether each credential can be had that a kernel may ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jupyter_qcred.cli.paper import count
from jupyter_qcred.core.errors import ConfigError, NotEntitledError, NotStoredError, QcredError
from jupyter_qcred.issue.embedded.plan import MOUNT
from jupyter_qcred.issue.profile import SourceKind
from jupyter_qcred.issue.vault import sources

from . import grant
from .finding import (
    OPERATOR,
    RESTART,
    Check,
    Finding,
    Problem,
    Seen,
    Severity,
    Step,
    absent,
    advice,
    command,
)
from .issuer import at
from .site import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jupyter_qcred.issue.profile import Profile

    from .issuer_visit import Visit
    from .site import Site

KEEPER: Final = "whoever may store keys there"

STATIC: Final = frozenset({SourceKind.KV1, SourceKind.KV2})
"""Kinds of sources that hold a key which somebody stored."""

PROFILES = Problem(
    "sources.profiles",
    Severity.ERROR,
    "The profiles cannot be read: no kernel gets anything until they are corrected.",
)
NOT_STORED = Problem(
    "sources.not-stored",
    Severity.WARNING,
    "A profile reads where nothing is stored.",
)
RIGHT = Problem(
    "sources.right",
    Severity.ERROR,
    "A session may not read what a profile names: no policy of the sessions' role allows it.",
)
FAILED = Problem(
    "sources.failed",
    Severity.ERROR,
    "The issuer does not give what a profile asks for: the mount, the path or the engine is not as "
    "the profile says.",
)


def look(site: Site) -> Seen:
    """Read each, and drop it at once."""
    visit = site.visit
    try:
        profiles = _wanted(visit)
    except ConfigError as error:
        return Seen("", (Finding(PROFILES, error.reason, (advice(error.next_step), RESTART)),))
    except QcredError:
        return absent("the issuer could not be asked")
    try:
        visit.session()
    except QcredError:
        return absent("there is no session token to read them with")
    tried = [one for one in profiles.values() if site.issues or one.source.kind in STATIC]
    findings = tuple(finding for one in tried for finding in _findings(visit, one))
    return Seen(_words(len(tried), len(profiles)), findings)


def _wanted(visit: Visit) -> dict[str, Profile]:
    profiles = visit.profiles()
    if not visit.embedded or visit.empty():
        return profiles
    # Of the built-in ones only those that somebody has stored.
    stored = visit.stored()
    return {name: one for name, one in profiles.items() if name in stored}


def _words(tried: int, known: int) -> str:
    told = f"{count(tried, 'credential')} can be read"
    if tried < known:
        told += f"; {known - tried} would be issued: `jupyter qcred doctor sources --issue` tries"
    return told


def _findings(visit: Visit, profile: Profile) -> Iterator[Finding]:
    try:
        found = sources.read(visit.client(), visit.session().token, profile)
    except NotStoredError as error:
        who = "" if visit.embedded else KEEPER
        yield Finding(NOT_STORED, error.reason, (store(visit, profile),), who)
    except NotEntitledError as error:
        yield _not_allowed(visit, profile, error.reason)
    except QcredError as error:
        yield Finding(FAILED, error.reason, (advice(error.next_step), RESTART))
    else:
        # What was issued for this ends now, not with the session token a moment later.
        if found.upstream_lease:
            visit.settings().revoke_lease(visit.session(), found.upstream_lease)


def store(visit: Visit, profile: Profile) -> Step:
    """Return the step by which a person stores what a profile of a static key reads."""
    if visit.embedded:
        return command(f"jupyter qcred put {quoted(profile.name)}")
    source = profile.source
    mount = [f"-mount={source.mount}"] if source.mount else []
    field = f"{profile.main or 'value'}=-"
    return command(quoted("bao", "kv", "put", *at(visit), *mount, source.below_mount, field))


def _not_allowed(visit: Visit, profile: Profile, seen: str) -> Finding:
    if not visit.embedded:
        return Finding(RIGHT, seen, _allow(visit, profile), OPERATOR)
    # It has no operator, and no policies but ours.
    if profile.source.path.startswith(f"{MOUNT}/"):
        return Finding(RIGHT, seen, (command("jupyter qcred init"),))
    correct = f"Correct the profile: the embedded OpenBao gives what is below `{MOUNT}/` alone"
    return Finding(RIGHT, seen, (advice(correct), RESTART))


def _allow(visit: Visit, profile: Profile) -> tuple[Step, ...]:
    source = profile.source
    path = source.path
    if source.kind is SourceKind.KV2:
        path = f"{source.mount}/data/{source.below_mount}"
    # A dynamic source with parameters is written to, and answers.
    capability = "update" if source.parameters else "read"
    return grant.use_path(visit, path, capability, visit.session().policies)


CHECK: Final = Check(
    "sources",
    "sources of credentials",
    "Reads every static key that a profile names with a session token, and forgets it. What would "
    "be issued anew is only tried with --issue: it is revoked at once.",
    (PROFILES, NOT_STORED, RIGHT, FAILED),
    look,
)

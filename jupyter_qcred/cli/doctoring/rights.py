"""Which right is missing at the issuer, by the policies that ship."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.core.errors import ConfigError, NotEntitledError, QcredError
from jupyter_qcred.issue.vault import roles
from jupyter_qcred.issue.vault.call import Call

from . import grant
from .finding import OPERATOR, Check, Finding, Problem, Seen, Severity, absent, advice, command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jupyter_qcred.issue.issuer import IssuedToken

    from .finding import Step
    from .issuer_visit import Visit
    from .site import Site

# Names of leases that nobody has: whoever may end or extend one is told that it is over.
_NOBODYS: Final = {"lease_id": "jupyter-qcred/doctor"}

_SELF: Final[tuple[tuple[str, str, dict[str, Any]], ...]] = (
    ("GET", "auth/token/lookup-self", {}),
    ("POST", "auth/token/renew-self", {}),
    ("POST", "sys/leases/revoke", _NOBODYS),
)
_KERNEL: Final = (*_SELF, ("POST", "sys/leases/renew", _NOBODYS))
_LAST: Final = ("POST", "auth/token/revoke-self", dict[str, Any]())

NO_SERVER_ROLE = Problem(
    "rights.no-server-role",
    Severity.ERROR,
    "The issuer has no role for server tokens. Credentials are then read with the login itself, "
    "whose end nobody can force; with lease_only set to never there are none.",
)
NO_KERNEL_ROLE = Problem(
    "rights.no-kernel-role",
    Severity.ERROR,
    "The issuer has no role for session tokens: kernels get no credentials.",
)
LOGIN = Problem(
    "rights.login",
    Severity.ERROR,
    "The login may not ask for a server token: a right of the policy qcred-user is missing.",
)
SERVER = Problem(
    "rights.server",
    Severity.ERROR,
    "The server token lacks a right of the policy qcred-server.",
)
KERNEL = Problem(
    "rights.kernel",
    Severity.ERROR,
    "A session token lacks a right of the policy qcred-kernel.",
)
NOT_NARROWED = Problem(
    "rights.not-narrowed",
    Severity.ERROR,
    "What the user's identity and groups may do, every kernel's session may do: the server's role "
    "makes no orphans.",
)


def look(site: Site) -> Seen:
    """Obtain a server token and a session token, use each right once, and give them back."""
    visit = site.visit
    try:
        visit.login()
    except QcredError:
        return absent("there is no login to look at")
    findings = tuple(_findings(visit))
    return Seen("the login, the server token and the session token have what they need", findings)


def _findings(visit: Visit) -> Iterator[Finding]:
    settings = visit.settings()
    try:
        server = visit.server()
    except NotEntitledError as error:
        yield _found(visit, LOGIN, error.reason, grant.to_login(visit))
        return
    except ConfigError as error:
        # Without a role of its own, the login is the server token, and is what has to change.
        fix = grant.server_role(visit) if settings.server_role else (advice(error.next_step),)
        yield _found(visit, NO_SERVER_ROLE, error.reason, fix)
        return
    if server.narrowed is False:
        orphan = grant.make_role(visit, settings.server_role, {"orphan": True})
        seen = f"tokens of the role {settings.server_role} carry the user's identity"
        yield _found(visit, NOT_NARROWED, seen, (orphan,))
    yield from _of_token(visit, server, SERVER, roles.SERVER_ROLE, settings.server_role)
    try:
        session = visit.another_session()
    except NotEntitledError as error:
        fix = grant.to_role(visit, roles.SERVER_ROLE, settings.server_role, server.policies)
        yield _found(visit, SERVER, error.reason, fix)
        return
    except ConfigError as error:
        yield _found(visit, NO_KERNEL_ROLE, error.reason, grant.kernel_role(visit))
        return
    yield from _of_token(visit, session, KERNEL, roles.KERNEL_ROLE, settings.kernel_role)


def _found(visit: Visit, problem: Problem, seen: str, fix: tuple[Step, ...]) -> Finding:
    if visit.embedded:  # which brings its policies and roles up to date, and knows no operator
        return Finding(problem, seen, (command("jupyter qcred init"),))
    return Finding(problem, seen, fix, OPERATOR)


def _of_token(
    visit: Visit, token: IssuedToken, problem: Problem, policy: str, role: str
) -> Iterator[Finding]:
    """Use each right, the last of which ends a session's token; the server's is ended later."""
    rights = (*_KERNEL, _LAST) if problem is KERNEL else _SELF
    missing = []
    for method, path, body in rights:
        call = Call("checking a right", method, path, changes=False)
        if visit.refuses(token.token, call, body or None):
            missing.append(f"`{call.capability}` on `{path}`")
    if missing:
        held = ", ".join(token.policies) or "none"
        seen = f"{' and '.join(missing)} is missing; its policies: {held}"
        fix = grant.to_role(visit, policy, role, token.policies)
        yield _found(visit, problem, seen, fix)


CHECK: Final = Check(
    "rights",
    "rights at the issuer",
    "Obtains a server token and a session token as your servers do, uses each right of the shipped "
    "policies once, in a way that changes nothing, and gives both back.",
    (LOGIN, NO_SERVER_ROLE, SERVER, NO_KERNEL_ROLE, KERNEL, NOT_NARROWED),
    look,
)

"""The token tree: login → server token (orphan, periodic) → session tokens, its children.

What holds, seen on OpenBao:

- A token made by a role with ``orphan=true`` has no entity, whoever asked for it; neither have its
  children. So the user's own and group policies reach no session, and the end of the login token
  ends nothing. A role without it passes the entity on, through every generation.
- A look-up names the role's policies and, apart from them, ``identity_policies``: those that come
  with the entity. Groups act at once, so the read-back is true for the moment it was made.
- A login has no parent either, and it keeps its entity: where its auth role gives it a period and
  the server's policy it can itself be the server token (``server_role`` empty).
- ``period`` and the explicit maximum of a *role* are not shown by a look-up of its tokens, only
  their effect on the TTL is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.core.errors import (
    ConfigError,
    IssuerError,
    NotEntitledError,
    QcredError,
)
from jupyter_qcred.core.lease import Accessor
from jupyter_qcred.core.secret import Secret
from jupyter_qcred.issue.issuer import IssuedToken, SessionRequest
from jupyter_qcred.issue.vault import auth, problems, revocation
from jupyter_qcred.issue.vault.call import Call

if TYPE_CHECKING:
    from collections.abc import Mapping
    from logging import Logger

    from jupyter_qcred.issue.issuer import ServerRequest
    from jupyter_qcred.issue.vault.auth import Identity, Login
    from jupyter_qcred.issue.vault.call import Answer
    from jupyter_qcred.issue.vault.client import VaultClient

_VALUE_LIMIT: Final = 256
_LABEL_LIMIT: Final = 32


@dataclass(frozen=True, slots=True)
class TreeRoles:
    """The roles to use.

    Attributes:
        server: role of the server token; empty where the login token serves as such.
        kernel: role of the session tokens.
        entity_alias: entity to bind the server token to; empty for none.
        lease_only: fall back to the login token where ``server`` is not to be had.
    """

    server: str
    kernel: str
    entity_alias: str
    lease_only: bool


def open_server(
    client: VaultClient,
    identity: Identity,
    roles: TreeRoles,
    log: Logger,
    request: ServerRequest | None = None,
) -> IssuedToken:
    """Log in and return the server token; drop the login token if this login made it."""
    return open_server_with(client, auth.log_in(client, identity), roles, log, request)


def open_server_with(
    client: VaultClient,
    login: Login,
    roles: TreeRoles,
    log: Logger,
    request: ServerRequest | None = None,
) -> IssuedToken:
    """Return the server token; drop the login token if it was made by us."""
    kept = False
    try:
        server, orphan = _server_token(client, login, roles, log, request)
        kept = server.token is login.token or not orphan
        if server.own and not orphan:
            log.warning(
                "Role %s makes no orphans: every session ends with the login token, and what the "
                "user's groups may do, the sessions may do. Set orphan=true on the role",
                roles.server,
            )
        return server
    finally:
        if login.ours and not kept:
            revocation.drop(client, login.token)


def _server_token(
    client: VaultClient,
    login: Login,
    roles: TreeRoles,
    log: Logger,
    request: ServerRequest | None,
) -> tuple[IssuedToken, bool]:
    if not roles.server:
        return _login_as_server(client, login, log), True
    call = _creation("asking for the server token", roles.server)
    body: dict[str, Any] = {"display_name": "qcred-server"}
    if request is not None:
        body["meta"] = metadata(request)
    if roles.entity_alias:
        body["entity_alias"] = roles.entity_alias
    answer = client.send(call, token=login.token, body=body)
    if answer.ok:
        return _read_back(client, answer, call, above=login.policies)
    problem = _creation_problem(client, answer, call, login.token, roles.server)
    if not isinstance(problem, _NO_ROLE):
        raise problem
    if not roles.lease_only:
        raise problem
    log.warning(
        "No server token by role %s: credentials are read with the login token itself, "
        "and their end cannot be forced token by token",
        roles.server,
    )
    return _lease_only(login), False


def _login_as_server(client: VaultClient, login: Login, log: Logger) -> IssuedToken:
    """Return the login token as the server token.

    Raises:
        ConfigError: it cannot be one: it was given to us, is a batch token, or can't be renewed.
    """
    if not (login.ours and login.accessor and login.renewable):
        raise ConfigError(
            f"the login at {client.issuer} cannot serve as the server token",
            next_step="Log in by approle, jwt, kubernetes or userpass, with an auth role that has "
            "token_type=service, token_period and the policy qcred-server; or set server_role",
        )
    if login.ttl > _LONG_LIFE:
        log.warning(
            "The server token lives %d s after its last renewal, and so do the sessions of a "
            "server that was killed. Set token_period on the auth role",
            login.ttl,
        )
    return IssuedToken(
        token=login.token,
        accessor=login.accessor,
        ttl=login.ttl,
        renewable=True,
        narrowed=None,
        policies=tuple(sorted(login.policies)),
    )


_LONG_LIFE: Final = 3600.0
"""Seconds: the period of a server token is minutes, a TTL that nobody chose is 32 days."""

_NO_ROLE: Final = (NotEntitledError, ConfigError)
"""What says that the operator has not set the role up for us."""


def _lease_only(login: Login) -> IssuedToken:
    return IssuedToken(
        token=login.token,
        accessor=login.accessor,
        ttl=login.ttl,
        renewable=login.renewable,
        narrowed=None,
        policies=tuple(sorted(login.policies)),
        own=False,
    )


def open_session(
    client: VaultClient, server: IssuedToken, request: SessionRequest, roles: TreeRoles
) -> IssuedToken:
    """Return the session token of one kernel launch.

    It lives as long as its parent does from one renewal to the next, unless the role says more: one
    whose answer is lost is never renewed, and would outlive its kernel by a day otherwise.
    """
    if not server.own:
        return replace(server, narrowed=None)
    call = _creation("asking for the session token", roles.kernel)
    ttl = f"{max(1, int(server.ttl))}s"
    body = {"display_name": "qcred-kernel", "meta": metadata(request), "ttl": ttl}
    answer = client.send(call, token=server.token, body=body)
    if not answer.ok:
        raise _creation_problem(client, answer, call, server.token, roles.kernel)
    session, _ = _read_back(client, answer, call, above=frozenset(server.policies))
    return session


def metadata(request: ServerRequest | SessionRequest) -> dict[str, str]:
    """Return the token's metadata: short texts, printable, so that they fit into any audit log."""
    facts = {"intent": request.intent, "user": request.user, "server": request.server}
    if isinstance(request, SessionRequest):
        labels = list(request.labels.items())[:_LABEL_LIMIT]
        facts["kernel"] = request.kernel
        facts |= {f"label_{name}"[:_VALUE_LIMIT]: value for name, value in labels}
    return {name: _short(value) for name, value in facts.items()}


def _short(value: object) -> str:
    text = str(value)[:_VALUE_LIMIT]
    return text if text.isprintable() else "".join(c if c.isprintable() else "?" for c in text)


def _creation(doing: str, role: str) -> Call:
    return Call(doing, "POST", f"auth/token/create/{role}", changes=True)


def _creation_problem(
    client: VaultClient, answer: Answer, call: Call, token: Secret, role: str
) -> QcredError:
    if answer.status == 400 and answer.says("unknown role"):
        return ConfigError(
            f"{client.issuer} has no token role `{role}`",
            next_step=f"Ask your operator to write auth/token/roles/{role}, "
            "or correct server_role and kernel_role",
        )
    if answer.status == 400 and answer.says("batch tokens cannot create"):
        return NotEntitledError(
            f"the login at {client.issuer} gives batch tokens, which cannot make others",
            next_step="Ask your operator for an auth role with token_type=service",
        )
    if answer.status == 400 and answer.says("entity_alias"):
        return IssuerError(
            f"the token role `{role}` of {client.issuer} does not allow the entity alias",
            next_step="Add it to the role's allowed_entity_aliases, or clear entity_alias",
        )
    return client.problem(answer, call, token)


def _read_back(
    client: VaultClient, answer: Answer, call: Call, *, above: frozenset[str]
) -> tuple[IssuedToken, bool]:
    """Return the created token as Vault sees it, and whether it is an orphan.

    Where an identity may add policies, the token is looked up: groups act at once.

    Raises:
        IssuerError: with ``ambiguous``, since a token was made that could not be looked at; it is
            revoked if that still can be done.
    """
    created = answer.body.section("auth")
    if not created.has_text("client_token") or not created["client_token"]:
        raise problems.unexpected("a token", call, client.issuer)
    token = Secret(created["client_token"])
    if _says_all(created):
        return _issued(token, created, above), bool(created["orphan"])
    look = Call("looking the new token up", "GET", "auth/token/lookup-self", changes=True)
    try:
        facts = client.request(look, token=token).section("data")
        if not facts.has_text("accessor"):
            raise problems.unexpected("the token's data", look, client.issuer)
        issued = _issued(token, facts, above)
    except NotEntitledError:
        # The role's policies lack lookup-self. The answer to the creation names the same policies.
        issued, facts = _issued(token, created, above), created
    except QcredError as problem:
        revocation.drop(client, token)
        if isinstance(problem, IssuerError):
            problem.ambiguous = True
        raise
    return issued, bool(facts.get("orphan"))


def _says_all(created: Mapping[str, Any]) -> bool:
    """Whether the answer to a creation leaves nothing to look up.

    A token of no entity has its own policies alone: none of an identity, of a group or of another
    namespace can be added to them (seen on OpenBao: the role's ``orphan`` clears the entity).
    """
    told = created.get("entity_id") == "" and bool(created.get("accessor"))
    return told and {"token_policies", "orphan", "lease_duration", "renewable"} <= created.keys()


def _issued(token: Secret, facts: Mapping[str, Any], above: frozenset[str]) -> IssuedToken:
    by_identity = frozenset(facts.get("identity_policies") or ())
    foreign = facts.get("external_namespace_policies") or {}
    # A look-up keeps the identity's policies apart, the answer to a creation adds them.
    policies = frozenset(facts.get("token_policies") or facts.get("policies") or ())
    policies |= by_identity
    ttl = facts.get("lease_duration") or facts.get("ttl") or 0
    return IssuedToken(
        token=token,
        accessor=Accessor(str(facts.get("accessor") or "")),
        ttl=float(ttl),
        renewable=bool(facts.get("renewable")),
        narrowed=not (by_identity or foreign or _as_wide_as(policies, above)),
        policies=tuple(sorted(policies)),
    )


def _as_wide_as(policies: frozenset[str], above: frozenset[str]) -> bool:
    """Whether nothing was taken away: what a role without allowed_policies does."""
    special = above - {"default"}
    return "root" in policies or (bool(special) and special <= policies)

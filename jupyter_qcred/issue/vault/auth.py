"""Logging in: each method is a path and a body; two methods already hold a token.

By ``oidc`` only a person can log in: see ``jupyter_qcred.issue.vault.oidc``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.core.errors import ConfigError, IssuerError, NeedsLoginError, NotEntitledError
from jupyter_qcred.core.lease import Accessor
from jupyter_qcred.core.secret import Secret
from jupyter_qcred.issue.person import BY_PERSON, nobody_yet
from jupyter_qcred.issue.vault.call import Call
from jupyter_qcred.issue.vault.classify import of_answer
from jupyter_qcred.issue.vault.problems import unexpected

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jupyter_qcred.issue.vault.call import Answer
    from jupyter_qcred.issue.vault.client import VaultClient


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this server is; which fields count depends on the method. See ``VaultSettings``."""

    method: str
    mount: str
    role: str
    token: Secret
    token_file: str
    role_id: str
    secret_id: Secret
    secret_id_file: str
    jwt_file: str
    jwt_env: str
    service_account_file: str
    username: str
    password_file: str

    def check(self) -> None:
        """Check that the method has its settings.

        Raises:
            ConfigError: one is missing; the message names it.
        """
        for names in _NEEDED[self.method]:
            if not any(getattr(self, name) for name in names):
                settings = " or ".join(_SETTING.get(name, name) for name in names)
                raise ConfigError(
                    f"auth_method={self.method} needs {settings}",
                    next_step=f"Set VaultIssuer.{_SETTING.get(names[0], names[0])}",
                )


@dataclass(frozen=True, slots=True)
class Login:
    """A token to start from.

    Attributes:
        token: the login token.
        ours: this login made it, so it may be dropped; a token given by somebody may not.
        accessor: its handle; empty for a batch token, or when it may not look itself up.
        ttl: seconds it lives.
        renewable: whether it can be renewed.
        policies: all that it may do, by policy name; empty when it may not look itself up.
    """

    token: Secret
    ours: bool
    accessor: Accessor
    ttl: float
    renewable: bool
    policies: frozenset[str]


def log_in(client: VaultClient, identity: Identity) -> Login:
    """Return a login token.

    Raises:
        NeedsLoginError: the token or the proof of identity is missing, dead or refused.
        QcredError: the issuer failed.
    """
    if identity.method == BY_PERSON:
        raise nobody_yet(client.issuer)
    if identity.method in _GIVEN:
        return _given(client, _GIVEN[identity.method](identity), identity)
    path, body = _REQUESTS[identity.method](identity)
    call = Call(f"logging in by {identity.method}", "POST", path, changes=True)
    return logged_in(client, client.send(call, token=None, body=body), call, identity.method)


def logged_in(client: VaultClient, answer: Answer, call: Call, method: str) -> Login:
    """Return the login token of an answer.

    Raises:
        NeedsLoginError: the login was refused, or a second factor is asked for.
        QcredError: the issuer failed.
    """
    if not answer.ok:
        problem = of_answer(answer, call, client.issuer)
        # Refused for what we are; failures that pass by themselves keep their own class.
        if type(problem) in {IssuerError, NotEntitledError}:
            raise NeedsLoginError(
                f"{client.issuer} refused the login by {method} at `{call.path}`",
                next_step=_ADVICE[method],
            )
        raise problem
    auth = answer.body.section("auth")
    if not auth.has_text("client_token"):
        raise unexpected("a token", call, client.issuer)
    token = Secret(auth["client_token"])
    if not token:
        raise NeedsLoginError(
            f"{client.issuer} asks for a second factor at `{call.path}`",
            next_step="Use an auth method without one for this server, or token_file",
        )
    return _login(token, auth, ours=True)


def _given(client: VaultClient, token: Secret, identity: Identity) -> Login:
    call = Call("looking the login token up", "GET", "auth/token/lookup-self", changes=False)
    answer = client.send(call, token=token)
    if answer.ok:
        return _login(token, answer.body.section("data"), ours=False)
    if answer.status != 403:
        raise of_answer(answer, call, client.issuer)
    if not client.alive(token):
        raise NeedsLoginError(
            f"the token given by auth_method={identity.method} is dead at {client.issuer}",
            next_step=_ADVICE[identity.method],
        )
    return _login(token, {}, ours=False)


def _login(token: Secret, facts: Mapping[str, Any], *, ours: bool) -> Login:
    """Build a Login from an ``auth`` block or from a look-up, which name the same things apart."""
    policies = {*(facts.get("policies") or ()), *(facts.get("identity_policies") or ())}
    return Login(
        token=token,
        ours=ours,
        accessor=Accessor(str(facts.get("accessor") or "")),
        ttl=float(facts.get("lease_duration") or facts.get("ttl") or 0) or float("inf"),
        renewable=bool(facts.get("renewable")),
        policies=frozenset(policies),
    )


def _read(path: str, setting: str) -> Secret:
    try:
        text = Path(path).expanduser().read_text(encoding="utf-8").strip()
    except (OSError, RuntimeError, UnicodeDecodeError):  # RuntimeError: no home to expand ~ to
        text = ""
    if not text:
        raise NeedsLoginError(
            f"the file {path} of the setting {setting} is missing, unreadable or empty",
            next_step=f"Write it (for a token: `bao login`), or correct VaultIssuer.{setting}",
        )
    return Secret(text)


def _from_environment(name: str) -> Secret:
    value = os.environ.get(name, "").strip()
    if not value:
        raise NeedsLoginError(
            f"the environment variable {name} of the setting jwt_env is not set",
            next_step="Set it for the Jupyter server, or use jwt_file",
        )
    return Secret(value)


def _approle(identity: Identity) -> tuple[str, dict[str, str | Secret]]:
    body: dict[str, str | Secret] = {"role_id": identity.role_id}
    if identity.secret_id_file:
        body["secret_id"] = _read(identity.secret_id_file, "secret_id_file")
    elif identity.secret_id:
        body["secret_id"] = identity.secret_id
    return f"auth/{identity.mount}/login", body


def _jwt(identity: Identity) -> tuple[str, dict[str, str | Secret]]:
    if identity.jwt_file:
        jwt = _read(identity.jwt_file, "jwt_file")
    else:
        jwt = _from_environment(identity.jwt_env)
    body: dict[str, str | Secret] = {"jwt": jwt}
    if identity.role:
        body["role"] = identity.role
    return f"auth/{identity.mount}/login", body


def _kubernetes(identity: Identity) -> tuple[str, dict[str, str | Secret]]:
    jwt = _read(identity.service_account_file, "service_account_file")
    return f"auth/{identity.mount}/login", {"role": identity.role, "jwt": jwt}


def _userpass(identity: Identity) -> tuple[str, dict[str, str | Secret]]:
    password = _read(identity.password_file, "password_file")
    path = f"auth/{identity.mount}/login/{identity.username}"
    return path, {"password": password}


_GIVEN: Final[Mapping[str, Callable[[Identity], Secret]]] = {
    "token": lambda identity: identity.token,
    "token_file": lambda identity: _read(identity.token_file, "token_file"),
}

_REQUESTS: Final[Mapping[str, Callable[[Identity], tuple[str, dict[str, str | Secret]]]]] = {
    "approle": _approle,
    "jwt": _jwt,
    "kubernetes": _kubernetes,
    "userpass": _userpass,
}

METHODS: Final = [*_GIVEN, *_REQUESTS, BY_PERSON]
"""Every auth method that can be set."""


# One of each tuple must be set.
_NEEDED: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "token": (("token",),),
    "token_file": (("token_file",),),
    "approle": (("role_id",),),
    "jwt": (("jwt_file", "jwt_env"),),
    "kubernetes": (("role",), ("service_account_file",)),
    "userpass": (("username",), ("password_file",)),
    BY_PERSON: (),
}

_SETTING: Final = {"role": "auth_role", "mount": "auth_mount", "token": "token_env"}

_ADVICE: Final[Mapping[str, str]] = {
    "token": "Put a live token into the environment variable of token_env, or use token_file",
    "token_file": "Log in again (`bao login`), which writes a fresh token to the file",
    "approle": "Check role_id and the secret id (it may be used up or expired), and auth_mount",
    "jwt": "Check that the JWT is fresh and matches auth_role, and auth_mount",
    "kubernetes": "Check that auth_role is bound to this service account, and auth_mount",
    "userpass": "Check username and password_file, and auth_mount",
    BY_PERSON: "Log in once more; if that fails as well, ask your operator whether the role lets "
    "you in",
}

"""The auth method ``oidc``: a person logs in at the issuer's identity provider.

OpenBao makes the URL of the provider's page, with a state and a nonce of its own, and later trades
the code for the provider's word, which it checks against the role. The client nonce is ours: who
has only seen the browser's addresses cannot finish the login.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from jupyter_qcred.core.errors import ConfigError
from jupyter_qcred.core.secret import Secret
from jupyter_qcred.issue.person import BY_PERSON, Invitation
from jupyter_qcred.issue.vault import auth, unlogged
from jupyter_qcred.issue.vault.call import Call
from jupyter_qcred.issue.vault.classify import of_answer
from jupyter_qcred.issue.vault.problems import unexpected

if TYPE_CHECKING:
    from jupyter_qcred.issue.vault.auth import Identity, Login
    from jupyter_qcred.issue.vault.client import VaultClient


def invite(client: VaultClient, identity: Identity, redirect_uri: str) -> Invitation:
    """Begin a login.

    Raises:
        ConfigError: the settings name another method, or the mount or its role does not do it.
        QcredError: the issuer failed.
    """
    if identity.method != BY_PERSON:
        raise ConfigError(
            f"this server logs in by {identity.method}, without any person",
            next_step=f"Set VaultIssuer.auth_method to {BY_PERSON} if people shall log in",
        )
    call = Call("beginning a login", "POST", _path(identity, "auth_url"), changes=False)
    nonce = Secret(secrets.token_urlsafe(32))
    body = {"role": identity.role, "redirect_uri": redirect_uri, "client_nonce": nonce}
    answer = client.send(call, token=None, body=body)
    if not answer.ok:
        if answer.status in {400, 403, 404}:
            raise _no_such_login(client, identity)
        raise of_answer(answer, call, client.issuer)
    data = answer.body.section("data")
    if not data.has_text("auth_url"):
        raise unexpected("an address", call, client.issuer)
    if not data["auth_url"]:
        # That is how OpenBao says no to a redirect; its own log has the reason.
        raise ConfigError(
            f"the role `{identity.role}` of {client.issuer} sends nobody back to {redirect_uri}",
            next_step="Ask your operator to list this address in the role's allowed_redirect_uris, "
            "and to see the issuer's log if it is listed",
        )
    return _invitation(client, call, Secret(data["auth_url"]), nonce)


def _invitation(client: VaultClient, call: Call, url: Secret, nonce: Secret) -> Invitation:
    try:
        parts = urlsplit(url.reveal())
        states = parse_qs(parts.query).get("state", [])
    except ValueError:
        states = []
    if len(states) != 1 or parts.scheme not in {"https", "http"}:
        raise unexpected("an address that a browser can open", call, client.issuer)
    return Invitation(url, Secret(states[0]), nonce)


def finish(client: VaultClient, identity: Identity, invitation: Invitation, code: Secret) -> Login:
    """Trade what the browser brought back for a login token.

    Raises:
        NeedsLoginError: the login was refused.
        QcredError: the issuer failed.
    """
    unlogged.keep_out("/oidc/callback")
    call = Call("logging in by oidc", "GET", _path(identity, "callback"), changes=True)
    query = {"state": invitation.state, "code": code, "client_nonce": invitation.nonce}
    answer = client.send(call, token=None, query=query)
    return auth.logged_in(client, answer, call, identity.method)


def _path(identity: Identity, name: str) -> str:
    return f"auth/{identity.mount}/oidc/{name}"


def _no_such_login(client: VaultClient, identity: Identity) -> ConfigError:
    role = f"the role `{identity.role}`" if identity.role else "a default role"
    return ConfigError(
        f"{client.issuer} has no login by oidc at `auth/{identity.mount}` with {role}",
        next_step="Ask your operator, or correct VaultIssuer.auth_mount and auth_role",
    )

"""An identity provider on the loopback interface: OpenID Connect, for the auth method ``oidc``.

Discovery, keys, authorisation code with PKCE, ID tokens by RS256. Who comes to the page is let in
at once, refused, or asked by a form, as told.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from html import escape
from typing import TYPE_CHECKING, Any, Literal, Self
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from support.loopback import Scripted

from jupyter_qcred.issue.vault import roles

if TYPE_CHECKING:
    from support.jupyter import JupyterServer
    from support.openbao import OpenBao

Manner = Literal["at once", "refuse", "form"]

CLIENT = "openbao"

FORM = """<!DOCTYPE html><html lang="en"><head><title>Identity provider</title></head><body>
<main><h1>Log in</h1><form method="post" action="/authorize"><p><label>User <input name="user"
value="alice"></label></p>{hidden}<p><button>Log in</button></p></form></main></body></html>"""


class Provider:
    """One provider.

    Attributes:
        address: what discovery begins with, and the issuer of its tokens.
        client_secret: of the only client, OpenBao.
        manner: what becomes of who comes to the page.
        user: who is let in at once.
        codes, states, nonces, tokens: every one that was ever seen or given out.
    """

    def __init__(self) -> None:
        self.client_secret = secrets.token_urlsafe(24)
        self.manner: Manner = "at once"
        self.user = "alice"
        self.codes: list[str] = []
        self.tokens: list[str] = []
        self.states: list[str] = []
        self.nonces: list[str] = []
        self._waiting: dict[str, dict[str, str]] = {}
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._server = Scripted(self._answer)
        self.address = self._server.address

    def _answer(self, method: str, path: str, body: bytes) -> tuple[Any, ...]:
        parts = urlsplit(path)
        query = _flat(parts.query)
        if parts.path == "/.well-known/openid-configuration":
            return 200, self._discovery()
        if parts.path == "/keys":
            key = RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
            return 200, {"keys": [{**key, "kid": "1", "use": "sig", "alg": "RS256"}]}
        if parts.path == "/authorize":
            return self._authorize(method, query if method == "GET" else _flat(body.decode()))
        if (method, parts.path) == ("POST", "/token"):
            return self._token(_flat(body.decode()))
        return 404, {"error": "not_found"}

    def _discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.address,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "jwks_uri": f"{self.address}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def _authorize(self, method: str, asked: dict[str, str]) -> tuple[Any, ...]:
        if asked.get("client_id") != CLIENT or asked.get("response_type") != "code":
            return 400, {"error": "invalid_request"}
        self.states.append(asked["state"])
        self.nonces.append(asked["nonce"])
        if self.manner == "refuse":
            return self._back(asked, error="access_denied", error_description="not you")
        if self.manner == "form" and method == "GET":
            hidden = "".join(
                f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
                for name, value in asked.items()
            )
            page = FORM.format(hidden=hidden).encode()
            return 200, page, {"Content-Type": "text/html; charset=utf-8"}
        code = secrets.token_urlsafe(32)
        self.codes.append(code)
        self._waiting[code] = {**asked, "user": asked.get("user", self.user)}
        return self._back(asked, code=code)

    @staticmethod
    def _back(asked: dict[str, str], **brought: str) -> tuple[Any, ...]:
        query = urlencode({**brought, "state": asked["state"]})
        return 302, b"", {"Location": f"{asked['redirect_uri']}?{query}"}

    def _token(self, asked: dict[str, str]) -> tuple[Any, ...]:
        waiting = self._waiting.pop(asked.get("code", ""), None)
        if not self._is_client(asked):
            return 401, {"error": "invalid_client"}
        if waiting is None or waiting["redirect_uri"] != asked.get("redirect_uri"):
            return 400, {"error": "invalid_grant"}
        if challenge := waiting.get("code_challenge"):
            digest = hashlib.sha256(asked.get("code_verifier", "").encode()).digest()
            if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != challenge:
                return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {
            "iss": self.address,
            "aud": CLIENT,
            "sub": waiting["user"],
            "iat": now,
            "exp": now + 300,
            "nonce": waiting.get("nonce", ""),
        }
        token = jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": "1"})
        access = secrets.token_urlsafe(32)
        self.tokens += [token, access]
        return 200, {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": 300,
            "id_token": token,
        }

    def _is_client(self, asked: dict[str, str]) -> bool:
        basic = self._server.headers.get("Authorization", "").removeprefix("Basic ")
        name, _, word = base64.b64decode(basic).decode().partition(":")
        if not basic:
            name, word = asked.get("client_id", ""), asked.get("client_secret", "")
        return name == CLIENT and hmac.compare_digest(unquote(word), self.client_secret)

    def close(self) -> None:
        """Stop it."""
        self._server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def let_in(
    openbao: OpenBao,
    provider: Provider,
    *redirects: str,
    policies: tuple[str, ...] = (roles.USER_POLICY,),
    subject: str = "",
) -> None:
    """Make OpenBao trust the provider, and write the role ``jupyter`` for its people.

    Args:
        redirects: where browsers may come back to.
        policies: of the login token.
        subject: the only one whom the role lets in; empty for all.
    """
    mount = openbao.enable_auth("oidc")
    openbao.root.write_data(
        f"auth/{mount}/config",
        data={
            "oidc_discovery_url": provider.address,
            "oidc_client_id": CLIENT,
            "oidc_client_secret": provider.client_secret,
        },
    )
    openbao.root.write_data(
        f"auth/{mount}/role/jupyter",
        data={
            "role_type": "oidc",
            "user_claim": "sub",
            "allowed_redirect_uris": list(redirects),
            "token_policies": list(policies),
            "token_ttl": "2m",
            "token_max_ttl": "2m",
            "bound_subject": subject,
        },
    )


def by_person(server: JupyterServer, openbao: OpenBao) -> None:
    """Let a server that was set up have its people log in, by the role ``jupyter``."""
    file = server.config_dir / "jupyter_qcred_config.json"
    config = json.loads(file.read_text())
    config["VaultIssuer"] = {
        "address": openbao.address,
        "auth_method": "oidc",
        "auth_role": "jupyter",
    }
    file.write_text(json.dumps(config))


def _flat(query: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(query).items()}


def answer_of(location: str) -> dict[str, str]:
    """Return what stands in the query of an address to which somebody is sent."""
    return _flat(urlsplit(location).query)

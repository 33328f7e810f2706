"""From a profile's source to a credential: how each kind is read, and which field is the secret."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.core.errors import ConfigError, NotStoredError, QcredError
from jupyter_qcred.core.secret import Secret
from jupyter_qcred.issue.exchange.run import exchanged
from jupyter_qcred.issue.issuer import IssuedCredential
from jupyter_qcred.issue.masked import Masked
from jupyter_qcred.issue.profile import ExchangeSource, SourceKind
from jupyter_qcred.issue.vault import problems, revocation
from jupyter_qcred.issue.vault.call import Call

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jupyter_qcred.issue.profile import Profile
    from jupyter_qcred.issue.vault.call import Answer
    from jupyter_qcred.issue.vault.client import VaultClient

_MAIN_ORDER: Final = ("value", "token", "api_key", "password")
_ANY: Final = "*"
"""As a profile's main: whoever asked picks the fields by their names."""


def read(client: VaultClient, session: Secret, profile: Profile) -> IssuedCredential:
    """Return the credential of a profile.

    Raises:
        NotStoredError: the source is empty.
        ConfigError: the source does not fit the profile.
        QcredError: the issuer refused or failed.
    """
    return _READERS[profile.source.kind](client, session, profile)


# ---- key-value stores: a static key, which only its vendor can invalidate -----------------------


def _kv1(client: VaultClient, session: Secret, profile: Profile) -> IssuedCredential:
    call = _reading(profile, profile.source.path)
    answer = client.send(call, token=session)
    if answer.status == 404 and "versioned" in str(answer.body.get("warnings")):
        raise ConfigError(
            f"`{call.path}` is in a KV engine of version 2",
            next_step="Set the source's kind to kv2 and its mount",
            credential=profile.name,
        )
    return _static(_stored(client, answer, call, session, profile).section("data"), profile)


def _kv2(client: VaultClient, session: Secret, profile: Profile) -> IssuedCredential:
    mount, path = profile.source.mount.strip("/"), profile.source.path
    if not mount or not path.startswith(f"{mount}/"):
        raise ConfigError(
            f"the path `{path}` of {profile.name} does not start with its mount `{mount}`",
            next_step="Write path as mount/name, without data/, and mount as the engine's mount",
            credential=profile.name,
        )
    call = _reading(profile, f"{mount}/data/{path.removeprefix(mount + '/')}")
    body = _stored(client, client.send(call, token=session), call, session, profile)
    return _static(body.section("data").section("data"), profile)


def _reading(profile: Profile, path: str) -> Call:
    return Call(f"reading {profile.name}", "GET", path, changes=False, credential=profile.name)


def _stored(
    client: VaultClient, answer: Answer, call: Call, session: Secret, profile: Profile
) -> Masked:
    if answer.ok:
        return answer.body
    # A missing mount has words in its error list; a missing or deleted secret has none.
    if answer.status == 404 and answer.valid and not answer.errors:
        raise _not_stored(profile, call.path)
    raise client.problem(answer, call, session)


def _not_stored(profile: Profile, path: str) -> NotStoredError:
    # A built-in profile reads the user's own store; another's key is stored by somebody else,
    # where `put` would only refuse.
    step = f"Store the key there, for example with `jupyter qcred put {profile.name}`"
    if not profile.builtin:
        step = "Have the key stored there; `jupyter qcred doctor sources` prints the command"
    return NotStoredError(
        f"nothing is stored for {profile.name} at `{path}`",
        next_step=step,
        credential=profile.name,
    )


def _static(data: Masked, profile: Profile) -> IssuedCredential:
    if not data:
        raise _not_stored(profile, profile.source.path)
    for name, kind in {name: _json_kind(value) for name, value in data.items()}.items():
        if kind != "a text":
            raise ConfigError(
                f"field `{name}` of {profile.name} is not a text but {kind}",
                next_step="Store it as a text; for a JSON document, as one text field",
                credential=profile.name,
            )
    return _credential(Masked((name, _typed(text)) for name, text in data.items()), {}, profile)


def _typed(text: str) -> str:
    """Return a stored text without the line end behind it: `bao kv put … value=-` keeps Enter."""
    line = text.rstrip("\r\n")
    return text if "\n" in line else line


def _json_kind(value: object) -> str:
    names = {str: "a text", bool: "a boolean", int: "a number", float: "a number", list: "a list"}
    return "empty" if value is None else names.get(type(value), "a map")


# ---- dynamic engines: a lease that Vault ends ---------------------------------------------------


def _dynamic(client: VaultClient, session: Secret, profile: Profile) -> IssuedCredential:
    body = _parameters(profile)
    call = Call(
        f"issuing {profile.name}",
        "POST" if body else "GET",
        profile.source.path,
        changes=True,
        credential=profile.name,
    )
    answer = client.request(call, token=session, body=body)
    lease = str(answer.get("lease_id") or "")
    try:
        return _leased(answer, lease, profile)
    except QcredError:
        if lease:  # nobody will ever use it
            with suppress(QcredError):
                revocation.revoke_lease(client, session, lease)
        raise


def _parameters(profile: Profile) -> dict[str, str] | None:
    given = dict(profile.source.parameters)
    if given and profile.ttl is not None:
        given.setdefault("ttl", f"{int(profile.ttl)}s")
    return given or None


def _leased(answer: Masked, lease: str, profile: Profile) -> IssuedCredential:
    auth = answer.section("auth")
    if auth.has_text("client_token"):
        return _token(auth)
    data = answer.section("data")
    if not data:
        raise ConfigError(
            f"`{profile.source.path}` answers without credential fields",
            next_step="Check the kind and the path of the source",
            credential=profile.name,
        )
    texts = Masked((name, v) for name, v in data.items() if isinstance(v, str) and v)
    # A number or a boolean beside the credential tells about it (ttl, expiry); redacting each
    # `3600` of a notebook would help nobody.
    facts = {name: str(v) for name, v in data.items() if isinstance(v, int | float)}
    return _credential(
        texts,
        facts,
        profile,
        lease=lease,
        ttl=_seconds(answer.get("lease_duration")) if lease else _own_ttl(data),
        renewable=bool(lease) and answer.get("renewable") is True,
        # AWS STS: the lease ends in Vault, the session token lives on in AWS.
        revocable=bool(lease) and not data.get("security_token"),
    )


def _token(auth: Masked) -> IssuedCredential:
    """Return a token of Vault's own as a credential: a child dies with its session, no orphan does.

    It brings no lease of its own.
    """
    return IssuedCredential(
        values={"token": Secret(auth["client_token"])},
        public={"accessor": str(auth.get("accessor", ""))},
        main="token",
        upstream_lease=None,
        ttl=_seconds(auth.get("lease_duration")),
        renewable=False,
        revocable=auth.get("orphan") is False,
    )


def _own_ttl(data: Mapping[str, Any]) -> float | None:
    return _seconds(data.get("ttl")) or _seconds(data.get("token_ttl"))


def _seconds(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
        return float(value)
    return None


# ---- workload identity --------------------------------------------------------------------------


def _oidc(client: VaultClient, session: Secret, profile: Profile) -> IssuedCredential:
    call = Call(
        f"signing {profile.name}", "GET", profile.source.path, changes=False,
        credential=profile.name,
    )  # fmt: skip
    answer = client.send(call, token=session)
    if answer.says("no entity"):
        raise ConfigError(
            f"the session has no entity, which {profile.name} would vouch for",
            next_step="Set VaultIssuer.entity_alias, and allowed_entity_aliases on the role of the "
            "server token",
            credential=profile.name,
        )
    if not answer.ok:
        raise client.problem(answer, call, session)
    data = answer.body.section("data")
    if not data.has_text("token"):
        raise problems.unexpected("a signed token", call, client.issuer)
    public = {"client_id": str(data["client_id"])} if data.get("client_id") else {}
    return IssuedCredential(
        values={"token": Secret(data["token"])},
        public=public,
        main="token",
        upstream_lease=None,
        ttl=_seconds(data.get("ttl")),
        renewable=False,
        revocable=False,
    )


# ---- vendors' exchanges: what is read here stays here -------------------------------------------


def _exchange(client: VaultClient, session: Secret, profile: Profile) -> IssuedCredential:
    source = profile.source
    assert isinstance(source, ExchangeSource)
    found = read(client, session, replace(profile, source=source.origin, main=_ANY))
    try:
        return exchanged(profile, source, found)
    finally:
        if found.upstream_lease is not None:  # its use is over
            with suppress(QcredError):
                revocation.revoke_lease(client, session, found.upstream_lease)


# ---- fields -------------------------------------------------------------------------------------


def _credential(
    texts: Mapping[str, str],
    facts: Mapping[str, str],
    profile: Profile,
    *,
    lease: str = "",
    ttl: float | None = None,
    renewable: bool = False,
    revocable: bool = False,
) -> IssuedCredential:
    values = {name: Secret(text) for name, text in texts.items() if name not in profile.public}
    public = {name: text for name, text in texts.items() if name in profile.public}
    return IssuedCredential(
        values=values,
        public={**facts, **public},
        main=_main(values, profile),
        upstream_lease=lease or None,
        ttl=ttl,
        renewable=renewable,
        revocable=revocable,
    )


def _main(values: Mapping[str, Secret], profile: Profile) -> str:
    if profile.main == _ANY:
        candidates = [name for name in values if values[name]] or list(values)
    elif profile.main:
        candidates = [profile.main] if profile.main in values else []
    elif len(values) == 1:
        candidates = list(values)
    else:
        candidates = [name for name in _MAIN_ORDER if name in values]
    if not candidates:
        there = ", ".join(f"`{name}`" for name in sorted(values)) or "none"
        named = profile.main and profile.main != _ANY
        wanted = f"no secret field `{profile.main}`" if named else "no obvious secret field"
        raise ConfigError(
            f"{profile.name} has {wanted}; its secret fields: {there}",
            next_step="Set the profile's main to the field that is the credential",
            credential=profile.name,
        )
    if not values[candidates[0]]:
        raise _not_stored(profile, profile.source.path)
    return candidates[0]


_READERS: Final[Mapping[SourceKind, Callable[[VaultClient, Secret, Profile], IssuedCredential]]] = {
    SourceKind.KV1: _kv1,
    SourceKind.KV2: _kv2,
    SourceKind.DYNAMIC: _dynamic,
    SourceKind.OIDC: _oidc,
    SourceKind.EXCHANGE: _exchange,
}

"""What every issuer can do, and the values that pass through it.

An issuer is plain blocking code: whoever calls it brings the thread. It keeps no record of what it
issued (that is the caller's, with a journal), so that one issuer serves any number of sessions. All
failures are ``jupyter_qcred.core.errors``; none carries a response body.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_qcred.core.lease import Accessor, Outcome
    from jupyter_qcred.core.secret import Secret
    from jupyter_qcred.issue.profile import Profile


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token of the issuer's own: a server token or a session token.

    Attributes:
        token: the token itself; stays in the server process.
        accessor: non-secret handle, goes to the journal and the audit.
        ttl: seconds it lives unless renewed.
        renewable: whether ``renew_token`` can extend it.
        narrowed: the read-back check found only the role's policies. False when identity policies
            of the user widen it; None where there is no token of its own (lease-only fallback).
        policies: names, for the audit.
        own: revoking it ends what was issued below. False in the lease-only fallback, where it is
            the login token that everything of this user shares.
    """

    token: Secret
    accessor: Accessor
    ttl: float
    renewable: bool
    narrowed: bool | None
    policies: tuple[str, ...] = ()
    own: bool = True


@dataclass(frozen=True, slots=True)
class IssuedCredential:
    """What a source gave for one profile.

    Attributes:
        values: secret fields by name.
        public: fields that are no secret (region, username), by the profile.
        main: name of the field that is the credential itself, a key of ``values``.
        upstream_lease: Vault's lease id where there is one; not secret, yet not for users.
        ttl: seconds the value lives; None for a static key.
        renewable: the same value can be extended with ``renew_lease``.
        revocable: the upstream invalidates it when its lease or session token is revoked.
    """

    values: Mapping[str, Secret]
    public: Mapping[str, str]
    main: str
    upstream_lease: str | None
    ttl: float | None
    renewable: bool
    revocable: bool


@dataclass(frozen=True, slots=True)
class ServerRequest:
    """Whose server token it is; all of it goes to the token's metadata, none is secret."""

    intent: str
    user: str
    server: str


@dataclass(frozen=True, slots=True)
class SessionRequest:
    """What a session token is for; all of it goes to the token's metadata, none is secret."""

    intent: str
    user: str
    server: str
    kernel: str
    labels: Mapping[str, str] = field(default_factory=dict)


class Issuer(Protocol):
    """One upstream. Methods block; safe to call from several threads at once."""

    def describe(self) -> str:
        """A few words for messages, such as ``OpenBao at https://bao.example:8200``."""
        ...

    def open_server(self, request: ServerRequest | None = None) -> IssuedToken:
        """Log in and obtain the server token, parent of all session tokens of this process.

        Args:
            request: whose it is, so that an operator can find it; None: that is not said.
        """
        ...

    def open_session(self, server: IssuedToken, request: SessionRequest) -> IssuedToken:
        """Obtain the session token of one kernel launch, a child of ``server``."""
        ...

    def issue(self, session: IssuedToken, profile: Profile) -> IssuedCredential:
        """Obtain the vendor credential of a profile with the session token."""
        ...

    def renew_token(self, token: IssuedToken) -> float:
        """Extend a token by itself; return its new TTL in seconds."""
        ...

    def renew_lease(self, session: IssuedToken, upstream_lease: str) -> float:
        """Extend a vendor lease; return its new TTL in seconds."""
        ...

    def revoke_lease(self, session: IssuedToken, upstream_lease: str) -> Outcome:
        """Invalidate one vendor lease."""
        ...

    def revoke_token(self, token: IssuedToken) -> Outcome:
        """Invalidate a token by itself, and with it everything below."""
        ...

    def revoke_accessor(self, by: IssuedToken, accessor: Accessor) -> Outcome:
        """Invalidate another token by its accessor, where granted; UNSUPPORTED where not."""
        ...

    def token_alive(self, token: IssuedToken) -> bool:
        """Whether a token still works, asked with the token itself."""
        ...

    def lease_alive(self, by: IssuedToken, upstream_lease: str) -> bool | None:
        """Whether a lease is still there; None where ``by`` may not ask."""
        ...

    def close(self) -> None:
        """Drop connections. Tokens live on."""
        ...

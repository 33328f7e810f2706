"""The issuer for HashiCorp Vault and OpenBao."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_qcred.core.lease import Outcome
from jupyter_qcred.issue.vault import life, oidc, renewal, revocation, sources, tree
from jupyter_qcred.issue.vault.client import VaultClient
from jupyter_qcred.issue.vault.settings import VaultSettings

if TYPE_CHECKING:
    from jupyter_qcred.core.lease import Accessor, Outcome
    from jupyter_qcred.core.secret import Secret
    from jupyter_qcred.issue.issuer import (
        IssuedCredential,
        IssuedToken,
        ServerRequest,
        SessionRequest,
    )
    from jupyter_qcred.issue.person import Invitation
    from jupyter_qcred.issue.profile import Profile


class VaultIssuer(VaultSettings):
    """Issues from one Vault or OpenBao; implements ``jupyter_qcred.issue.issuer.Issuer``.

    By ``auth_method=oidc`` people log in: ``jupyter_qcred.issue.person.PersonIssuer``.
    ``LeaseExpiredError`` from any method means that the token it was called with is dead: open the
    server or the session anew. ``NeedsLoginError`` comes from a login alone, and means that none is
    possible without a person.

    Raises:
        ConfigError: a setting is missing or contradicts another.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._identity = self.identity()
        self._client = VaultClient(self.endpoint())
        self._roles = tree.TreeRoles(
            server=self.server_role,
            kernel=self.kernel_role,
            entity_alias=self.entity_alias,
            lease_only=self.lease_only == "auto",
        )

    def describe(self) -> str:
        """The issuer's address in words."""
        return self._client.issuer

    def open_server(self, request: ServerRequest | None = None) -> IssuedToken:
        """Log in and obtain the server token; in lease-only mode it is the login token itself.

        A login that is the server token has the metadata of its auth method, not of ``request``.
        """
        return tree.open_server(self._client, self._identity, self._roles, self.log, request)

    def invite(self, redirect_uri: str) -> Invitation:
        """Begin a login by a person; the setting ``redirect_uri`` goes before the argument."""
        return oidc.invite(self._client, self._identity, self.redirect_uri or redirect_uri)

    def open_server_by(
        self, invitation: Invitation, code: Secret, request: ServerRequest | None = None
    ) -> IssuedToken:
        """Finish a login by a person, and obtain the server token."""
        login = oidc.finish(self._client, self._identity, invitation, code)
        return tree.open_server_with(self._client, login, self._roles, self.log, request)

    def open_session(self, server: IssuedToken, request: SessionRequest) -> IssuedToken:
        """Obtain a session token; in lease-only mode it is the login token itself."""
        return tree.open_session(self._client, server, request, self._roles)

    def issue(self, session: IssuedToken, profile: Profile) -> IssuedCredential:
        """Read the profile's source with the session token."""
        return sources.read(self._client, session.token, profile)

    def renew_token(self, token: IssuedToken) -> float:
        """Extend a token by itself; return its new TTL in seconds."""
        return renewal.renew_token(self._client, token.token)

    def renew_lease(self, session: IssuedToken, upstream_lease: str) -> float:
        """Extend a vendor lease; return its new TTL in seconds."""
        return renewal.renew_lease(self._client, session.token, upstream_lease)

    def revoke_lease(self, session: IssuedToken, upstream_lease: str) -> Outcome:
        """Invalidate one vendor lease, and wait until its engine has done so.

        ``session`` may be the server token as well: it outlives the session, whose end only queues
        the end of its leases.
        """
        return revocation.revoke_lease(self._client, session.token, upstream_lease)

    def revoke_token(self, token: IssuedToken) -> Outcome:
        """Invalidate a token by itself, and with it every token below.

        CONFIRMED speaks of tokens. Vault ends their leases by itself a moment later, or much later
        where an engine is down; ``revoke_lease`` makes sure of it.
        """
        return revocation.revoke_token(self._client, token)

    def revoke_accessor(self, by: IssuedToken, accessor: Accessor) -> Outcome:
        """Invalidate another token by its accessor."""
        return revocation.revoke_accessor(self._client, by.token, accessor)

    def token_alive(self, token: IssuedToken) -> bool:
        """Whether a token still works, asked with the token itself."""
        return self._client.alive(token.token)

    def lease_alive(self, by: IssuedToken, upstream_lease: str) -> bool | None:
        """Whether a lease is still there; None where ``by`` may not ask (``sys/leases/lookup``)."""
        return life.lease_alive(self._client, by.token, upstream_lease)

    def close(self) -> None:
        """Drop the pooled connections; tokens live on."""
        self._client.close()

"""The issuer, asked as a Jupyter server of this user would ask it; each question once.

What is obtained for it is given back at the end: the session token, the server token, and the login
where it was made for this.
"""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast

from traitlets import TraitError

from jupyter_qcred.core.errors import ConfigError, QcredError
from jupyter_qcred.deliver.catalogue import Catalogue
from jupyter_qcred.deliver.service import CredentialService
from jupyter_qcred.issue.embedded.openbao import EmbeddedOpenBao
from jupyter_qcred.issue.issuer import ServerRequest, SessionRequest
from jupyter_qcred.issue.supply import IssuerSupply
from jupyter_qcred.issue.vault import auth, revocation, tree
from jupyter_qcred.issue.vault.call import Call
from jupyter_qcred.issue.vault.client import VaultClient

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_qcred.core.secret import Secret
    from jupyter_qcred.issue.issuer import IssuedToken
    from jupyter_qcred.issue.profile import Profile
    from jupyter_qcred.issue.vault.auth import Identity, Login
    from jupyter_qcred.issue.vault.call import Answer
    from jupyter_qcred.issue.vault.issuer import VaultIssuer

    from .site import Site

T = TypeVar("T")

_NAME: Final = "doctor"
"""As server, kernel and intent in the issuer's own log: whoever reads it knows who it was."""


class _Once(Generic[T]):
    """Makes a value at first use, and remembers a failure like a value."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: list[T] = []
        self._error: QcredError | None = None

    def __call__(self) -> T:
        if self._error is not None:
            raise self._error
        if not self._made:
            try:
                self._made.append(self._make())
            except QcredError as error:
                self._error = error
                raise
        return self._made[0]

    @property
    def made(self) -> T | None:
        """The value, if there is one."""
        return self._made[0] if self._made else None


class Visit:
    """One visit. Its methods block, and raise the ``QcredError`` of what they need first.

    Attributes:
        embedded: it is the user's own OpenBao.
        by_person: nothing but a person's browser can log in.
    """

    def __init__(self, site: Site) -> None:
        self._service = CredentialService(config=site.config)
        self._supply = IssuerSupply(self._service)
        self.embedded = self._supply.embedded
        self.by_person = bool(self._supply.login_mount)
        self.settings = _Once(self._settings)
        self.client = _Once(lambda: VaultClient(self.settings().endpoint()))
        self.login = _Once(self._login)
        self.server = _Once(self._server)
        self.session = _Once(self._session)
        self.profiles = _Once(self._profiles)

    def _settings(self) -> VaultIssuer:
        return cast("VaultIssuer", self._supply.issuer())

    def empty(self) -> bool:
        """Whether it is the embedded OpenBao, and nobody has stored anything yet."""
        if not self.embedded:
            return False
        try:
            embedded: EmbeddedOpenBao = EmbeddedOpenBao(parent=self._service)
        except TraitError as error:
            raise ConfigError(str(error)) from None
        return not embedded.initialised()

    def stored(self) -> list[str]:
        """Names in the embedded OpenBao."""
        return EmbeddedOpenBao(parent=self._service).stored()

    def health(self) -> tuple[Answer, float]:
        """Return the issuer's word about itself, and our clock in the middle of the question."""
        call = Call("asking for its health", "GET", "sys/health", changes=False)
        before = time.time()
        answer = self.client().send(call, token=None)
        return answer, (before + time.time()) / 2

    def identity(self) -> Identity:
        """Return who logs in."""
        return self.settings().identity()

    def _login(self) -> Login:
        return auth.log_in(self.client(), self.identity())

    def _server(self) -> IssuedToken:
        settings = self.settings()
        identity = self.identity()
        if settings.server_role:
            # The login that there is, for a second one may be one too many.
            identity = replace(identity, method="token", token=self.login().token)
        request = ServerRequest(intent=_NAME, user=self._service.user, server=_NAME)
        return tree.open_server(self.client(), identity, self._roles(), _silent(), request)

    def _roles(self) -> tree.TreeRoles:
        settings = self.settings()
        return tree.TreeRoles(
            settings.server_role, settings.kernel_role, settings.entity_alias, lease_only=False
        )

    def _session(self) -> IssuedToken:
        return self._open_session(self.server())

    def another_session(self) -> IssuedToken:
        """Return a second session token; the caller gives it back."""
        return self._open_session(self.server())

    def _open_session(self, server: IssuedToken) -> IssuedToken:
        request = SessionRequest(
            intent=_NAME, user=self._service.user, server=_NAME, kernel=_NAME, labels={}
        )
        return tree.open_session(self.client(), server, request, self._roles())

    def _profiles(self) -> dict[str, Profile]:
        return Catalogue(self._service, self._supply).profiles()

    def refuses(self, token: Secret, call: Call, body: dict[str, Any] | None = None) -> bool:
        """Whether a living token lacks the right to a call.

        Raises:
            QcredError: the issuer failed, or the token is dead.
        """
        answer = self.client().send(call, token=token, body=body)
        if answer.status != 403:
            return False
        problem = self.client().problem(answer, call, token)
        return problem.code == "not_entitled"

    def give_back(self, token: IssuedToken) -> None:
        """Revoke a token, best effort: it dies with its parent, or by its period."""
        revocation.drop(self.client(), token.token)

    def close(self) -> None:
        """Give back what was obtained, and let go of the issuer."""
        client = self.client.made
        if client is not None:
            for token in (self.session.made, self.server.made):
                if token is not None and token.own:
                    revocation.drop(client, token.token)
            login = self.login.made
            if login is not None and login.ours:
                revocation.drop(client, login.token)
            client.close()
        self._supply.close()


def _silent() -> logging.Logger:
    """What it would log, a check says."""
    log = logging.getLogger("jupyter_qcred.doctor")
    log.propagate = False
    log.addHandler(logging.NullHandler())
    return log

"""An issuer behind its breakers: one for the whole, one for each source.

An engine whose database is down answers 5xx for its own credentials, and must not keep the others
from being issued. So such an answer about a credential counts against its source, and all other
failures against the issuer.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TypeVar

from jupyter_qcred.core.errors import ConfigError, IssuerBrokenError, IssuerError, QcredError
from jupyter_qcred.core.lease import Outcome
from jupyter_qcred.issue.breaker import Breaker
from jupyter_qcred.issue.exchange.failures import BEYOND_THE_ISSUER
from jupyter_qcred.issue.person import PersonIssuer
from jupyter_qcred.issue.profile_settings import with_settings

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable

    from jupyter_qcred.core.clock import Clock
    from jupyter_qcred.core.lease import Accessor
    from jupyter_qcred.core.secret import Secret
    from jupyter_qcred.issue.issuer import (
        IssuedCredential,
        IssuedToken,
        Issuer,
        ServerRequest,
        SessionRequest,
    )
    from jupyter_qcred.issue.person import Invitation
    from jupyter_qcred.issue.profile import Profile

    OnRequest = Callable[[str, float, "QcredError | None"], None]

T = TypeVar("T")


class GuardedIssuer:
    """Implements ``jupyter_qcred.issue.issuer.Issuer`` on another one, which is made at first use.

    Args:
        issuer: makes or returns it.
        name: what messages call it.
        clock: for waits and durations.
        log: hears when it goes away and comes back.
        on_request: told of each request that was really made; must not block or raise.

    Revocations are made whether the issuer is known to be away or not: they are owed, have waits
    of their own, and what they hear is heard by all.

    Attributes:
        whole: the breaker of the issuer itself.
    """

    def __init__(
        self,
        issuer: Callable[[], Issuer],
        name: Callable[[], str],
        clock: Clock,
        log: logging.Logger,
        on_request: OnRequest | None = None,
    ) -> None:
        self._issuer = issuer
        self._on_request = on_request
        self._name = name
        self._clock = clock
        self._log = log
        self.whole = Breaker(name, clock, log)
        self._sources: dict[str, Breaker] = {}
        self._lock = threading.Lock()

    def describe(self) -> str:
        """A few words for messages."""
        return self._issuer().describe()

    def _timed(self, operation: str, ask: Callable[[Issuer], T]) -> Callable[[], T]:
        """Return a request that tells how long it took, and how it failed."""

        def call() -> T:
            issuer, asked = self._issuer(), self._clock.now()
            failure: QcredError | None = None
            try:
                return ask(issuer)
            except QcredError as error:
                failure = error
                raise
            finally:
                if self._on_request is not None:
                    self._on_request(operation, self._clock.now() - asked, failure)

        return call

    def open_server(self, request: ServerRequest | None = None) -> IssuedToken:
        """Log in and obtain the server token."""
        return self.whole.run(
            "logging in", self._timed("open_server", lambda made: made.open_server(request))
        )

    def invite(self, redirect_uri: str) -> Invitation:
        """Begin a login by a person.

        Raises:
            ConfigError: no person can log in at this issuer.
        """
        return self.whole.run(
            "logging in",
            self._timed("invite", lambda made: _for_people(made).invite(redirect_uri)),
            always=True,
        )

    def open_server_by(
        self, invitation: Invitation, code: Secret, request: ServerRequest | None = None
    ) -> IssuedToken:
        """Finish a login by a person, who waits: also while the issuer is known to be away."""
        return self.whole.run(
            "logging in",
            self._timed(
                "open_server_by",
                lambda made: _for_people(made).open_server_by(invitation, code, request),
            ),
            always=True,
        )

    def open_session(self, server: IssuedToken, request: SessionRequest) -> IssuedToken:
        """Obtain the session token of one kernel launch."""
        return self.whole.run(
            "opening sessions",
            self._timed("open_session", lambda made: made.open_session(server, request)),
        )

    def issue(self, session: IssuedToken, profile: Profile) -> IssuedCredential:
        """Obtain the vendor credential of a profile with the session token."""
        what = f"issuing {profile.name}"
        source = self._source(profile.name)

        def ask() -> IssuedCredential:
            call = self._timed("issue", lambda made: made.issue(session, profile))
            return source.run(what, call, only=BEYOND_THE_ISSUER)

        try:
            issued = self.whole.run(what, ask, but=BEYOND_THE_ISSUER)
        except IssuerError as error:
            error.credential = profile.name  # a refusal of ours knows no name
            raise
        return with_settings(issued, profile)

    def _source(self, name: str) -> Breaker:
        with self._lock:
            if name not in self._sources:
                self._sources[name] = Breaker(
                    lambda: f"{self._name()}, the source of {name},", self._clock, self._log
                )
            return self._sources[name]

    def renew_token(self, token: IssuedToken) -> float:
        """Extend a token by itself; return its new TTL in seconds."""
        return self.whole.run(
            "renewing tokens",
            self._timed("renew_token", lambda made: made.renew_token(token)),
        )

    def beat(self, token: IssuedToken) -> float:
        """Extend the server token, also while the issuer is known to be away: all hang on it."""
        return self.whole.run(
            "the heartbeat",
            self._timed("beat", lambda made: made.renew_token(token)),
            always=True,
        )

    def renew_lease(self, session: IssuedToken, upstream_lease: str) -> float:
        """Extend a vendor lease; return its new TTL in seconds."""
        return self.whole.run(
            "renewing leases",
            self._timed("renew_lease", lambda made: made.renew_lease(session, upstream_lease)),
            but=IssuerBrokenError,
        )

    def revoke_lease(self, session: IssuedToken, upstream_lease: str) -> Outcome:
        """Invalidate one vendor lease."""
        return self.whole.run(
            "revoking",
            self._timed("revoke_lease", lambda made: made.revoke_lease(session, upstream_lease)),
            always=True,
            proves=_carried_out,
        )

    def revoke_token(self, token: IssuedToken) -> Outcome:
        """Invalidate a token by itself, and with it everything below."""
        return self.whole.run(
            "revoking",
            self._timed("revoke_token", lambda made: made.revoke_token(token)),
            always=True,
            proves=_carried_out,
        )

    def revoke_accessor(self, by: IssuedToken, accessor: Accessor) -> Outcome:
        """Invalidate another token by its accessor, where granted; UNSUPPORTED where not."""
        return self.whole.run(
            "revoking",
            self._timed("revoke_accessor", lambda made: made.revoke_accessor(by, accessor)),
            always=True,
            proves=_carried_out,
        )

    def token_alive(self, token: IssuedToken) -> bool:
        """Whether a token still works."""
        return self.whole.run(
            "probing", self._timed("token_alive", lambda made: made.token_alive(token))
        )

    def lease_alive(self, by: IssuedToken, upstream_lease: str) -> bool | None:
        """Whether a lease is still there; None where that may not be asked."""
        return self.whole.run(
            "probing",
            self._timed("lease_alive", lambda made: made.lease_alive(by, upstream_lease)),
        )

    def close(self) -> None:
        """Nothing: whoever made the issuer closes it."""


def _for_people(issuer: Issuer) -> PersonIssuer:
    if not isinstance(issuer, PersonIssuer):
        raise ConfigError(f"nobody can log in at {issuer.describe()} by a browser")
    return issuer


def _carried_out(outcome: Outcome) -> bool:
    return outcome is not Outcome.FAILED

"""The session token of one kernel launch: opened once it is needed, renewed, owed at the end."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from jupyter_qcred.core.errors import IssuerError, LeaseExpiredError, QcredError
from jupyter_qcred.issue.issuer import SessionRequest
from jupyter_qcred.revoke.journal import new_intent
from jupyter_qcred.revoke.revoker import Debt

if TYPE_CHECKING:
    from jupyter_qcred.core.lease import IntentId
    from jupyter_qcred.issue.issuer import IssuedToken
    from jupyter_qcred.revoke.revoker import Settled

    from .shared import Holder, Shared


class SessionToken:
    """Keeps at most one live token. Runs on the engine's loop.

    A token whose answer arrives after ``end()`` is owed at once: nothing here is cancelled while a
    request is under way, so that no token is ever issued and forgotten.
    """

    def __init__(self, shared: Shared, holder: Holder) -> None:
        self._shared = shared
        self._holder = holder
        self._opening = asyncio.Lock()
        self._token: IssuedToken | None = None
        self._parent: IssuedToken | None = None
        self._ended = False
        self.intent: IntentId | None = None
        self.expires_at = 0.0
        self.due = float("inf")

    def current(self) -> IssuedToken | None:
        """Return the token if it and its parent are alive by our clock."""
        if self._token is None:
            return None
        alive = self._shared.clock.now() < self.expires_at
        return (
            self._token if alive and self._parent is self._shared.server_token.current() else None
        )

    def newest(self) -> IssuedToken | None:
        """Return what is held, even if it has died upstream meanwhile."""
        return self._token

    async def get(self) -> IssuedToken:
        """Return the live token, opening one if there is none.

        Raises:
            LeaseExpiredError: the kernel has ended.
            QcredError: the issuer's refusal or failure.
        """
        async with self._opening:
            token = self.current()
            if token is not None:
                return token
            self._owe()
            return await self._open()

    async def _open(self) -> IssuedToken:
        shared, holder = self._shared, self._holder
        server = await shared.server_token.get()
        parent = shared.server_token.intent
        intent = new_intent()
        request = SessionRequest(
            intent=intent, user=holder.user, server=holder.server, kernel=holder.kernel
        )

        def open_() -> IssuedToken:
            issuer = shared.issuer()
            shared.journal.intend(
                intent, kind="session", issuer=issuer.describe(), parent=parent, bound=server.ttl
            )
            token = issuer.open_session(server, request)
            shared.journal.issued(intent, token.accessor, token.ttl)
            return token

        try:
            token = await shared.workers.run(open_)
        except LeaseExpiredError:
            shared.journal.closed(intent, "not issued")
            shared.server_token.found_dead(server)
            raise
        except QcredError as error:
            # Where the answer was lost a token may exist: the intent stays open, and the parent's
            # end is its end.
            if not (isinstance(error, IssuerError) and error.ambiguous):
                shared.journal.closed(intent, "not issued")
            raise
        self._token, self._parent, self.intent = token, server, intent
        self._lives(token.ttl)
        shared.trail.session_opened(holder, intent, token)
        if self._ended:
            self._owe()
            raise LeaseExpiredError("The kernel ended while its credentials were being issued")
        return token

    async def renew(self) -> bool:
        """Extend the token; False when the issuer won't, and a new one is needed.

        Raises:
            QcredError: it can be tried again later.
        """
        token, intent = self._token, self.intent
        if token is None or intent is None:
            return False
        try:
            ttl = await self._shared.workers.run(partial(self._shared.issuer().renew_token, token))
        except IssuerError as error:
            if error.retryable:
                raise
            return False
        except QcredError:
            return False
        self._lives(ttl)
        self._shared.journal.renewed(intent, ttl)
        return True

    def retry_in(self, seconds: float) -> None:
        """Put the next renewal off."""
        self.due = self._shared.clock.now() + seconds

    def end(self, leases: tuple[str, ...]) -> None:
        """The kernel has ended: owe the revocation. May be called twice.

        Args:
            leases: Vault's ids of the leases that hang on the token.
        """
        self._ended = True
        self._owe(leases)

    def replace(self, leases: tuple[str, ...] = ()) -> asyncio.Future[Settled] | None:
        """Owe what is there; the next ``get`` opens a new one.

        Also right for a token that the issuer calls dead: revoking it again confirms that.

        Returns:
            What tells how the revocation was settled; None where there was no token.
        """
        return self._owe(leases)

    def _lives(self, ttl: float) -> None:
        now = self._shared.clock.now()
        self.expires_at = now + ttl
        # A third of the life is left for retries.
        self.due = now + ttl * 2 / 3

    def _owe(self, leases: tuple[str, ...] = ()) -> asyncio.Future[Settled] | None:
        token, intent = self._token, self.intent
        self._token = self._parent = None
        self.due = float("inf")
        if token is None or intent is None:
            return None
        debt = Debt(intent=intent, token=token, bound=self.expires_at, leases=leases)
        return self._shared.revoker.owe(debt)

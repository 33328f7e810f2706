"""The session token of one kernel launch: opened once it is needed, renewed, owed at the end.

A token has a last moment that no renewal can pass: the explicit maximum of its role. It is known
when a renewal gives less than the one before. Then a successor is opened while it lives, and what
was issued below it moves over before it is revoked.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from jupyter_qcred.core.backoff import renewal_in
from jupyter_qcred.core.errors import IssuerError, LeaseExpiredError, QcredError
from jupyter_qcred.issue.issuer import SessionRequest
from jupyter_qcred.revoke.journal import new_intent
from jupyter_qcred.revoke.revoker import Debt

if TYPE_CHECKING:
    from jupyter_qcred.core.lease import IntentId
    from jupyter_qcred.issue.issuer import IssuedToken
    from jupyter_qcred.revoke.revoker import Settled

    from .shared import Holder, Shared

SHORTER = 0.9
"""A renewal that gives less than this part of what was granted first was cut by a maximum."""


@dataclass(eq=False, slots=True)
class Life:
    """One session token while we hold it.

    Attributes:
        intent: its name in journal and audit.
        parent: the server token above it.
        granted: seconds that it was issued for.
        expires_at: until when it certainly lives unless it is revoked, on the clock: its time is
            counted from the moment when it was asked for.
        dead_at: from when on it is certainly dead unless it is renewed, on the clock: counted from
            the moment when the answer came.
        due: when to renew it, on the clock.
        final: it will not live longer; it needs a successor.
    """

    token: IssuedToken
    intent: IntentId
    parent: IssuedToken
    granted: float
    expires_at: float
    dead_at: float
    due: float
    final: bool = False


class SessionToken:
    """Keeps one live token, and its predecessors until nothing hangs on them any more.

    Runs on the engine's loop. A token whose answer arrives after ``end()`` is owed at once: nothing
    here is cancelled while a request is under way, so that no token is ever issued and forgotten.
    """

    def __init__(self, shared: Shared, holder: Holder) -> None:
        self._shared = shared
        self._holder = holder
        self._opening = asyncio.Lock()
        self._life: Life | None = None
        self._older: list[Life] = []
        self._ended = False
        self.intent: IntentId | None = None

    # -- looking -------------------------------------------------------------------------------

    def life(self) -> Life | None:
        """Return the newest token if it and its parent are alive by our clock."""
        return self._life if self._life is not None and self.alive(self._life) else None

    def alive(self, life: Life) -> bool:
        """Whether a token and its parent are alive by our clock, and nothing is owed for it."""
        held = life is self._life or life in self._older
        in_time = self._shared.clock.now() < life.expires_at
        return held and in_time and self._shared.server_token.alive(life.parent)

    def current(self) -> IssuedToken | None:
        """Return the newest token if it is alive."""
        life = self.life()
        return None if life is None else life.token

    def newest(self) -> Life | None:
        """Return what is held, even if it has died upstream meanwhile."""
        return self._life

    def older(self) -> tuple[Life, ...]:
        """Those that have a successor, and something that still hangs on them."""
        return tuple(self._older)

    @property
    def expires_at(self) -> float:
        """When the newest dies unless it is renewed, on the clock."""
        return 0.0 if self._life is None else self._life.expires_at

    @property
    def due(self) -> float:
        """When the newest is to be renewed, on the clock; infinity without one."""
        return float("inf") if self._life is None else self._life.due

    # -- opening -------------------------------------------------------------------------------

    async def get(self) -> Life:
        """Return the live token, opening one if there is none.

        Raises:
            LeaseExpiredError: the kernel has ended.
            QcredError: the issuer's refusal or failure.
        """
        async with self._opening:
            life = self.life()
            if life is None:
                self._owe(self._life)
                life = await self._open()
            return life

    async def succeed(self, life: Life) -> None:
        """Open a successor; ``life`` stays until ``retire``. Nothing happens if it has one.

        Raises:
            LeaseExpiredError: the kernel has ended.
            QcredError: the issuer's refusal or failure.
        """
        async with self._opening:
            if self._life is not life:
                return
            await self._open()

    async def _open(self) -> Life:
        shared, holder = self._shared, self._holder
        if self._ended:
            raise LeaseExpiredError("The kernel has ended")
        shared.breaker.check()  # before the journal is written to, in vain
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

        asked = shared.clock.now()
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
        return self._opened(token, intent, server, asked)

    def _opened(
        self, token: IssuedToken, intent: IntentId, server: IssuedToken, asked: float
    ) -> Life:
        now = self._shared.clock.now()
        self.intent = intent
        if self._life is not None:  # what it succeeds, unless that was owed meanwhile
            self._older.append(self._life)
        self._life = life = Life(
            token=token,
            intent=intent,
            parent=server,
            granted=token.ttl,
            expires_at=asked + token.ttl,
            dead_at=now + token.ttl,
            due=now + renewal_in(token.ttl),
        )
        self._shared.trail.session_opened(self._holder, intent, token)
        if self._ended:
            self._owe(life)
            raise LeaseExpiredError("The kernel ended while its credentials were being issued")
        return life

    # -- renewing ------------------------------------------------------------------------------

    async def renew(self, life: Life) -> bool:
        """Extend a token; False when the issuer won't much longer, and it needs a successor now.

        Raises:
            QcredError: it can be tried again later.
        """
        asked = self._shared.clock.now()
        try:
            ask = partial(self._shared.issuer().renew_token, life.token)
            ttl = await self._shared.workers.run(ask)
        except IssuerError as error:
            if error.retryable:
                raise
            return False
        except QcredError:
            return False
        now = self._shared.clock.now()
        life.final = ttl < life.granted * SHORTER
        life.expires_at, life.dead_at, life.due = asked + ttl, now + ttl, now + renewal_in(ttl)
        self._shared.journal.renewed(life.intent, ttl)
        return not life.final or ttl >= life.granted / 2

    def outlived(self, spread: float) -> None:
        """The server token has a successor: this one needs a successor below it, soon."""
        if self._life is not None and self._life.parent is not self._shared.server_token.current():
            now = self._shared.clock.now()
            self._life.final = True
            self._life.due = min(self._life.due, now + spread)

    # -- ending --------------------------------------------------------------------------------

    def end(self) -> None:
        """The kernel has ended: no token is opened any more."""
        self._ended = True

    def replace(self, leases: tuple[str, ...] = ()) -> asyncio.Future[Settled] | None:
        """Owe the newest; the next ``get`` opens another one. May be called twice.

        Also right for a token that the issuer calls dead: revoking it again confirms that.

        Args:
            leases: Vault's ids of the leases that hang on it.

        Returns:
            What tells how the revocation was settled; None where there was no token.
        """
        return self._owe(self._life, leases)

    def retire(self, life: Life, leases: tuple[str, ...] = ()) -> None:
        """Owe a token that has a successor: nothing of use hangs on it any more."""
        if life in self._older:
            self._owe(life, leases)

    def _owe(
        self, life: Life | None, leases: tuple[str, ...] = ()
    ) -> asyncio.Future[Settled] | None:
        if life is None:
            return None
        if life is self._life:
            self._life = None
        else:
            self._older.remove(life)
        # With its parent it dies at the latest, where that has ended.
        bound = min(life.dead_at, self._shared.server_token.ended_at(life.parent))
        debt = Debt(intent=life.intent, token=life.token, bound=bound, leases=leases)
        return self._shared.revoker.owe(debt)

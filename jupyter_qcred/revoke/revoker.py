"""Owe a revocation until the upstream answers, or the token has certainly died by itself.

    owe ──▶ try ──▶ CONFIRMED ───────────────────▶ settled
             ▲      UNSUPPORTED, not ours to end ─▶ settled
             │      refused, FAILED, no answer ─┐
             └── wait, doubling, jitter ◀───────┤
                                                └─ past its bound ──▶ settled as expired

Nothing that is owed is dropped: what is not settled when the process ends stays in the journal. A
refusal settles nothing either: a permission that was taken away may come back, and until then the
token lives, which somebody has to know. Only a few requests are made at once, so that the end of
hundreds of sessions leaves workers to renew the others. Runs on one event loop.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

from jupyter_qcred.core.backoff import delays
from jupyter_qcred.core.errors import IssuerError, LeaseExpiredError, QcredError
from jupyter_qcred.core.lease import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from jupyter_qcred.core.clock import Clock
    from jupyter_qcred.core.lease import IntentId, LeaseId
    from jupyter_qcred.issue.issuer import IssuedToken, Issuer
    from jupyter_qcred.issue.workers import Workers

_FIRST_WAIT = 0.2
_LONGEST_WAIT = 30.0
_REFUSED_WAIT = 120.0
"""Seconds, about, between two requests that are refused: people change policies, not failovers."""

_TOKENS_AT_ONCE = 8
"""Half of the workers (``Workers``): the others issue and renew."""

_LEASES_AT_ONCE = 2
"""Fewer, and apart: an engine that hangs must not keep tokens from being revoked."""

_NOT_CARRIED_OUT = "The issuer took the request, and could not carry it out yet"
_REFUSED = "The issuer does not let the token be revoked by itself"


class Settled(StrEnum):
    """How a debt ended."""

    CONFIRMED = "confirmed"
    UNSUPPORTED = "unsupported"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Debt:
    """A token whose revocation is owed, or one lease below a token that goes on.

    Attributes:
        intent: the token's name in the journal.
        token: what to revoke; it revokes itself.
        bound: on the clock, seconds: it is certainly dead afterwards.
        leases: Vault's ids of the leases below it. The end of a token only queues the end of its
            leases: whether their engines carried it out is asked for each.
        lease_id: our handle where only ``leases`` are owed, and not the token. The journal needs no
            line for it: it has the token's, whose end takes the lease along.
    """

    intent: IntentId
    token: IssuedToken
    bound: float
    leases: tuple[str, ...] = ()
    lease_id: LeaseId | None = None

    @property
    def key(self) -> str:
        """What tells it from all other debts."""
        return self.lease_id or self.intent


@dataclass(frozen=True, slots=True)
class Outstanding:
    """A debt that is not settled.

    Attributes:
        since: when it began to be owed, for people.
        attempts: how often the issuer was asked; the last may be under way.
        reason: why the last answer did not settle it; empty before the first answer.
    """

    debt: Debt
    since: datetime
    attempts: int
    reason: str


class _Owed:
    """A debt and how its payment stands."""

    def __init__(self, debt: Debt, since: datetime, settled: asyncio.Future[Settled]) -> None:
        self.debt = debt
        self.since = since
        self.settled = settled
        self.attempts = 0
        self.reason = ""
        self.refused = False
        self.retry_after = 0.0
        self.task: asyncio.Task[None] | None = None


class Revoker:
    """Pays debts in the background and tells how each was settled.

    ``server_token`` gives the token that is above the sessions, None where there is none: it
    outlives them, and so can ask about their leases.
    """

    def __init__(
        self,
        issuer: Callable[[], Issuer],
        server_token: Callable[[], IssuedToken | None],
        workers: Workers,
        clock: Clock,
        on_settled: Callable[[Debt, Settled], None],
        on_refused: Callable[[Debt], None] = lambda _: None,
    ) -> None:
        self._issuer = issuer
        self._server_token = server_token
        self._workers = workers
        self._clock = clock
        self._on_settled = on_settled
        self._on_refused = on_refused
        self._owed: dict[str, _Owed] = {}
        self._tokens = asyncio.Semaphore(_TOKENS_AT_ONCE)
        self._leases = asyncio.Semaphore(_LEASES_AT_ONCE)
        self._hurried = asyncio.Event()

    @property
    def outstanding(self) -> int:
        """How many debts are not settled."""
        return len(self._owed)

    def open(self) -> tuple[Outstanding, ...]:
        """What is not settled, oldest first."""
        return tuple(
            Outstanding(owed.debt, owed.since, owed.attempts, owed.reason)
            for owed in self._owed.values()
        )

    def owe(self, debt: Debt) -> asyncio.Future[Settled]:
        """Start to revoke; the same debt twice is one. Return what tells how it was settled."""
        owed = self._owed.get(debt.key)
        if owed is None:
            loop = asyncio.get_running_loop()
            owed = self._owed[debt.key] = _Owed(debt, self._clock.wall(), loop.create_future())
            owed.task = loop.create_task(self._pay(owed))
        return owed.settled

    def settle_all(self, how: Settled) -> None:
        """Everything owed has died otherwise: the parent of all was revoked."""
        for owed in list(self._owed.values()):
            if owed.task is not None:
                owed.task.cancel()
            self._settle(owed, how)

    async def drain(self, timeout: float) -> bool:
        """Wait up to ``timeout`` seconds until nothing is owed; whether that was reached."""
        tasks = [owed.task for owed in self._owed.values() if owed.task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=timeout)
        return not self._owed

    def hurry(self) -> None:
        """The issuer is back: try now what waits for its next attempt."""
        self._hurried.set()
        self._hurried = asyncio.Event()

    async def _pay(self, owed: _Owed) -> None:
        debt = owed.debt
        for wait in delays(_FIRST_WAIT, _LONGEST_WAIT):
            owed.attempts += 1
            settled = await self._try(owed)
            if settled is None and self._clock.now() >= debt.bound:
                settled = Settled.EXPIRED
            if settled is not None:
                self._settle(owed, settled)
                return
            await self._pause(owed, wait)

    async def _pause(self, owed: _Owed, wait: float) -> None:
        """Wait for the next attempt, until the bound, or until somebody hurries us."""
        if owed.refused:
            wait = max(wait, _REFUSED_WAIT * random.uniform(0.5, 1.5))  # noqa: S311 - spreads load
        wait = max(wait, owed.retry_after)
        # Sleeping past the bound would only delay the good news.
        left = max(0.0, owed.debt.bound - self._clock.now()) + 0.05
        with suppress(TimeoutError):
            await asyncio.wait_for(self._hurried.wait(), min(wait, left))

    async def _try(self, owed: _Owed) -> Settled | None:
        owed.retry_after = 0.0
        try:
            settled = await self._ask(owed.debt)
        except QcredError as error:
            owed.reason = error.reason
            if isinstance(error, IssuerError):
                owed.retry_after = error.retry_after or 0.0
            return None
        owned = owed.debt.token.own and owed.debt.lease_id is None
        refused = settled is Settled.UNSUPPORTED and owned
        if refused:
            owed.reason, settled = _REFUSED, None
            if not owed.refused:
                self._on_refused(owed.debt)
        elif settled is None:
            owed.reason = _NOT_CARRIED_OUT
        owed.refused = refused
        return settled

    async def _ask(self, debt: Debt) -> Settled | None:
        """Ask once; None where the answer settles nothing.

        Raises:
            QcredError: the issuer failed or refused.
        """
        if debt.lease_id is not None:
            return await self._end_one_lease(debt)
        if not debt.token.own:
            return await self._end_leases_alone(debt)
        async with self._tokens:
            outcome = await self._workers.run(partial(self._issuer().revoke_token, debt.token))
        if outcome is Outcome.CONFIRMED and not await self._end_leases(debt.leases):
            return None
        if outcome is Outcome.FAILED:
            return None
        return Settled.CONFIRMED if outcome is Outcome.CONFIRMED else Settled.UNSUPPORTED

    async def _end_one_lease(self, debt: Debt) -> Settled | None:
        """End a lease whose session goes on, or has ended meanwhile.

        Raises:
            QcredError: the issuer failed or refused.
        """
        try:
            return await self._end_leases_alone(debt)
        except LeaseExpiredError:
            # The session token is dead, which only queued the end of the lease.
            return Settled.CONFIRMED if await self._end_leases(debt.leases) else None

    async def _end_leases_alone(self, debt: Debt) -> Settled | None:
        """Revoke each lease by itself: of a login that others share, or one of many.

        Raises:
            QcredError: the issuer failed or refused.
        """
        outcomes = set()
        for lease in debt.leases:
            outcomes.add(await self._end_lease(debt.token, lease))
        if Outcome.FAILED in outcomes:
            return None
        return Settled.CONFIRMED if outcomes == {Outcome.CONFIRMED} else Settled.UNSUPPORTED

    async def _end_leases(self, leases: tuple[str, ...]) -> bool:
        """Make sure that the leases have ended; False where one has not, yet.

        Raises:
            QcredError: the issuer failed or refused.
        """
        above = self._server_token()
        if above is None:
            return True  # nobody is left to ask; a lost server token took them along
        for lease in leases:
            if await self._end_lease(above, lease) is Outcome.FAILED:
                return False
        return True

    async def _end_lease(self, by: IssuedToken, lease: str) -> Outcome:
        async with self._leases:
            return await self._workers.run(partial(self._issuer().revoke_lease, by, lease))

    def _settle(self, owed: _Owed, how: Settled) -> None:
        if self._owed.pop(owed.debt.key, None) is not None:
            owed.settled.set_result(how)
            self._on_settled(owed.debt, how)

"""Owe a revocation until the upstream answers, or the token has certainly died by itself.

    owe ──▶ try ──▶ CONFIRMED ─────────────▶ settled
             ▲      UNSUPPORTED ───────────▶ settled
             │      FAILED, or no answer ─┐
             └── wait, doubling, jitter ◀─┤
                                          └─ past its bound ──▶ settled as expired

Nothing that is owed is dropped: what is not settled when the process ends stays in the journal.
Runs on one event loop.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

from jupyter_qcred.core.backoff import delays
from jupyter_qcred.core.errors import QcredError
from jupyter_qcred.core.lease import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_qcred.core.clock import Clock
    from jupyter_qcred.core.lease import IntentId
    from jupyter_qcred.issue.issuer import IssuedToken, Issuer
    from jupyter_qcred.issue.workers import Workers

_FIRST_WAIT = 0.2
_LONGEST_WAIT = 30.0


class Settled(StrEnum):
    """How a debt ended."""

    CONFIRMED = "confirmed"
    UNSUPPORTED = "unsupported"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Debt:
    """A token whose revocation is owed.

    Attributes:
        intent: its name in the journal.
        token: what to revoke; it revokes itself.
        bound: on the clock, seconds: it is certainly dead afterwards.
        leases: Vault's ids of the leases below it. The end of a token only queues the end of its
            leases: whether their engines carried it out is asked for each.
    """

    intent: IntentId
    token: IssuedToken
    bound: float
    leases: tuple[str, ...] = ()


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
    ) -> None:
        self._issuer = issuer
        self._server_token = server_token
        self._workers = workers
        self._clock = clock
        self._on_settled = on_settled
        self._owed: dict[IntentId, tuple[Debt, asyncio.Task[None]]] = {}

    @property
    def outstanding(self) -> int:
        """How many debts are not settled."""
        return len(self._owed)

    def owe(self, debt: Debt) -> None:
        """Start to revoke; the same debt twice is one."""
        if debt.intent not in self._owed:
            task = asyncio.get_running_loop().create_task(self._pay(debt))
            self._owed[debt.intent] = (debt, task)

    def settle_all(self, how: Settled) -> None:
        """Everything owed has died otherwise: the parent of all was revoked."""
        for debt, task in list(self._owed.values()):
            task.cancel()
            self._settle(debt, how)

    async def drain(self, timeout: float) -> bool:
        """Wait up to ``timeout`` seconds until nothing is owed; whether that was reached."""
        tasks = [task for _, task in self._owed.values()]
        if tasks:
            await asyncio.wait(tasks, timeout=timeout)
        return not self._owed

    async def _pay(self, debt: Debt) -> None:
        for wait in delays(_FIRST_WAIT, _LONGEST_WAIT):
            settled = await self._try(debt)
            if settled is None and self._clock.now() >= debt.bound:
                settled = Settled.EXPIRED
            if settled is not None:
                self._settle(debt, settled)
                return
            # Sleeping past the bound would only delay the good news.
            await asyncio.sleep(min(wait, max(0.0, debt.bound - self._clock.now()) + 0.05))

    async def _try(self, debt: Debt) -> Settled | None:
        try:
            if not debt.token.own:
                return await self._end_leases_alone(debt)
            outcome = await self._workers.run(partial(self._issuer().revoke_token, debt.token))
            if outcome is Outcome.CONFIRMED and not await self._end_leases(debt.leases):
                return None
        except QcredError:
            # Also a refusal: a permission taken away may come back before the token has died.
            return None
        if outcome is Outcome.FAILED:
            return None
        return Settled.CONFIRMED if outcome is Outcome.CONFIRMED else Settled.UNSUPPORTED

    async def _end_leases_alone(self, debt: Debt) -> Settled | None:
        """Where the token is a login that others share, each lease is revoked by itself.

        Raises:
            QcredError: the issuer failed or refused.
        """
        outcomes = set()
        for lease in debt.leases:
            ask = partial(self._issuer().revoke_lease, debt.token, lease)
            outcomes.add(await self._workers.run(ask))
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
            ask = partial(self._issuer().revoke_lease, above, lease)
            if await self._workers.run(ask) is Outcome.FAILED:
                return False
        return True

    def _settle(self, debt: Debt, how: Settled) -> None:
        if self._owed.pop(debt.intent, None) is not None:
            self._on_settled(debt, how)

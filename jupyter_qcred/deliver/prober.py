"""Looks whether tokens and credentials that have ended are dead upstream.

A revocation that is confirmed and not carried out, a proxy that answers by itself, a clock that is
wrong: nobody else would notice. Each end is looked at once, a few seconds later, and once more
where it still works. A value is kept only until then.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from jupyter_qcred.core.errors import LeaseExpiredError, QcredError
from jupyter_qcred.core.lease import Accessor
from jupyter_qcred.issue.issuer import IssuedToken
from jupyter_qcred.revoke.revoker import Settled

from .alerts import Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from jupyter_qcred.core.clock import Clock
    from jupyter_qcred.issue.issuer import Issuer
    from jupyter_qcred.issue.probe import Probe
    from jupyter_qcred.issue.workers import Workers
    from jupyter_qcred.revoke.revoker import Debt

    from .alerts import Alerts
    from .leases import Entry
    from .shared import Holder

_MOST = 1000
"""Ends that wait to be looked at; what comes on top is not looked at."""

_LOOKS = 2
"""Answers "it works" that make an alert: the end of a lease may take its engine a moment."""

_TRIES = 5
"""Questions that get no answer before one gives up."""

_TOKENS = "auth/token/create"
"""Sources below this path issue tokens of Vault's own as credentials."""


@dataclass(order=True, slots=True)
class _Suspect:
    due: float
    number: int
    works: Callable[[], bool | None] = field(compare=False)
    subject: Subject = field(compare=False)
    ended: float = field(compare=False)
    looks: int = field(default=0, compare=False)
    tries: int = field(default=0, compare=False)


class Prober:
    """Runs on the engine's loop.

    ``server_token`` gives the token that asks about leases; ``probes`` are the vendors', by vendor.
    """

    def __init__(
        self,
        issuer: Issuer,
        server_token: Callable[[], IssuedToken | None],
        workers: Workers,
        clock: Clock,
        alerts: Alerts,
        probes: Mapping[str, Probe],
    ) -> None:
        self._issuer = issuer
        self._server_token = server_token
        self._workers = workers
        self._clock = clock
        self._alerts = alerts
        self._probes = probes
        self._suspects: list[_Suspect] = []
        self._numbers = itertools.count()
        self._task: asyncio.Task[None] | None = None

    # -- what has ended ------------------------------------------------------------------------

    def settled(
        self, debt: Debt, how: Settled, holder: Holder | None, entries: Iterable[Entry]
    ) -> None:
        """A debt was settled: its token, where that was owed, and ``entries`` should be dead."""
        if how is Settled.UNSUPPORTED:
            return
        if debt.lease_id is None and debt.token.own:
            subject = Subject("session token", holder, debt.intent, accessor=debt.token.accessor)
            self._suspect(partial(self._issuer.token_alive, debt.token), subject)
        for entry in entries:
            self.expired(entry, holder)

    def expired(self, entry: Entry, holder: Holder | None) -> None:
        """A credential's time has passed, or it was revoked."""
        works = self._question(entry)
        if works is not None and entry.issued.revocable:
            self._suspect(works, Subject("credential", holder, entry.life.intent, entry))

    def _question(self, entry: Entry) -> Callable[[], bool | None] | None:
        issued, profile = entry.issued, entry.profile
        if profile.vendor in self._probes:
            return partial(self._probes[profile.vendor].works, issued)
        if issued.upstream_lease is not None:
            return partial(self._lease_alive, issued.upstream_lease)
        if profile.source.path.startswith(_TOKENS):
            return partial(self._issuer.token_alive, _as_token(entry))
        return None

    def _lease_alive(self, lease: str) -> bool | None:
        by = self._server_token()
        return None if by is None else self._issuer.lease_alive(by, lease)

    def _suspect(self, works: Callable[[], bool | None], subject: Subject) -> None:
        if not self._alerts.probe or len(self._suspects) >= _MOST:
            return
        now = self._clock.now()
        self._put(
            _Suspect(now + self._alerts.probe_delay, next(self._numbers), works, subject, now)
        )

    def _put(self, suspect: _Suspect) -> None:
        heapq.heappush(self._suspects, suspect)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._work())

    # -- looking -------------------------------------------------------------------------------

    async def _work(self) -> None:
        while self._suspects:
            left = self._suspects[0].due - self._clock.now()
            if left > 0:
                await asyncio.sleep(min(left, 1.0))
                continue
            await self._look(heapq.heappop(self._suspects))
            await asyncio.sleep(60 / self._alerts.probes_per_minute)

    async def _look(self, suspect: _Suspect) -> None:
        try:
            works = await self._workers.run(suspect.works)
        except LeaseExpiredError:
            return  # it is the token that we asked with
        except QcredError:
            suspect.tries += 1
            if suspect.tries < _TRIES:
                self._again(suspect)
            return
        if not works:
            return
        suspect.looks += 1
        if suspect.looks < _LOOKS:
            self._again(suspect)
        else:
            self._alerts.still_alive(suspect.subject, suspect.ended)

    def _again(self, suspect: _Suspect) -> None:
        suspect.due = self._clock.now() + self._alerts.probe_delay
        heapq.heappush(self._suspects, suspect)


def _as_token(entry: Entry) -> IssuedToken:
    issued = entry.issued
    return IssuedToken(
        token=issued.values[issued.main],
        accessor=Accessor(issued.public.get("accessor", "")),
        ttl=issued.ttl or 0.0,
        renewable=False,
        narrowed=None,
    )

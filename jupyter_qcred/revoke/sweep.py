"""See to what earlier processes left behind when they died.

Their journals name the tokens by accessor. Where our server token may revoke by accessor (policy
``qcred-sweep``) the leftovers die at once, server tokens first: each takes its sessions along.
Where it may not, they die at their bound, and the journal is kept until then.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from jupyter_qcred.core.backoff import delays
from jupyter_qcred.core.errors import QcredError
from jupyter_qcred.core.lease import Outcome

from .journal import adopt
from .revoker import Settled

if TYPE_CHECKING:
    import logging
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from jupyter_qcred.core.clock import Clock
    from jupyter_qcred.issue.issuer import IssuedToken, Issuer
    from jupyter_qcred.issue.workers import Workers

    from .journal import Adopted, Entry

_LONGEST_SLEEP = 60.0


class Sweep:
    """Settles adopted journals. Runs on one event loop."""

    def __init__(
        self,
        directory: Path,
        clock: Clock,
        workers: Workers,
        issuer: Callable[[], Issuer],
        server_token: Callable[[], Awaitable[IssuedToken]],
        on_settled: Callable[[Entry, Settled], None],
        log: logging.Logger,
    ) -> None:
        self._directory = directory
        self._clock = clock
        self._workers = workers
        self._issuer = issuer
        self._server_token = server_token
        self._on_settled = on_settled
        self._log = log
        self._found: list[Adopted] = []

    def left(self) -> tuple[Entry, ...]:
        """What is not settled yet, and may still live."""
        return tuple(entry for adopted in self._found for entry in adopted.owed())

    async def run(self) -> None:
        """Adopt every journal whose owner is gone, and settle each."""
        self._found = await self._workers.run(partial(adopt, self._directory, self._clock))
        await asyncio.gather(*(self._settle(adopted) for adopted in self._found))

    async def _settle(self, adopted: Adopted) -> None:
        """Try until all is settled or certainly dead; a retry never comes later than a bound."""
        reported = False
        for wait in delays(0.5, _LONGEST_SLEEP):
            try:
                granted = await self._revoke(adopted)
            except QcredError as error:
                granted = True
                self._tell(error.reason, adopted, reported=reported)
            else:
                if not granted:
                    self._tell(
                        "the policy does not allow to revoke them", adopted, reported=reported
                    )
            reported = True
            for entry in adopted.expired():
                adopted.closed(entry.intent, Settled.EXPIRED.value)
                self._on_settled(entry, Settled.EXPIRED)
            owed = adopted.owed()
            if not owed:
                break
            left = min(entry.bound for entry in owed) - self._clock.now()
            await asyncio.sleep(min(max(0.05, left), wait if granted else _LONGEST_SLEEP))
        adopted.close()

    def _tell(self, why: str, adopted: Adopted, *, reported: bool) -> None:
        if adopted.owed() and not reported:
            self._log.warning(
                "%d tokens of an earlier server are still owed: %s. They die by themselves "
                "within their TTL.",
                len(adopted.owed()),
                why,
            )

    async def _revoke(self, adopted: Adopted) -> bool:
        """Revoke what can be named; whether the issuer lets us.

        Raises:
            QcredError: the issuer can't be reached, or does not let us log in.
        """
        for entry in adopted.owed():
            if entry.accessor is None:
                continue  # the answer was lost: it dies with its parent, or at its bound
            token = await self._server_token()
            issuer = self._issuer()
            if entry.issuer != issuer.describe():
                continue  # of an issuer that this server does not use
            outcome = await self._workers.run(
                partial(issuer.revoke_accessor, token, entry.accessor)
            )
            if outcome is Outcome.UNSUPPORTED:
                return False
            if outcome is Outcome.CONFIRMED:
                adopted.closed(entry.intent, outcome.value)
                self._on_settled(entry, Settled.CONFIRMED)
        return True

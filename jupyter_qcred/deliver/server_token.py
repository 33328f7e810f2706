"""The server token: one per Jupyter server, renewed by heartbeat, parent of every session token.

It is a dead-man's switch. While this process lives and reaches the issuer, a beat every third of
its TTL keeps it alive. When the process dies in any way, the issuer lets it expire, and with it
every session token and lease below. A token that was lost is replaced at the next use, by a fresh
login.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from jupyter_qcred.core.backoff import delays
from jupyter_qcred.core.errors import IssuerError, LeaseExpiredError, QcredError
from jupyter_qcred.core.lease import Outcome
from jupyter_qcred.revoke.journal import new_intent

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable

    from jupyter_qcred.core.clock import Clock
    from jupyter_qcred.core.lease import IntentId
    from jupyter_qcred.issue.issuer import IssuedToken, Issuer
    from jupyter_qcred.issue.workers import Workers
    from jupyter_qcred.revoke.journal import Journal

_UNKNOWN_TTL = 86400.0
"""Seconds the journal remembers a request whose answer was lost: the role's period is not known."""

_LONGEST_SLEEP = 15.0
"""Seconds: after a suspend the event loop's own clock is late; we look at ours this often."""


class ServerToken:
    """Holds the server token of this process. Runs on one event loop."""

    def __init__(
        self,
        issuer: Callable[[], Issuer],
        workers: Workers,
        journal: Journal,
        clock: Clock,
        log: logging.Logger,
        on_opened: Callable[[IntentId, IssuedToken], None],
        on_revoked: Callable[[IntentId, IssuedToken], None],
    ) -> None:
        self._issuer = issuer
        self._workers = workers
        self._journal = journal
        self._clock = clock
        self._log = log
        self._on_opened = on_opened
        self._on_revoked = on_revoked
        self._opening = asyncio.Lock()
        self._token: IssuedToken | None = None
        self._intent: IntentId | None = None
        self._expires_at = 0.0
        self._heartbeat: asyncio.Task[None] | None = None

    @property
    def intent(self) -> IntentId | None:
        """Its name in the journal, parent of the sessions' intents."""
        return self._intent

    @property
    def expires_at(self) -> float:
        """When it dies unless a heartbeat renews it, on the clock; of use while there is one."""
        return self._expires_at

    def current(self) -> IssuedToken | None:
        """Return the token if it is alive by our clock."""
        if self._token is not None and self._clock.now() >= self._expires_at:
            self._lose("it expired before a heartbeat could renew it", dead=True)
        return self._token

    async def get(self) -> IssuedToken:
        """Return the live token, logging in if there is none. Concurrent callers share one login.

        Raises:
            QcredError: the login or the creation failed.
        """
        async with self._opening:
            token = self.current()
            if token is None:
                token = await self._open()
            return token

    def found_dead(self, token: IssuedToken) -> None:
        """The issuer said that this token is dead: somebody revoked it, or lost its data."""
        if self._token is token:
            self._lose("the issuer does not know it any more", dead=True)

    async def _open(self) -> IssuedToken:
        intent = new_intent()

        def open_() -> IssuedToken:
            issuer = self._issuer()
            self._journal.intend(
                intent, kind="server", issuer=issuer.describe(), parent=None, bound=_UNKNOWN_TTL
            )
            token = issuer.open_server()
            self._journal.issued(intent, token.accessor, token.ttl)
            return token

        try:
            token = await self._workers.run(open_)
        except IssuerError as error:
            if not error.ambiguous:
                self._journal.closed(intent, "not issued")
            raise
        except QcredError:
            self._journal.closed(intent, "not issued")
            raise
        self._token, self._intent = token, intent
        self._on_opened(intent, token)
        self._expires_at = self._clock.now() + token.ttl
        if token.renewable:
            self._heartbeat = asyncio.get_running_loop().create_task(self._beat(token))
        return token

    async def _beat(self, token: IssuedToken) -> None:
        """Renew at every third of the TTL; retry sooner while it fails, until it has expired."""
        ttl = token.ttl
        while True:
            await self._sleep_until(self._clock.now() + ttl / 3)
            for wait in delays(min(1.0, ttl / 20), ttl / 6):
                if self.current() is not token:
                    return
                try:
                    ttl = await self._workers.run(partial(self._issuer().renew_token, token))
                except QcredError as error:
                    if isinstance(error, IssuerError) and error.retryable:
                        await asyncio.sleep(wait)
                        continue
                    self._lose(error.reason, dead=isinstance(error, LeaseExpiredError))
                    return
                break
            self._expires_at = self._clock.now() + ttl
            if self._intent is not None:
                self._journal.renewed(self._intent, ttl)

    async def _sleep_until(self, when: float) -> None:
        while (left := when - self._clock.now()) > 0:  # noqa: ASYNC110 - a clock has no event
            await asyncio.sleep(min(left, _LONGEST_SLEEP))

    def _lose(self, why: str, *, dead: bool) -> None:
        """Forget the token. One that may still live stays open in the journal until its bound."""
        self._log.warning("The server token was lost: %s. The next use logs in again.", why)
        if dead and self._intent is not None:
            self._journal.closed(self._intent, "expired")
        self._token = self._intent = None

    async def revoke(self) -> bool:
        """Give the token back, and with it everything below; whether the issuer confirmed."""
        if self._heartbeat is not None:
            self._heartbeat.cancel()
        token, intent = self._token, self._intent
        if token is None or intent is None:
            return True
        if not token.own:
            return False
        outcome = await self._workers.run(partial(self._issuer().revoke_token, token))
        if outcome is not Outcome.CONFIRMED:
            return False
        self._journal.closed(intent, outcome.value)
        self._on_revoked(intent, token)
        self._token = self._intent = None
        return True

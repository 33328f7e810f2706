"""The server token: one per Jupyter server, renewed by heartbeat, parent of every session token.

It is a dead-man's switch. While this process lives and reaches the issuer, a beat every third of
its TTL keeps it alive. When the process dies in any way, the issuer lets it expire, and with it
every session token and lease below. A token that was lost is replaced at the next use, by a fresh
login.

One that cannot be renewed any further (an explicit maximum, a permission taken away) is replaced
before it ends: by a login, while it still lives, so that the sessions can move over. Where only a
person can log in, all who hold something are told how long it lasts.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from math import isfinite
from typing import TYPE_CHECKING

from jupyter_qcred.core.backoff import delays
from jupyter_qcred.core.errors import (
    IssuerError,
    LeaseExpiredError,
    NeedsLoginError,
    QcredError,
    fresh,
)
from jupyter_qcred.core.lease import Outcome
from jupyter_qcred.issue.person import no_longer
from jupyter_qcred.revoke.journal import new_intent

from .alerts import Streak
from .session_token import SHORTER

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Coroutine

    from jupyter_qcred.core.clock import Clock
    from jupyter_qcred.core.lease import IntentId
    from jupyter_qcred.issue.guard import GuardedIssuer
    from jupyter_qcred.issue.issuer import IssuedToken, ServerRequest
    from jupyter_qcred.issue.workers import Workers
    from jupyter_qcred.revoke.journal import Journal

    from .watcher import Watcher

    Login = Callable[[ServerRequest | None], IssuedToken]

_UNKNOWN_TTL = 86400.0
"""Seconds the journal remembers a request whose answer was lost: the role's period is not known."""

_LONGEST_SLEEP = 15.0
"""Seconds: after a suspend the event loop's own clock is late; we look at ours this often."""

_EARLY = 3600.0
"""Seconds before a known end, at most, from which on a successor is tried for."""

_LOGIN_PAUSE = 1.0
"""Seconds for which a refused login stands: hundreds of kernels ask at once."""


@dataclass(eq=False, slots=True)
class _Held:
    token: IssuedToken
    intent: IntentId
    granted: float
    expires_at: float
    """It lives until then: counted from when it was asked for."""
    dead_at: float
    """It is dead from then on: counted from when the answer came."""


class ServerToken:
    """Holds the server token of this process. Runs on one event loop.

    Attributes:
        request: says of each new token, at the issuer, whose it is.
        nobody_yet: what to say where only a person can log in; None where this process can.
    """

    def __init__(
        self,
        issuer: GuardedIssuer,
        workers: Workers,
        journal: Journal,
        clock: Clock,
        log: logging.Logger,
        on_opened: Callable[[IntentId, IssuedToken], None],
        on_revoked: Callable[[IntentId, IssuedToken], None],
        on_failing: Callable[[Streak, QcredError, float], None] = lambda *_: None,
    ) -> None:
        self.request: Callable[[IntentId], ServerRequest | None] = lambda _: None
        self._issuer = issuer
        self._workers = workers
        self._journal = journal
        self._clock = clock
        self._log = log
        self._on_opened = on_opened
        self._on_revoked = on_revoked
        self._on_failing = on_failing
        self.nobody_yet: Callable[[], NeedsLoginError | None] = lambda: None
        self._ending: QcredError | None = None
        self._opening = asyncio.Lock()
        self._held: _Held | None = None
        self._before: _Held | None = None
        self._ended: dict[int, tuple[IssuedToken, float]] = {}
        self._refused: tuple[float, NeedsLoginError] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._hurried = asyncio.Event()
        self._failures = Streak()
        self._watchers: dict[Watcher, None] = {}

    # -- looking -------------------------------------------------------------------------------

    @property
    def intent(self) -> IntentId | None:
        """Its name in the journal, parent of the sessions' intents."""
        return None if self._held is None else self._held.intent

    @property
    def expires_at(self) -> float:
        """When it dies unless a heartbeat renews it, on the clock; of use while there is one."""
        return 0.0 if self._held is None else self._held.expires_at

    @property
    def ending(self) -> bool:
        """Whether it is about to end, or has, unless a person does something."""
        return self._ending is not None

    def current(self) -> IssuedToken | None:
        """Return the token if it is alive by our clock."""
        if self._held is not None and self._clock.now() >= self._held.expires_at:
            self._lose("it expired before a heartbeat could renew it")
        return None if self._held is None else self._held.token

    def alive(self, token: IssuedToken) -> bool:
        """Whether it is the current token, or its predecessor that has not ended yet."""
        if token is self.current():
            return True
        before = self._before
        if before is None or before.token is not token:
            return False
        return self._clock.now() < before.expires_at

    def ended_at(self, token: IssuedToken) -> float:
        """When a token has certainly died, on the clock; infinity for one that is renewed."""
        if self._held is not None and self._held.token is token:
            return float("inf")
        if self._before is not None and self._before.token is token:
            return self._before.dead_at
        return self._ended[id(token)][1] if id(token) in self._ended else float("inf")

    def watch(self, watcher: Watcher) -> None:
        """Tell ``watcher`` what becomes of the token from now on."""
        self._watchers[watcher] = None

    def unwatch(self, watcher: Watcher) -> None:
        """Tell it no more. May be called twice."""
        self._watchers.pop(watcher, None)

    # -- opening -------------------------------------------------------------------------------

    async def get(self) -> IssuedToken:
        """Return the live token, logging in if there is none. Concurrent callers share one login.

        Raises:
            QcredError: the login or the creation failed.
        """
        async with self._opening:
            token = self.current()
            if token is None:
                token = (await self._open()).token
            return token

    async def open_by(self, login: Login) -> None:
        """Open it by a login that a person has finished; a living one gets a successor.

        Raises:
            QcredError: the login or the creation failed.
        """
        async with self._opening:
            held = await self._log_in(login)
            before = self._held if self.current() is not None else None
            self._before, self._held = before or self._before, held
        self._opened(held)
        if before is not None:
            self._succeeded(before)

    def found_dead(self, token: IssuedToken) -> None:
        """The issuer said that this token is dead: somebody revoked it, or lost its data."""
        if self._held is not None and self._held.token is token:
            self._held.expires_at = self._held.dead_at = self._clock.now()
            self._lose("the issuer does not know it any more")
        elif self._before is not None and self._before.token is token:
            self._before.expires_at = self._before.dead_at = self._clock.now()

    async def _open(self) -> _Held:
        held = await self._log_in()
        self._held = held
        self._opened(held)
        return held

    def _opened(self, held: _Held) -> None:
        self._failures = Streak()
        self._ending = self._refused = None
        self._on_opened(held.intent, held.token)
        if isfinite(held.expires_at):
            self._run(self._care(held))

    def _run(self, coroutine: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _log_in(self, login: Login | None = None) -> _Held:
        if login is None:
            self._refuse_at_once()
            self._issuer.whole.check()  # before the journal is written to, in vain
        intent = new_intent()

        def open_() -> IssuedToken:
            issuer = self._issuer
            self._journal.intend(
                intent, kind="server", issuer=issuer.describe(), parent=None, bound=_UNKNOWN_TTL
            )
            token = (login or issuer.open_server)(self.request(intent))
            self._journal.issued(intent, token.accessor, token.ttl)
            return token

        asked = self._clock.now()
        try:
            token = await self._workers.run(open_)
        except IssuerError as error:
            if not error.ambiguous:
                self._journal.closed(intent, "not issued")
            raise
        except QcredError as error:
            self._journal.closed(intent, "not issued")
            if isinstance(error, NeedsLoginError) and login is None:
                self._refused = (self._clock.now() + _LOGIN_PAUSE, error)
            raise
        return _Held(token, intent, token.ttl, asked + token.ttl, self._clock.now() + token.ttl)

    def _refuse_at_once(self) -> None:
        if (nobody := self.nobody_yet()) is not None:
            raise nobody
        if self._refused is not None:
            until, error = self._refused
            if self._clock.now() < until:
                raise fresh(error)
            self._refused = None

    # -- keeping it alive ----------------------------------------------------------------------

    def hurry(self) -> None:
        """Try now what waits for its next attempt: the issuer may be back."""
        self._hurried.set()
        self._hurried = asyncio.Event()

    async def _care(self, held: _Held) -> None:
        why = await self._beat(held) if held.token.renewable else None
        if self.current() is held.token:
            await self._replace(held, why)

    async def _beat(self, held: _Held) -> QcredError | None:
        """Renew at every third of the TTL, sooner while it fails, until it is lost or final.

        Returns:
            Why it cannot be renewed any more; None where a maximum is reached.
        """
        ttl = held.granted
        while True:
            await self._sleep_until(self._clock.now() + ttl / 3)
            for wait in delays(min(1.0, ttl / 20), ttl / 6):
                if self.current() is not held.token:
                    return None
                asked = self._clock.now()
                try:
                    ttl = await self._workers.run(partial(self._issuer.beat, held.token))
                except QcredError as error:
                    if not (isinstance(error, IssuerError) and error.retryable):
                        return self._refused_beat(held, error)
                    left = held.expires_at - self._clock.now()
                    self._on_failing(self._failures, error, left)
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._hurried.wait(), wait)
                    continue
                break
            self._failures = Streak()
            held.expires_at, held.dead_at = asked + ttl, self._clock.now() + ttl
            self._journal.renewed(held.intent, ttl)
            self._tell_beat()
            if ttl < held.granted * SHORTER:
                return None

    def _refused_beat(self, held: _Held, error: QcredError) -> QcredError:
        if isinstance(error, LeaseExpiredError):
            self.found_dead(held.token)
        return error

    def _tell_beat(self) -> None:
        left = self.expires_at - self._clock.now()
        for watcher in list(self._watchers):
            watcher.beat(left)

    async def _replace(self, held: _Held, why: QcredError | None) -> None:
        """Log in anew while a token that is not renewed any more still lives."""
        await self._sleep_until(held.expires_at - min(held.granted / 2, _EARLY))
        for wait in delays(1.0, 30.0):
            if self.current() is not held.token:
                return
            try:
                if await self._succeed(held):
                    return
                error: QcredError = why or no_longer()
            except QcredError as failure:
                error = failure
            left = held.expires_at - self._clock.now()
            if isinstance(error, IssuerError) and error.retryable:
                self._on_failing(self._failures, error, left)
            else:
                self._ending = error
                for watcher in list(self._watchers):
                    watcher.ending(error, left)
            await self._sleep_until(self._clock.now() + min(wait, max(0.2, left / 4)))

    async def _succeed(self, held: _Held) -> bool:
        """Open a successor; False where it would not live longer: a login that somebody gave us."""
        async with self._opening:
            if self.current() is not held.token:
                return True
            successor = await self._log_in()
            if successor.expires_at < held.expires_at + min(10.0, held.granted / 4):
                await self._give_back(successor)
                self._journal.closed(successor.intent, "not issued")
                return False
            self._before, self._held = held, successor
        self._opened(successor)
        self._succeeded(held)
        return True

    def _succeeded(self, held: _Held) -> None:
        """Another token has taken its place: the sessions move over, and it ends by itself."""
        self._run(self._bury(held))
        self._tell_beat()
        for watcher in list(self._watchers):
            watcher.succeeded()

    async def _bury(self, held: _Held) -> None:
        while (left := held.expires_at - self._clock.now()) > 0:  # noqa: ASYNC110 - a clock has no event
            await asyncio.sleep(min(left, _LONGEST_SLEEP))
        self._journal.closed(held.intent, "expired")

    async def _sleep_until(self, when: float) -> None:
        """Sleep, or less where somebody hurries us."""
        while (left := when - self._clock.now()) > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._hurried.wait(), min(left, _LONGEST_SLEEP))
                return

    def _lose(self, why: str) -> None:
        """Forget a token that is dead."""
        held, self._held = self._held, None
        if held is None:
            return
        self._ended = {id(held.token): (held.token, held.dead_at)}
        self._log.warning("The server token was lost: %s. The next use logs in again.", why)
        self._journal.closed(held.intent, "expired")
        for watcher in list(self._watchers):
            watcher.lost()

    # -- the end -------------------------------------------------------------------------------

    async def revoke(self) -> bool:
        """Give the token back, and with it everything below; whether the issuer confirmed."""
        for task in list(self._tasks):
            task.cancel()
        confirmed = True
        for held in [one for one in (self._before, self._held) if one is not None]:
            confirmed = await self._give_back(held) and confirmed
        return confirmed

    async def _give_back(self, held: _Held) -> bool:
        if self._clock.now() >= held.expires_at:
            return True
        if not held.token.own:
            return False
        outcome = await self._workers.run(partial(self._issuer.revoke_token, held.token))
        if outcome is not Outcome.CONFIRMED:
            return False
        self._journal.closed(held.intent, outcome.value)
        self._on_revoked(held.intent, held.token)
        if held is self._held:
            self._held = None
        elif held is self._before:
            self._before = None
        return True

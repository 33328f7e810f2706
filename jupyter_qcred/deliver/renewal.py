"""Keeps what one kernel holds alive, and tells before what cannot be kept alive.

A value is extended where the upstream can, else replaced; a session token likewise. What is new
reaches the kernel before what is old dies: an old value is revoked when the kernel has acknowledged
the new one and had a moment to finish what it was doing; an old session token, when nothing hangs
on it any more.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING

from jupyter_qcred.core.errors import IssuerError, LeaseExpiredError, QcredError

from .alerts import Streak, Subject
from .holdings import below

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from jupyter_qcred.issue.issuer import IssuedToken
    from jupyter_qcred.issue.profile import Profile

    from .holdings import Holdings
    from .leases import Entry
    from .session_token import Life
    from .shared import Holder, Shared

_LONGEST_WAIT = 30.0
"""Seconds between two attempts to renew."""

_GRACE = 5.0
"""Seconds in which requests that were begun with an old value may come to their end."""

_UNACKNOWLEDGED = 10.0
"""Seconds that a kernel which is busy or stopped is waited for."""

_SESSION = "session token"
"""Where the failures of the session token's renewal are counted."""


class Renewal:
    """Renews for one kernel. Runs on the engine's loop."""

    def __init__(self, shared: Shared, holder: Holder, holdings: Holdings) -> None:
        self._shared = shared
        self._holder = holder
        self._holdings = holdings
        self._book = holdings.book
        self._token = holdings.token
        self._streaks: defaultdict[str, Streak] = defaultdict(Streak)
        self._told: dict[str, str] = {}
        self._over: set[str] = set()  # handles of what was replaced and has had its time
        self._tasks: set[asyncio.Task[None]] = set()

    def next_due(self) -> float:
        """When something is to be renewed next, on the clock; infinity where nothing is."""
        return min([self._token.due, *(entry.due for entry in self._book.all())])

    async def renew(self, profile: Profile) -> None:
        """Extend or replace a credential now. Who asks meanwhile shares the renewal under way.

        Raises:
            QcredError: the issuer's refusal or failure.
        """
        entry = self._book.find(profile.name)
        if entry is None:
            await self._holdings.obtain(profile)
            return
        await self._renew_unless_done(entry)

    async def renew_due(self, now: float) -> list[str]:
        """Renew what is due; return the names that were lost and are to be obtained anew."""
        lost = self._drop_dead()
        life = self._token.life()
        if life is not None and life.due <= now:
            await self._renew_token(life)
        for entry in self._book.all():
            if entry.due <= now and not await self._renewed(entry):
                lost.append(entry.lease.credential)
        return lost

    def hurry(self, seconds: float) -> None:
        """The issuer is back: do in so many seconds what failed before."""
        for name, streak in self._streaks.items():
            if streak.count and name != _SESSION:
                self._book.put_off(name, seconds)
        newest = self._token.newest()
        if newest is not None and self._streaks[_SESSION].count:
            newest.due = self._shared.clock.now() + seconds

    # -- what has ended ------------------------------------------------------------------------

    def _drop_dead(self) -> list[str]:
        """Withdraw what hangs on a token that died: after a suspend, or with the server token."""
        dead = [entry for entry in self._book.all() if not self._token.alive(entry.life)]
        for entry in dead:
            name = entry.lease.credential
            self._book.remove(name)
            reason = f"The session that held {name} has ended at the issuer"
            self._holdings.withdraw(name, LeaseExpiredError(reason, credential=name))
            self._shared.prober.expired(entry, self._holder)
        hung = [*dead, *self._holdings.retiring]
        for life in self._token.older():
            if not self._token.alive(life):
                self._token.retire(life, below(life, hung))
        newest = self._token.newest()
        if newest is not None and not self._token.alive(newest):
            self._token.replace(below(newest, hung))
        return [entry.lease.credential for entry in dead]

    # -- the session token ---------------------------------------------------------------------

    async def _renew_token(self, life: Life) -> None:
        try:
            if not life.final and await self._token.renew(life):
                self._streaks.pop(_SESSION, None)
                self._extend_below(life)
                return
            await self._token.succeed(life)
        except QcredError as error:
            self._token_failed(life, error)
            return
        self._streaks.pop(_SESSION, None)
        for entry in self._book.all():
            if entry.life is life:
                self._book.put_off(entry.lease.credential, 0.0)
        self._retire_token(life)

    def _extend_below(self, life: Life) -> None:
        for entry in self._book.all():
            if entry.life is life:
                longer = self._book.extended(entry.lease.credential)
                if longer.lease.expires_at > entry.lease.expires_at:
                    self._told.pop(entry.lease.credential, None)
                    self._holdings.extend(longer)

    def _token_failed(self, life: Life, error: QcredError) -> None:
        left = life.expires_at - self._shared.clock.now()
        life.due = self._shared.clock.now() + _wait(left, error)
        subject = Subject("session token", self._holder, life.intent, accessor=life.token.accessor)
        told = self._shared.alerts.renewal_failed(self._streaks[_SESSION], subject, error, left)
        self._shared.log.debug("A session token could not be renewed yet: %s", error)
        for entry in self._book.all():
            if entry.life is life:
                self._failing(entry, error)
                if told or _is_final(error):
                    self.ending(entry, error)

    # -- credentials ---------------------------------------------------------------------------

    async def _renewed(self, entry: Entry) -> bool:
        """Renew one credential; False when it ended before that could be done."""
        name = entry.lease.credential
        cuts = self._holdings.cuts_of(name)
        try:
            await self._renew_unless_done(entry)
        except QcredError as error:
            if cuts != self._holdings.cuts_of(name):
                return True  # taken back meanwhile: nothing is missing
            return self._not_renewed(name, error)
        return True

    async def _renew_unless_done(self, entry: Entry) -> None:
        name = entry.lease.credential
        seen = (entry.lease.lease_id, entry.lease.renewals)
        async with self._holdings.lock(name):
            now = self._book.find(name)
            if now is not None and (now.lease.lease_id, now.lease.renewals) != seen:
                return  # somebody else did while we waited
            await self._renew_entry(entry)
        self._streaks.pop(name, None)
        self._told.pop(name, None)

    async def _renew_entry(self, entry: Entry) -> None:
        """Extend the value where the upstream can, else replace it by a new one."""
        name, lease_id = entry.lease.credential, entry.issued.upstream_lease
        cuts = self._holdings.cuts_of(name)
        life = self._token.life()
        ttl: float | None = None
        asked = self._shared.clock.now()
        extensible = entry.issued.renewable and not entry.final and entry.life is life
        if life is not None and lease_id is not None and extensible:
            ttl = await self._extend_upstream(life.token, lease_id)
            self._holdings.check_not_taken(name, cuts)
        if ttl is not None:
            entry = self._book.renewed(name, ttl, asked)
            self._holdings.extend(entry)
        else:
            old, entry = entry, await self._holdings.issue(entry.profile)
            held = self._holdings.when_held(entry.lease.lease_id)
            self._holdings.deliver(entry)
            self._holdings.retiring.append(old)
            self._run(self._retire(old, held))
        replaced = ttl is None
        self._shared.trail.renewed(self._holder, entry.life.intent, entry, replaced=replaced)

    async def _extend_upstream(self, token: IssuedToken, lease_id: str) -> float | None:
        """Seconds the lease lives now; None when it can't be extended any more."""
        try:
            issuer = self._shared.issuer()
            ttl = await self._shared.workers.run(partial(issuer.renew_lease, token, lease_id))
        except IssuerError as error:
            if error.retryable:
                raise
            return None
        except QcredError:
            return None  # dead, or not allowed: a new one may be had
        return ttl

    def _not_renewed(self, name: str, error: QcredError) -> bool:
        entry = self._book.find(name)
        if entry is None:
            ended = self._book.remove(name)
            if ended is None:
                return True
            self._shared.prober.expired(ended, self._holder)
            why = error if _is_final(error) else _not_in_time(name)
            self._holdings.withdraw(name, why)
            return False
        left = entry.lease.remaining(self._shared.clock.now())
        self._book.put_off(name, _wait(left, error))
        subject = Subject("credential", self._holder, entry.life.intent, entry)
        told = self._shared.alerts.renewal_failed(self._streaks[name], subject, error, left)
        self._shared.log.debug("%s could not be renewed yet: %s", name, error)
        self._failing(entry, error)
        if told or _is_final(error):
            self.ending(entry, error)
        return True

    # -- telling -------------------------------------------------------------------------------

    def _failing(self, entry: Entry, error: QcredError) -> None:
        left = entry.lease.remaining(self._shared.clock.now())
        self._holdings.notices.put(entry.lease.credential, error, left)

    def all_ending(self, error: QcredError, left: float) -> None:
        """What is above everything ends in ``left`` seconds."""
        for entry in self._book.all():
            self.ending(entry, error, left)

    def ending(self, entry: Entry, error: QcredError, left: float = float("inf")) -> None:
        """Tell the kernel that a credential will end, and why: once for each reason."""
        name = entry.lease.credential
        if self._told.get(name) == error.code:
            return
        self._told[name] = error.code
        left = min(left, entry.lease.remaining(self._shared.clock.now()))
        self._holdings.tell(name, error, left)
        if _is_final(error):
            subject = Subject("credential", self._holder, entry.life.intent, entry)
            self._shared.alerts.ending(subject, error, left)

    # -- retiring ------------------------------------------------------------------------------

    def _run(self, coroutine: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _retire(self, old: Entry, held: asyncio.Event) -> None:
        """Revoke a value that was replaced, once the kernel does not need it any more."""
        left = old.lease.remaining(self._shared.clock.now())
        try:
            await asyncio.wait_for(held.wait(), min(_UNACKNOWLEDGED, left / 2))
        except TimeoutError:
            self._holdings.forget(held)
        left = old.lease.remaining(self._shared.clock.now())
        await asyncio.sleep(min(_GRACE, left / 2))
        if old not in self._holdings.retiring:
            return  # the kernel has ended: all of it is owed
        if old.life is self._token.newest():
            # Its session goes on: it is revoked by itself.
            self._holdings.retiring.remove(old)
            if old.issued.upstream_lease is not None and old.issued.revocable:
                self._holdings.owe_lease(old, "replaced")
        else:
            self._over.add(old.lease.lease_id)
            self._retire_token(old.life)

    def _retire_token(self, life: Life) -> None:
        """Owe a token that has a successor when nothing of use hangs on it any more."""
        retiring = self._holdings.retiring
        hanging = [entry for entry in retiring if entry.life is life]
        waiting = {entry.lease.lease_id for entry in hanging} - self._over
        if waiting or any(entry.life is life for entry in self._book.all()):
            return
        for entry in hanging:
            retiring.remove(entry)
            self._over.discard(entry.lease.lease_id)
            if entry.issued.revocable:
                self._shared.trail.lease_ending(life.intent, entry)
        self._shared.trail.session_revoked(life.intent, "replaced")
        self._token.retire(life, below(life, hanging))


def _is_final(error: QcredError) -> bool:
    """Whether waiting does not help."""
    return not (isinstance(error, IssuerError) and error.retryable)


def _not_in_time(name: str) -> LeaseExpiredError:
    return LeaseExpiredError(f"{name} could not be renewed in time", credential=name)


def _wait(left: float, error: QcredError) -> float:
    """Seconds until the next attempt: a part of what is left, so that there are several."""
    wait = min(_LONGEST_WAIT, max(0.2, left / 4))
    asked = error.retry_after if isinstance(error, IssuerError) else None
    return max(wait, asked or 0.0)

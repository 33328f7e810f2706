"""What one kernel holds: its session token, its leases, and what happens to them."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from functools import partial
from math import isfinite
from typing import TYPE_CHECKING

from jupyter_qcred.core import wire
from jupyter_qcred.core.errors import IssuerError, LeaseExpiredError, QcredError
from jupyter_qcred.revoke.revoker import Debt

from .leases import LeaseBook
from .session_token import SessionToken
from .taken import GIVEN_BACK, REVOKED, Taken, TakenSession

if TYPE_CHECKING:
    from jupyter_qcred.core.lease import IntentId
    from jupyter_qcred.issue.issuer import IssuedCredential, IssuedToken
    from jupyter_qcred.issue.profile import Profile
    from jupyter_qcred.revoke.revoker import Settled

    from .leases import Entry
    from .link import Link
    from .shared import Holder, Shared
    from .taken import Why

_PATIENCE = 5.0
"""Seconds that a kernel which gives something back waits for the upstream's answer."""


class Holdings:
    """Issues, delivers, renews and gives back for one kernel. Runs on the engine's loop."""

    def __init__(self, shared: Shared, holder: Holder, link: Link) -> None:
        self._shared = shared
        self._holder = holder
        self._link = link
        self._book = LeaseBook(shared.clock)
        self._token = SessionToken(shared, holder)
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._retiring: set[asyncio.Task[None]] = set()
        # How often each name was taken back, and everything at once: what was asked for before
        # that is not delivered after it.
        self._cuts: Counter[str] = Counter()
        self._whole_cuts = 0
        self._closed = False

    @property
    def intent(self) -> IntentId | None:
        """The session token's name in journal and audit; None before the first one."""
        return self._token.intent

    @property
    def token_end(self) -> float | None:
        """When the session token dies unless it is renewed, on the clock; None without one."""
        return self._token.expires_at if self._token.current() is not None else None

    def entries(self) -> list[Entry]:
        """What is held, those past their end included."""
        return self._book.all()

    def find(self, lease_id: str) -> Entry | None:
        """Return what is held under this handle."""
        return self._book.by_id(lease_id)

    def close(self) -> None:
        """The kernel has ended: owe what is held, and record how each lease ends."""
        self._closed = True
        self._token.end(self._book.upstream_leases())
        intent = self.intent
        for entry in self._book.clear():
            if intent is not None:
                self._shared.trail.lease_ending(intent, entry)

    def acknowledged(self, lease_id: str) -> None:
        """The kernel holds the lease."""
        entry = self._book.delivered(lease_id)
        if entry is not None and self.intent is not None:
            self._shared.trail.delivered(self._holder, self.intent, entry)

    # -- issuing -------------------------------------------------------------------------------

    async def obtain(self, profile: Profile) -> None:
        """Deliver a credential, from the book or anew; concurrent callers share one issue.

        Raises:
            QcredError: the issuer's refusal or failure, or the kernel has ended.
        """
        async with self._locks[profile.name]:
            entry = self._book.find(profile.name)
            if entry is None or self._token.current() is None:
                entry = await self._issue(profile)
            self._deliver(entry)

    async def _issue(self, profile: Profile) -> Entry:
        shared = self._shared
        cuts = self._cuts_of(profile.name)
        try:
            token, issued = await self._ask_with_live_tokens(profile)
        except QcredError:
            self._check_not_taken(profile.name, cuts)
            raise
        intent = self.intent
        assert intent is not None, "a live session token has an intent"
        entry = self._book.add(profile, issued, self._token.expires_at)
        if cuts != self._cuts_of(profile.name):
            shared.trail.issued(self._holder, intent, token, entry)
            self._drop_unused(entry, token, whole=cuts[0] != self._whole_cuts)
            self._check_not_taken(profile.name, cuts)
        refused = shared.redactor.arm(
            profile.name, [value.reveal() for value in issued.values.values()]
        )
        if refused:
            shared.log.warning(
                "%s has a value too short to be redacted safely; it may show in outputs",
                profile.name,
            )
        shared.trail.issued(self._holder, intent, token, entry)
        return entry

    async def _ask_with_live_tokens(self, profile: Profile) -> tuple[IssuedToken, IssuedCredential]:
        """Ask again with new tokens where the issuer says that one above is dead.

        That shows one generation at a time: first the session token, then the server token.
        """
        for _ in range(2):
            try:
                return await self._ask_issuer(profile)
            except LeaseExpiredError:
                if self._closed:
                    raise
                self._token.replace()
        return await self._ask_issuer(profile)

    async def _ask_issuer(self, profile: Profile) -> tuple[IssuedToken, IssuedCredential]:
        token = await self._token.get()
        issuer = self._shared.issuer()
        issued = await self._shared.workers.run(partial(issuer.issue, token, profile))
        if self._closed:
            raise LeaseExpiredError("The kernel ended while its credentials were being issued")
        return token, issued

    def _deliver(self, entry: Entry) -> None:
        lease, issued = entry.lease, entry.issued
        self._link.send(
            wire.Deliver(
                credential=lease.credential,
                lease_id=lease.lease_id,
                vendor=entry.profile.vendor,
                main=issued.main,
                values={name: value.reveal() for name, value in issued.values.items()},
                public=dict(issued.public),
                expires_in=lease.remaining(self._shared.clock.now()),
                renewable=lease.renewable,
                revocable=lease.revocable,
                labels=dict(lease.labels),
            )
        )

    # -- renewing ------------------------------------------------------------------------------

    def next_due(self) -> float:
        """When something is to be renewed next, on the clock; infinity where nothing is."""
        return min([self._token.due, *(entry.due for entry in self._book.all())])

    async def renew(self, profile: Profile) -> None:
        """Extend or replace a credential now.

        Raises:
            QcredError: the issuer's refusal or failure.
        """
        entry = self._book.find(profile.name)
        if entry is None:
            await self.obtain(profile)
            return
        async with self._locks[profile.name]:
            await self._renew_entry(entry)

    async def renew_due(self, now: float) -> list[str]:
        """Renew what is due; return the names that were lost and are to be obtained anew."""
        lost: list[str] = []
        if self._book.all() and self._token.current() is None:
            # It died above us: after a suspend, or with a lost server token.
            lost += self._drop_all("The session at the issuer has ended")
        elif self._token.due <= now:
            lost += await self._renew_token()
        for entry in self._book.all():
            if entry.due <= now and not await self._renewed(entry):
                lost.append(entry.lease.credential)
        return lost

    def _drop_all(self, reason: str) -> list[str]:
        names = [entry.lease.credential for entry in self._book.clear()]
        for name in names:
            self._withdraw(name, reason)
        return names

    async def _renew_token(self) -> list[str]:
        try:
            if await self._token.renew():
                for entry in self._book.all():
                    self._extend(
                        self._book.extended(entry.lease.credential, self._token.expires_at)
                    )
                return []
        except QcredError as error:
            self._shared.log.warning("A session token could not be renewed yet: %s", error)
            self._token.retry_in(min(5.0, self._left() / 4))
            return []
        # The issuer won't extend it: a new one is opened by whoever asks next.
        self._token.replace(self._book.upstream_leases())
        # What the kernel holds serves it until the new values are there.
        return [entry.lease.credential for entry in self._book.clear()]

    def _left(self) -> float:
        return max(0.4, self._token.expires_at - self._shared.clock.now())

    async def _renewed(self, entry: Entry) -> bool:
        """Renew one credential; False when it ended before that could be done."""
        name = entry.lease.credential
        cuts = self._cuts_of(name)
        try:
            async with self._locks[name]:
                await self._renew_entry(entry)
        except QcredError as error:
            if cuts != self._cuts_of(name):
                return True  # taken back meanwhile: nothing is missing
            self._shared.log.warning("%s could not be renewed yet: %s", name, error)
            if self._book.find(name) is None:
                self._book.remove(name)
                self._withdraw(name, f"{name} could not be renewed in time")
                return False
            self._book.postponed(name)
        return True

    async def _renew_entry(self, entry: Entry) -> None:
        """Extend the value where the upstream can, else replace it by a new one."""
        name, lease_id = entry.lease.credential, entry.issued.upstream_lease
        cuts = self._cuts_of(name)
        token = self._token.current()
        ttl: float | None = None
        if token is not None and entry.issued.renewable and lease_id is not None:
            ttl = await self._extend_upstream(token, lease_id)
            self._check_not_taken(name, cuts)
        if ttl is not None:
            entry = self._book.renewed(name, ttl, self._token.expires_at)
            self._extend(entry)
        else:
            old, entry = entry, await self._issue(entry.profile)
            self._deliver(entry)
            if token is not None:
                self._retire_later(old, token)
        if self.intent is not None:
            self._shared.trail.renewed(self._holder, self.intent, entry, replaced=ttl is None)

    def _retire_later(self, old: Entry, token: IssuedToken) -> None:
        task = asyncio.get_running_loop().create_task(self._retire(old, token))
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    async def _retire(self, old: Entry, token: IssuedToken) -> None:
        """Revoke a value that was replaced. Where it fails, the session's end does it."""
        lease_id = old.issued.upstream_lease
        if lease_id is None or not old.issued.revocable:
            return
        try:
            issuer = self._shared.issuer()
            await self._shared.workers.run(partial(issuer.revoke_lease, token, lease_id))
        except QcredError as error:
            self._shared.log.debug("A replaced lease lives until its session ends: %s", error)

    async def _extend_upstream(self, token: IssuedToken, lease_id: str) -> float | None:
        """Seconds the lease lives now; None when it can't be extended any more."""
        try:
            issuer = self._shared.issuer()
            ttl = await self._shared.workers.run(partial(issuer.renew_lease, token, lease_id))
        except LeaseExpiredError:
            return None
        except IssuerError as error:
            if error.retryable:
                raise
            return None
        return ttl

    def _extend(self, entry: Entry) -> None:
        left = entry.lease.remaining(self._shared.clock.now())
        self._link.send(wire.Extend(lease_id=entry.lease.lease_id, expires_in=left))

    # -- giving back ---------------------------------------------------------------------------

    async def give_back(self, name: str) -> str:
        """Revoke one credential at the kernel's wish, and say how that stands (``Standing``).

        Raises:
            LeaseExpiredError: it is not held.
        """
        taken = self.take(name, GIVEN_BACK)
        if taken is None:
            raise LeaseExpiredError(f"{name} is not held", credential=name)
        return (await taken.standing(_PATIENCE)).value

    def take(self, name: str, why: Why) -> Taken | None:
        """Withdraw a credential from the kernel now, and owe its revocation.

        What is being issued under that name is not delivered any more; the next request may be.

        Returns:
            What was held, or None.
        """
        self._cuts[name] += 1
        entry = self._book.remove(name)
        if entry is None:
            return None
        self._withdraw(name, why.reason(name))
        return Taken(entry, self._owe_lease(entry, self._token.newest(), why.cause))

    def take_all(self, why: Why) -> TakenSession:
        """Withdraw everything from the kernel now, and owe the revocation of its session token.

        What is being issued is not delivered any more; the next request opens a new session.
        """
        self._whole_cuts += 1
        intent, leases = self.intent, self._book.upstream_leases()
        entries = self._book.clear()
        for entry in entries:
            self._withdraw(entry.lease.credential, why.reason(entry.lease.credential))
            if intent is not None:
                self._shared.trail.lease_ending(intent, entry)
        if intent is not None and self._token.newest() is not None:
            self._shared.trail.session_revoked(intent, why.cause)
        settled = self._token.replace(leases)
        taken = (Taken(entry, settled if entry.issued.revocable else None) for entry in entries)
        return TakenSession(intent, tuple(taken), settled)

    def _owe_lease(
        self, entry: Entry, token: IssuedToken | None, cause: str
    ) -> asyncio.Future[Settled] | None:
        """Owe the end of one lease; None where nobody can force it."""
        shared, intent, lease = self._shared, self.intent, entry.issued.upstream_lease
        assert intent is not None, "what is held was issued by a session token"
        if token is None or lease is None or not entry.issued.revocable:
            shared.trail.lease_unsupported(self._holder, intent, entry, cause)
            return None
        shared.trail.lease_returning(self._holder, entry, cause)
        end = entry.upstream_end if isfinite(entry.upstream_end) else self._token.expires_at
        debt = Debt(
            intent=intent, token=token, bound=end, leases=(lease,), lease_id=entry.lease.lease_id
        )
        return shared.revoker.owe(debt)

    def _cuts_of(self, name: str) -> tuple[int, int]:
        return self._whole_cuts, self._cuts[name]

    def _check_not_taken(self, name: str, cuts: tuple[int, int]) -> None:
        """Raise LeaseExpiredError if ``name`` was taken back since ``cuts``."""
        if cuts != self._cuts_of(name):
            raise LeaseExpiredError(
                f"{name} was revoked while it was being issued",
                next_step="Ask for it again, if it is still needed",
                credential=name,
            ) from None

    def _drop_unused(self, entry: Entry, token: IssuedToken, *, whole: bool) -> None:
        """Owe what was issued for somebody who must not have it any more."""
        self._book.remove(entry.lease.credential)
        self._owe_lease(entry, token, REVOKED.cause)
        if whole and self._token.current() is token:
            self._token.replace()

    def _withdraw(self, name: str, reason: str) -> None:
        why = LeaseExpiredError(reason, credential=name)
        self._link.send(
            wire.Withdraw(
                credential=name, code=why.code, reason=why.reason, next_step=why.next_step
            )
        )

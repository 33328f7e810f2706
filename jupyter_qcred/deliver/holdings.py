"""What one kernel holds: its session token, its leases, and how they come and go."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from functools import partial
from math import isfinite
from typing import TYPE_CHECKING

from jupyter_qcred.core import wire
from jupyter_qcred.core.errors import LeaseExpiredError, QcredError
from jupyter_qcred.revoke.revoker import Debt

from .alerts import Subject
from .leases import LeaseBook, upstream_leases
from .notices import Notices
from .session_token import SessionToken
from .taken import GIVEN_BACK, REVOKED, Taken, TakenSession

if TYPE_CHECKING:
    from jupyter_qcred.core.lease import IntentId
    from jupyter_qcred.issue.issuer import IssuedCredential
    from jupyter_qcred.issue.profile import Profile
    from jupyter_qcred.revoke.revoker import Settled

    from .leases import Entry
    from .link import Link
    from .session_token import Life
    from .shared import Holder, Shared
    from .taken import Why

_MARGIN = 1.0
"""Seconds, at most, by which a kernel forgets what it holds before it has died upstream."""

_PATIENCE = 5.0
"""Seconds that a kernel which gives something back waits for the upstream's answer."""


class Holdings:
    """Issues, delivers and gives back for one kernel. Runs on the engine's loop.

    Attributes:
        book: what was issued.
        token: what it was issued with.
        retiring: what was replaced by a newer value, and lives until the kernel has that.
        notices: what is missing or will end, and why.
        closed: the kernel has ended.
    """

    def __init__(self, shared: Shared, holder: Holder, link: Link) -> None:
        self._shared = shared
        self._holder = holder
        self._link = link
        self.book = LeaseBook(shared.clock)
        self.token = SessionToken(shared, holder)
        self.retiring: list[Entry] = []
        self.notices = Notices(shared.clock)
        self.closed = False
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._awaited: dict[str, asyncio.Event] = {}
        # How often each name was taken back, and everything at once: what was asked for before
        # that is not delivered after it.
        self._cuts: Counter[str] = Counter()
        self._whole_cuts = 0

    @property
    def intent(self) -> IntentId | None:
        """The newest session token's name in journal and audit; None before the first one."""
        return self.token.intent

    @property
    def token_end(self) -> float | None:
        """When the session token dies unless it is renewed, on the clock; None without one."""
        return self.token.expires_at if self.token.current() is not None else None

    def entries(self) -> list[Entry]:
        """What is held, those past their end included."""
        return self.book.all()

    def find(self, lease_id: str) -> Entry | None:
        """Return what is held under this handle."""
        return self.book.by_id(lease_id)

    def lock(self, name: str) -> asyncio.Lock:
        """What keeps two from issuing one credential at once."""
        return self._locks[name]

    def close(self) -> None:
        """The kernel has ended: owe what is held, and record how each lease ends."""
        self.closed = True
        self.token.end()
        self._owe_all()

    def _owe_all(self) -> asyncio.Future[Settled] | None:
        """Owe every session token with what hangs on it; return what tells of the newest."""
        entries = [*self.book.clear(), *self.retiring]
        self.retiring.clear()
        for entry in entries:
            self._shared.trail.lease_ending(entry.life.intent, entry)
        for life in self.token.older():
            self.token.retire(life, below(life, entries))
        newest = self.token.newest()
        return None if newest is None else self.token.replace(below(newest, entries))

    # -- issuing -------------------------------------------------------------------------------

    async def obtain(self, profile: Profile) -> None:
        """Deliver a credential, from the book or anew; concurrent callers share one issue.

        Raises:
            QcredError: the issuer's refusal or failure, or the kernel has ended.
        """
        async with self._locks[profile.name]:
            entry = self.book.find(profile.name)
            if entry is None or not self.token.alive(entry.life):
                entry = await self.issue(profile)
                subject = Subject("credential", self._holder, entry.life.intent, entry)
                self._shared.alerts.issued(subject, self._shared.recovery.members)
            self.deliver(entry)

    async def issue(self, profile: Profile) -> Entry:
        """Issue a credential, which replaces the one of that name; arm it, and record it.

        Raises:
            QcredError: the issuer's refusal or failure; the kernel has ended, or the credential was
                taken back meanwhile.
        """
        shared = self._shared
        cuts = self.cuts_of(profile.name)
        try:
            life, issued, asked = await self._ask_with_live_tokens(profile)
        except QcredError:
            self.check_not_taken(profile.name, cuts)
            raise
        entry = self.book.add(profile, issued, life, asked)
        if cuts != self.cuts_of(profile.name):
            shared.trail.issued(self._holder, life.intent, life.token, entry)
            self._drop_unused(entry, whole=cuts[0] != self._whole_cuts)
            self.check_not_taken(profile.name, cuts)
        refused = shared.redactor.arm(
            profile.name, [value.reveal() for value in issued.values.values()]
        )
        if refused:
            shared.calm.warn(
                ("short", profile.name),
                "%s has a value too short to be redacted safely; it may show in outputs",
                profile.name,
            )
        shared.trail.issued(self._holder, life.intent, life.token, entry)
        self.notices.settle(profile.name)
        return entry

    async def _ask_with_live_tokens(self, profile: Profile) -> tuple[Life, IssuedCredential, float]:
        """Ask again with new tokens where the issuer says that one above is dead.

        That shows one generation at a time: first the session token, then the server token.

        Returns:
            The session token that it was asked with, what came, and when it was asked.
        """
        for _ in range(2):
            try:
                return await self._ask_issuer(profile)
            except LeaseExpiredError:
                if self.closed:
                    raise
                self.token.replace()
        return await self._ask_issuer(profile)

    async def _ask_issuer(self, profile: Profile) -> tuple[Life, IssuedCredential, float]:
        life = await self.token.get()
        issuer, asked = self._shared.issuer(), self._shared.clock.now()
        issued = await self._shared.workers.run(partial(issuer.issue, life.token, profile))
        if self.closed:
            raise LeaseExpiredError("The kernel ended while its credentials were being issued")
        return life, issued, asked

    # -- telling the kernel --------------------------------------------------------------------

    def deliver(self, entry: Entry) -> None:
        """Send a credential to the kernel, and how long all that it holds is good."""
        lease, issued = entry.lease, entry.issued
        self.beat(self._shared.server_token.expires_at - self._shared.clock.now())
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

    def beat(self, left: float) -> None:
        """All that was delivered is good for ``left`` seconds: so long the server token lives.

        A little less: the message takes its time, and nothing may be served that is dead.
        """
        if self.book.all():
            good = left - min(_MARGIN, left / 10)
            self._link.send(wire.Beat(expires_in=good if isfinite(left) else None))

    def extend(self, entry: Entry) -> None:
        """Tell the kernel how long the value that it holds lives now."""
        self.notices.settle(entry.lease.credential)
        left = entry.lease.remaining(self._shared.clock.now())
        self._link.send(wire.Extend(lease_id=entry.lease.lease_id, expires_in=left))

    def tell(self, name: str, why: QcredError, left: float | None) -> None:
        """Tell the kernel what a person has to do about a credential that ends in ``left`` s."""
        self.notices.put(name, why, left)
        self._link.send(
            wire.Notice(
                credential=name,
                code=why.code,
                reason=why.reason,
                next_step=why.next_step,
                ends_in=left if left is not None and isfinite(left) else None,
            )
        )

    def withdraw(self, name: str, why: QcredError, *, again: bool = True) -> None:
        """Take a value from the kernel; ``again``: its next use asks for it anew."""
        self.notices.put(name, why)
        self._link.send(
            wire.Withdraw(
                credential=name,
                code=why.code,
                reason=why.reason,
                next_step=why.next_step,
                again=again,
            )
        )

    def acknowledged(self, lease_id: str) -> None:
        """The kernel holds the lease."""
        entry = self.book.delivered(lease_id)
        if entry is not None:
            self._shared.trail.delivered(self._holder, entry.life.intent, entry)
        if lease_id in self._awaited:
            self._awaited.pop(lease_id).set()

    def when_held(self, lease_id: str) -> asyncio.Event:
        """What is set once the kernel holds a lease that was just sent."""
        return self._awaited.setdefault(lease_id, asyncio.Event())

    def forget(self, held: asyncio.Event) -> None:
        """Nobody waits any more for what ``when_held`` returned."""
        self._awaited = {name: event for name, event in self._awaited.items() if event is not held}

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
        entry = self.book.remove(name)
        if entry is None:
            return None
        self.withdraw(name, LeaseExpiredError(why.reason(name), credential=name), again=False)
        return Taken(entry, self.owe_lease(entry, why.cause))

    def take_all(self, why: Why) -> TakenSession:
        """Withdraw everything from the kernel now, and owe the revocation of its session token.

        What is being issued is not delivered any more; the next request opens a new session.
        """
        self._whole_cuts += 1
        entries, newest, intent = self.book.all(), self.token.newest(), self.intent
        for name in [entry.lease.credential for entry in entries]:
            self.withdraw(name, LeaseExpiredError(why.reason(name), credential=name), again=False)
        for life in [*self.token.older(), *([newest] if newest is not None else [])]:
            self._shared.trail.session_revoked(life.intent, why.cause)
        settled = self._owe_all()
        taken = (Taken(entry, settled if entry.issued.revocable else None) for entry in entries)
        return TakenSession(intent, tuple(taken), settled)

    def owe_lease(self, entry: Entry, cause: str) -> asyncio.Future[Settled] | None:
        """Owe the end of one lease; None where nobody can force it."""
        shared, lease, life = self._shared, entry.issued.upstream_lease, entry.life
        if lease is None or not entry.issued.revocable:
            shared.trail.lease_unsupported(self._holder, life.intent, entry, cause)
            return None
        shared.trail.lease_returning(self._holder, entry, cause)
        debt = Debt(
            intent=life.intent,
            token=life.token,
            bound=entry.dead_at if isfinite(entry.dead_at) else life.dead_at,
            leases=(lease,),
            lease_id=entry.lease.lease_id,
        )
        return shared.revoker.owe(debt)

    def cuts_of(self, name: str) -> tuple[int, int]:
        """How often a credential was taken back; to be compared with later."""
        return self._whole_cuts, self._cuts[name]

    def check_not_taken(self, name: str, cuts: tuple[int, int]) -> None:
        """Raise LeaseExpiredError if ``name`` was taken back since ``cuts``."""
        if cuts != self.cuts_of(name):
            raise LeaseExpiredError(
                f"{name} was revoked while it was being issued",
                next_step="Ask for it again, if it is still needed",
                credential=name,
            ) from None

    def _drop_unused(self, entry: Entry, *, whole: bool) -> None:
        """Owe what was issued for somebody who must not have it any more."""
        self.book.remove(entry.lease.credential)
        self.owe_lease(entry, REVOKED.cause)
        if whole and self.token.newest() is entry.life:
            self.token.replace()


def below(life: Life, entries: list[Entry]) -> tuple[str, ...]:
    """Vault's ids of the leases that hang on one session token."""
    return upstream_leases(entry for entry in entries if entry.life is life)

"""Where one kernel's credentials are handed out, kept alive and taken back."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from jupyter_qcred.core import wire
from jupyter_qcred.core.backoff import delays
from jupyter_qcred.core.errors import (
    IssuerError,
    LeaseExpiredError,
    NotEntitledError,
    QcredError,
    UnknownCredentialError,
)
from jupyter_qcred.core.lease import Outcome
from jupyter_qcred.issue.selection import Selection

from .leases import LeaseBook
from .session_token import SessionToken

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from jupyter_qcred.issue.issuer import IssuedCredential, IssuedToken
    from jupyter_qcred.issue.profile import Profile

    from .leases import Entry
    from .link import KernelLink
    from .shared import Holder, Shared

_LONGEST_SLEEP = 15.0
"""Seconds: after a suspend the loop's own clock is late, so we look at ours at least this often."""


class Desk:
    """Serves one kernel. Runs on the engine's loop."""

    def __init__(self, shared: Shared, holder: Holder, link: KernelLink) -> None:
        self._shared = shared
        self._holder = holder
        self._link = link
        self._selection = Selection()
        self._book = LeaseBook(shared.clock)
        self._token = SessionToken(shared, holder)
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._requests: set[asyncio.Task[None]] = set()
        self._retries: dict[str, tuple[float, Iterator[float]]] = {}
        self._wake = asyncio.Event()
        self._closed = False
        self._why_nothing: QcredError | None = None

    def open(self, selection: Selection) -> None:
        """Tell the kernel what it may ask for."""
        self._selection = selection
        catalog = {name: profile.vendor for name, profile in selection.profiles.items()}
        self._link.send(wire.Catalog(credentials=catalog))
        self._run(self._care())

    def open_without(self, why: QcredError) -> None:
        """There is nothing to ask for; every request is answered with the reason."""
        self._why_nothing = why
        self._link.send(wire.Catalog(credentials={}))

    def close(self) -> None:
        """The kernel has ended: owe what is held, and record how each lease ends."""
        self._closed = True
        self._token.end(self._book.upstream_leases())
        self._wake.set()
        intent = self._token.intent
        for entry in self._book.clear():
            if intent is not None:
                self._shared.trail.lease_ending(intent, entry)

    # -- requests ------------------------------------------------------------------------------

    def want(self, name: str) -> None:
        """Deliver ``name`` as soon as it can be had, trying again by itself."""
        self._run(self._try(name))

    def serve(self, ask: wire.Ask) -> None:
        """Answer a request of the kernel, in its own time."""
        self._run(self._answer(ask))

    def acknowledged(self, lease_id: str) -> None:
        """The kernel holds the lease."""
        entry = self._book.delivered(lease_id)
        if entry is not None and self._token.intent is not None:
            self._shared.trail.delivered(self._holder, self._token.intent, entry)

    def _run(self, coroutine: Coroutine[object, object, None]) -> None:
        # Never cancelled: a request under way may end with a token, and that must be heard.
        task = asyncio.get_running_loop().create_task(coroutine)
        self._requests.add(task)
        task.add_done_callback(self._requests.discard)

    async def _answer(self, ask: wire.Ask) -> None:
        data: dict[str, str] = {}
        try:
            if ask.op == "get":
                await self._obtain(ask.credential)
            elif ask.op == "renew":
                await self._renew_now(ask.credential)
            elif ask.op == "revoke":
                data["outcome"] = await self._give_back(ask.credential)
            else:
                raise QcredError(f"The request {ask.op!r} is unknown")  # noqa: TRY301
        except QcredError as error:
            self._refuse(ask, error)
        except Exception as error:  # noqa: BLE001 - whoever asked must not wait in vain
            self._refuse(ask, self._fault(error))
        else:
            self._link.send(wire.Answer(id=ask.id, ok=True, data=data))

    def _fault(self, error: Exception) -> QcredError:
        """Log a fault of ours. Its type only: its words may hold anything."""
        self._shared.log.error("A request of a kernel failed: %s", type(error).__name__)
        return QcredError(
            f"The server failed with {type(error).__name__}",
            next_step="See the server's log, and report it to the developers of jupyter_qcred",
        )

    def _refuse(self, ask: wire.Ask, error: QcredError) -> None:
        if isinstance(error, NotEntitledError | UnknownCredentialError):
            self._shared.trail.denied(self._holder, self._token.intent, ask.credential, error)
        if isinstance(error, IssuerError) and error.retryable and ask.op == "get":
            # Asked for once, it arrives by itself when the issuer is back.
            self._retry_later(ask.credential)
        self._link.send(
            wire.Answer(
                id=ask.id,
                ok=False,
                code=error.code,
                reason=error.reason,
                next_step=error.next_step,
            )
        )

    # -- issuing -------------------------------------------------------------------------------

    async def _try(self, name: str) -> None:
        try:
            await self._obtain(name)
        except QcredError as error:
            self._shared.log.warning("%s was not delivered: %s", name, error)
            if isinstance(error, IssuerError) and error.retryable:
                self._retry_later(name)
            elif isinstance(error, NotEntitledError):
                self._shared.trail.denied(self._holder, self._token.intent, name, error)
        except Exception as error:  # noqa: BLE001 - one credential's fault is not the others'
            self._fault(error)

    def _retry_later(self, name: str) -> None:
        _, waits = self._retries.get(name, (0.0, delays(1.0, 30.0)))
        self._retries[name] = (self._shared.clock.now() + next(waits), waits)
        self._wake.set()

    async def _obtain(self, name: str) -> None:
        """Have ``name`` delivered, from the book or anew; concurrent callers share one issue."""
        profile = self._profile(name)
        async with self._locks[name]:
            entry = self._book.find(name)
            if entry is None or self._token.current() is None:
                entry = await self._issue(profile)
            self._retries.pop(name, None)
            self._deliver(entry)

    def _profile(self, name: str) -> Profile:
        selection, why = self._selection, self._why_nothing
        if why is not None:
            raise type(why)(why.reason, next_step=why.next_step, credential=name)
        if name in selection.profiles:
            return selection.profiles[name]
        if name in selection.left_out:
            raise UnknownCredentialError(
                f"This notebook's metadata asks for {', '.join(selection.profiles) or 'nothing'}, "
                f"so {name} does not reach it",
                next_step=f"Add {name!r} to metadata.qcred.requires and restart the kernel",
                credential=name,
            )
        if name in selection.denied:
            raise NotEntitledError(f"This server does not allow {name}", credential=name)
        raise UnknownCredentialError(f"No profile is named {name}", credential=name)

    async def _issue(self, profile: Profile) -> Entry:
        shared = self._shared
        token, issued = await self._ask_with_live_tokens(profile)
        intent = self._token.intent
        assert intent is not None, "a live session token has an intent"
        entry = self._book.add(profile, issued, self._token.expires_at)
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
        self._wake.set()

    # -- renewing ------------------------------------------------------------------------------

    async def _care(self) -> None:
        """Renew what is due and retry what is missing, for as long as the kernel lives."""
        while not self._closed:
            try:
                await self._sleep()
                if not self._closed:
                    await self._do_what_is_due(self._shared.clock.now())
            except Exception as error:  # noqa: BLE001 - one fault must not end all renewals
                self._fault(error)
                await asyncio.sleep(1.0)

    async def _do_what_is_due(self, now: float) -> None:
        if self._book.all() and self._token.current() is None:
            self._lost()
        elif self._token.due <= now:
            await self._renew_token()
        for entry in self._book.all():
            if entry.due <= now:
                await self._renew(entry)
        for name, (when, waits) in list(self._retries.items()):
            if when <= now:
                # In a task of its own: an issuer that hangs must not hold up the renewals.
                self._retries[name] = (float("inf"), waits)
                self.want(name)

    async def _sleep(self) -> None:
        dues = [self._token.due, *(entry.due for entry in self._book.all())]
        dues += [when for when, _ in self._retries.values()]
        left = min(dues) - self._shared.clock.now()
        self._wake.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), max(0.01, min(left, _LONGEST_SLEEP)))

    def _lost(self) -> None:
        """The session token died above us, after a suspend or a lost server token: start anew."""
        for entry in self._book.clear():
            self._withdraw(entry.lease.credential, "The session at the issuer has ended")
            self._retry_later(entry.lease.credential)

    async def _renew_token(self) -> None:
        try:
            if await self._token.renew():
                for entry in self._book.all():
                    self._extend(
                        self._book.extended(entry.lease.credential, self._token.expires_at)
                    )
                return
        except QcredError as error:
            self._shared.log.warning("A session token could not be renewed yet: %s", error)
            self._token.retry_in(min(5.0, self._left() / 4))
            return
        # The issuer won't extend it: a new token first, the old one is owed afterwards.
        self._token.replace(self._book.upstream_leases())
        for entry in self._book.clear():
            await self._try(entry.lease.credential)

    def _left(self) -> float:
        return max(0.4, self._token.expires_at - self._shared.clock.now())

    async def _renew(self, entry: Entry) -> None:
        name = entry.lease.credential
        try:
            async with self._locks[name]:
                await self._renew_entry(entry)
        except QcredError as error:
            self._shared.log.warning("%s could not be renewed yet: %s", name, error)
            if self._book.find(name) is not None:
                self._book.postponed(name)
                return
            self._book.remove(name)
            self._withdraw(name, f"{name} could not be renewed in time")
            self._retry_later(name)

    async def _renew_entry(self, entry: Entry) -> None:
        """Extend the value where the upstream can, else replace it by a new one."""
        name, lease_id = entry.lease.credential, entry.issued.upstream_lease
        token = self._token.current()
        ttl: float | None = None
        if token is not None and entry.issued.renewable and lease_id is not None:
            ttl = await self._extend_upstream(token, lease_id)
        if ttl is not None:
            entry = self._book.renewed(name, ttl, self._token.expires_at)
            self._extend(entry)
        else:
            old, entry = entry, await self._issue(entry.profile)
            self._deliver(entry)
            if token is not None:
                self._run(self._retire(old, token))
        if self._token.intent is not None:
            self._shared.trail.renewed(
                self._holder, self._token.intent, entry, replaced=ttl is None
            )

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
        except IssuerError as error:
            if error.retryable:
                raise
            return None
        return ttl

    async def _renew_now(self, name: str) -> None:
        entry = self._book.find(name)
        if entry is None:
            await self._obtain(name)
            return
        async with self._locks[name]:
            await self._renew_entry(entry)

    def _extend(self, entry: Entry) -> None:
        left = entry.lease.remaining(self._shared.clock.now())
        self._link.send(wire.Extend(lease_id=entry.lease.lease_id, expires_in=left))

    # -- giving back ---------------------------------------------------------------------------

    async def _give_back(self, name: str) -> str:
        """Revoke one credential at the kernel's wish."""
        self._profile(name)
        entry = self._book.remove(name)
        if entry is None:
            raise LeaseExpiredError(f"{name} is not held", credential=name)
        self._retries.pop(name, None)
        self._withdraw(name, f"{name} was given back")
        outcome = Outcome.UNSUPPORTED
        token, lease_id = self._token.current(), entry.issued.upstream_lease
        if token is not None and lease_id is not None and entry.issued.revocable:
            issuer = self._shared.issuer()
            outcome = await self._shared.workers.run(partial(issuer.revoke_lease, token, lease_id))
        if self._token.intent is not None:
            self._shared.trail.given_back(self._holder, self._token.intent, entry, outcome)
        return outcome.value

    def _withdraw(self, name: str, reason: str) -> None:
        why = LeaseExpiredError(reason, credential=name)
        self._link.send(
            wire.Withdraw(
                credential=name, code=why.code, reason=why.reason, next_step=why.next_step
            )
        )

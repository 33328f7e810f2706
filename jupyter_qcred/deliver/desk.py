"""Where one kernel's requests are answered, and what is due is done."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from math import isfinite
from typing import TYPE_CHECKING

from jupyter_qcred.core import wire
from jupyter_qcred.core.backoff import delays
from jupyter_qcred.core.errors import (
    IssuerError,
    NeedsLoginError,
    NotEntitledError,
    QcredError,
    UnknownCredentialError,
)
from jupyter_qcred.issue.selection import Selection

from .holdings import Holdings
from .renewal import Renewal

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator, Mapping

    from jupyter_qcred.issue.profile import Profile

    from .link import Link
    from .shared import Holder, Shared
    from .taken import Taken, TakenSession, Why

_SPREAD = 5.0
"""Seconds over which the kernels of a server obtain anew what all of them lost in one moment."""

_LOGIN_WAIT = 30.0
"""Seconds, about, after which somebody may have logged in."""

_LONGEST_SLEEP = 15.0
"""Seconds: after a suspend the loop's own clock is late, so we look at ours at least this often."""


class Desk:
    """Serves one kernel. Runs on the engine's loop."""

    def __init__(self, shared: Shared, holder: Holder, link: Link) -> None:
        self._shared = shared
        self._holder = holder
        self._link = link
        self._selection = Selection()
        self._available: tuple[Mapping[str, str], ...] = ()
        self._holdings = Holdings(shared, holder, link)
        self._renewal = Renewal(shared, holder, self._holdings)
        self._requests: set[asyncio.Task[None]] = set()
        self._retries: dict[str, tuple[float, Iterator[float]]] = {}
        self._wake = asyncio.Event()
        self._closed = False
        self._why_nothing: QcredError | None = None

    def open(self, selection: Selection) -> None:
        """Tell the kernel what it may ask for."""
        self._selection = selection
        catalog = {name: profile.vendor for name, profile in selection.profiles.items()}
        self._available = tuple(
            {"credential": name, "vendor": vendor} for name, vendor in catalog.items()
        )
        self._link.send(wire.Catalog(credentials=catalog))
        for name in (*selection.unknown, *selection.denied):
            self._holdings.notices.put(name, _why_not(selection, name))
        self._shared.server_token.watch(self)
        self._shared.recovery.join(self)
        self._run(self._care())

    def open_without(self, why: QcredError) -> None:
        """There is nothing to ask for; every request is answered with the reason."""
        self._holdings.notices.put("", why)
        self._why_nothing = why
        self._link.send(wire.Catalog(credentials={}))

    def close(self) -> None:
        """The kernel has ended: owe what is held, and record how each lease ends."""
        self._closed = True
        self._shared.server_token.unwatch(self)
        self._shared.recovery.leave(self)
        self._holdings.close()
        self._wake.set()

    # -- at the wish of people ------------------------------------------------------------------

    @property
    def holdings(self) -> Holdings:
        """What the kernel holds."""
        return self._holdings

    @property
    def available(self) -> tuple[Mapping[str, str], ...]:
        """What the kernel may ask for: name and vendor of each credential."""
        return self._available

    def take(self, name: str, why: Why) -> Taken | None:
        """Take a credential back; it does not come again unasked."""
        self._retries.pop(name, None)
        return self._holdings.take(name, why)

    def take_all(self, why: Why) -> TakenSession:
        """Take everything back; nothing comes again unasked."""
        self._retries.clear()
        return self._holdings.take_all(why)

    async def deliver(self, name: str) -> None:
        """Deliver a credential now, as if the kernel itself had asked for it.

        Raises:
            QcredError: the issuer's refusal or failure; whoever looks from outside sees it, too.
        """
        try:
            await self._obtain(name)
        except QcredError as error:
            self._missed(name, error)
            raise

    async def renew(self, name: str) -> None:
        """Extend or replace a credential now.

        Raises:
            QcredError: the issuer's refusal or failure.
        """
        await self._renewal.renew(self._profile(name))
        self._wake.set()

    # -- requests ------------------------------------------------------------------------------

    def want(self, name: str) -> None:
        """Deliver ``name`` as soon as it can be had, trying again by itself."""
        self._run(self._try(name))

    def serve(self, ask: wire.Ask) -> None:
        """Answer a request of the kernel, in its own time."""
        self._run(self._answer(ask))

    def acknowledged(self, lease_id: str) -> None:
        """The kernel holds the lease."""
        self._holdings.acknowledged(lease_id)

    def redacted(self, message: wire.Redacted) -> None:
        """The kernel redacted something that it was about to send."""
        self._shared.trail.redacted_live(
            self._holder,
            self._holdings.intent,
            message.credential,
            where=message.where,
            count=message.count,
        )

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
                await self.renew(ask.credential)
            elif ask.op == "revoke":
                data["outcome"] = await self._give_back(self._profile(ask.credential))
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
        self._missed(ask.credential, error, wanted=ask.op == "get")
        self._link.send(
            wire.Answer(
                id=ask.id,
                ok=False,
                code=error.code,
                reason=error.reason,
                next_step=error.next_step,
            )
        )

    def _missed(self, name: str, error: QcredError, *, wanted: bool = True) -> None:
        """Record that somebody asked in vain, and ask again by ourselves where that may help.

        ``wanted``: for the credential itself, and not for its renewal or end.
        """
        if wanted and name in self._selection.profiles:
            self._holdings.notices.put(name, error)
        if isinstance(error, NotEntitledError | UnknownCredentialError):
            self._shared.trail.denied(self._holder, self._holdings.intent, name, error)
        if isinstance(error, IssuerError) and error.retryable and wanted:
            # Asked for once, it arrives by itself when the issuer is back.
            self._retry_later(name, error.retry_after or 0.0)
        elif isinstance(error, NeedsLoginError):
            self._await_login(name, error)

    # -- obtaining -----------------------------------------------------------------------------

    async def _try(self, name: str) -> None:
        try:
            await self._obtain(name)
        except QcredError as error:
            self._not_obtained(name, error)
        except Exception as error:  # noqa: BLE001 - one credential's fault is not the others'
            self._fault(error)

    def _not_obtained(self, name: str, error: QcredError) -> None:
        self._holdings.notices.put(name, error)
        if isinstance(error, IssuerError) and error.retryable:
            # The breaker tells of it once, for all kernels.
            self._shared.log.debug("%s was not delivered yet: %s", name, error)
            self._retry_later(name, error.retry_after or 0.0)
            return
        self._shared.calm.warn((name, error.code), "%s was not delivered: %s", name, error)
        if isinstance(error, NeedsLoginError):
            self._await_login(name, error)
        elif isinstance(error, NotEntitledError):
            self._shared.trail.denied(self._holder, self._holdings.intent, name, error)

    def _await_login(self, name: str, error: NeedsLoginError) -> None:
        self._holdings.tell(name, error, None)
        self._retry_later(name, _LOGIN_WAIT * random.uniform(0.5, 1.5))  # noqa: S311 - a spread

    def _retry_later(self, name: str, at_least: float = 0.0) -> None:
        _, waits = self._retries.get(name, (0.0, delays(1.0, 30.0)))
        wait = max(next(waits), at_least)
        self._retries[name] = (self._shared.clock.now() + wait, waits)
        self._wake.set()

    # -- what becomes of the server token and the issuer ---------------------------------------

    def beat(self, left: float) -> None:
        """Everything is good for ``left`` seconds more."""
        self._holdings.beat(left)

    def succeeded(self) -> None:
        """The server token has a successor: move over to it, not all at once."""
        left = (self._holdings.token_end or 0.0) - self._shared.clock.now()
        spread = max(0.0, min(_SPREAD, left / 4))
        self._holdings.token.outlived(random.uniform(0.0, spread))  # noqa: S311 - spreads load
        self._wake.set()

    def ending(self, why: QcredError, left: float) -> None:
        """The server token ends, and only a person can do anything about it."""
        self._renewal.all_ending(why, left)

    def lost(self) -> None:
        """The server token has ended, and all that hung on it."""
        self._wake.set()

    @property
    def waiting(self) -> bool:
        """Whether something was asked for and has not come yet."""
        return bool(self._retries)

    def hurry(self, spread: float) -> None:
        """The issuer is back, or should be tried: do within ``spread`` seconds what waits."""
        seconds = random.uniform(0.0, spread)  # noqa: S311 - spreads load
        when = self._shared.clock.now() + seconds
        for name, (due, waits) in self._retries.items():
            if isfinite(due):  # else it is being asked for at this moment
                self._retries[name] = (when, waits)
        self._renewal.hurry(seconds)
        self._wake.set()

    async def _obtain(self, name: str) -> None:
        await self._holdings.obtain(self._profile(name))
        self._retries.pop(name, None)
        self._wake.set()

    async def _give_back(self, profile: Profile) -> str:
        self._retries.pop(profile.name, None)
        return await self._holdings.give_back(profile.name)

    def _profile(self, name: str) -> Profile:
        selection, why = self._selection, self._why_nothing
        if why is not None:
            raise type(why)(why.reason, next_step=why.next_step, credential=name)
        if name in selection.profiles:
            return selection.profiles[name]
        raise _why_not(selection, name)

    # -- in the background ---------------------------------------------------------------------

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
        for name in await self._renewal.renew_due(now):
            # Whoever uses it before that gets it at once.
            spread = random.uniform(0.0, _SPREAD)  # noqa: S311 - spreads load
            self._retries.setdefault(name, (now + spread, delays(1.0, 30.0)))
        for name, (when, waits) in list(self._retries.items()):
            if when <= now:
                # In a task of its own: an issuer that hangs must not hold up the renewals.
                self._retries[name] = (float("inf"), waits)
                self.want(name)

    async def _sleep(self) -> None:
        due = min([self._renewal.next_due(), *(when for when, _ in self._retries.values())])
        left = due - self._shared.clock.now()
        self._wake.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), max(0.01, min(left, _LONGEST_SLEEP)))


def _why_not(selection: Selection, name: str) -> QcredError:
    """Say why a kernel may not ask for a credential."""
    if name in selection.left_out:
        return UnknownCredentialError(
            f"This notebook's metadata asks for {', '.join(selection.profiles) or 'nothing'}, "
            f"so {name} does not reach it",
            next_step=f"Add {name!r} to metadata.qcred.requires and restart the kernel",
            credential=name,
        )
    if name in selection.denied:
        return NotEntitledError(f"This server does not allow {name}", credential=name)
    return UnknownCredentialError(f"No profile is named {name}", credential=name)

"""What people may see and do about a server's credentials: look, deliver, renew, revoke.

Everything runs on the engine's loop. A revocation takes the value from the kernel at once and owes
the rest, so that an answer never waits for the issuer longer than its caller has patience.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

from jupyter_qcred.core.errors import UnknownCredentialError
from jupyter_qcred.core.version import __version__

from . import overview
from .overview import (
    IssuerOverview,
    Revocation,
    RevokedCredential,
    RevokedSession,
    ServerOverview,
    TokenOverview,
)
from .taken import REVOKED, Standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .leases import Entry
    from .overview import CredentialOverview, LeftoverOverview, OutstandingOverview
    from .parts import Parts
    from .service import CredentialService
    from .session import KernelSession
    from .taken import Taken, TakenSession


class By(StrEnum):
    """By what credentials are selected."""

    KERNEL = "kernel"
    NOTEBOOK = "notebook"
    CREDENTIAL = "credential"
    USER = "user"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Selector:
    """What to revoke.

    ``CREDENTIAL`` takes one name from every kernel, whose sessions go on. All others take down the
    session token of each kernel they match, and so everything it holds.

    Attributes:
        value: what to compare with; empty for ``ALL``. A notebook is a file's absolute path.
    """

    by: By
    value: str = ""


class Oversight:
    """Answers for one service. Make one where it is needed: it keeps nothing."""

    def __init__(self, service: CredentialService) -> None:
        self._service = service

    # -- looking -------------------------------------------------------------------------------

    async def status(self) -> ServerOverview:
        """Return everything."""
        service, parts = self._service, self._service.made_parts
        now = service.clock.now()
        return ServerOverview(
            now=overview.moment(service.clock.wall()),
            version=__version__,
            server=service.server_id,
            user=service.user,
            enabled=service.enabled,
            durable=parts is None or parts.journal.durable,
            issuer=_issuer(parts),
            server_token=_server_token(parts, now),
            login=parts.logins.overview() if parts is not None else None,
            kernels=tuple(session.overview(now) for session in service.sessions()),
            outstanding=self._owed(now),
            leftovers=self._left(now),
        )

    async def outstanding(
        self,
    ) -> tuple[tuple[OutstandingOverview, ...], tuple[LeftoverOverview, ...]]:
        """Return what is owed: of this server's kernels, and of earlier servers."""
        now = self._service.clock.now()
        return self._owed(now), self._left(now)

    def _owed(self, now: float) -> tuple[OutstandingOverview, ...]:
        parts = self._service.made_parts
        if parts is None:
            return ()
        return tuple(
            overview.outstanding(owed, parts.trail.owner(owed.debt), now)
            for owed in parts.revoker.open()
        )

    def _left(self, now: float) -> tuple[LeftoverOverview, ...]:
        parts = self._service.made_parts
        if parts is None:
            return ()
        return tuple(overview.leftover(left, now) for left in parts.leftovers())

    # -- delivering and renewing ---------------------------------------------------------------

    async def deliver(self, kernel: str, name: str) -> CredentialOverview:
        """Deliver a credential to a kernel that may ask for it, and return what it holds then.

        Raises:
            UnknownCredentialError: no such kernel has a channel to us, or it may not ask for this.
            QcredError: the issuer's refusal or failure.
        """
        for session in reversed(self._service.sessions()):  # the newest launch of that id
            if session.kernel_id == kernel:
                await session.desk.deliver(name)
                return self._held(session, name)
        raise UnknownCredentialError(
            "No kernel of this id gets credentials from this server",
            next_step="Open the notebook again, or restart its kernel",
            credential=name,
        )

    async def renew(self, lease_id: str) -> CredentialOverview:
        """Extend or replace a credential now, and return what the kernel holds then.

        Raises:
            UnknownCredentialError: no kernel holds this lease.
            QcredError: the issuer's refusal or failure.
        """
        session, entry = self._find(lease_id)
        name = entry.lease.credential
        await session.desk.renew(name)
        return self._held(session, name)

    def _held(self, session: KernelSession, name: str) -> CredentialOverview:
        now = self._service.clock.now()
        for held in session.overview(now).credentials:
            if held.credential == name:
                return held
        raise _unknown()

    def _find(self, lease_id: str) -> tuple[KernelSession, Entry]:
        for session in self._service.sessions():
            entry = session.desk.holdings.find(lease_id)
            if entry is not None:
                return session, entry
        raise _unknown()

    # -- revoking ------------------------------------------------------------------------------

    async def revoke_lease(self, lease_id: str, patience: float) -> Revocation:
        """Revoke one credential of one kernel; its session goes on.

        Raises:
            UnknownCredentialError: no kernel holds this lease.
        """
        session, entry = self._find(lease_id)
        return await self._take_one([session], entry.lease.credential, patience)

    async def revoke(self, selector: Selector, patience: float) -> Revocation:
        """Take what is selected from its kernels, owe its end, and say how that stands.

        Args:
            selector: what to revoke.
            patience: seconds to wait for the issuer's answers; what is not answered by then is
                outstanding, and goes on being asked for.
        """
        if selector.by is By.CREDENTIAL:
            return await self._take_one(self._service.sessions(), selector.value, patience)
        sessions = await self._matching(selector)
        ended = [(session, session.desk.take_all(REVOKED)) for session in sessions]
        held = [(session, taken) for session, end in ended for taken in end.credentials]
        tokens = [(session, end) for session, end in ended if end.settled is not None]
        standings = await _standings([end for _, end in tokens], patience)
        return Revocation(
            matched=len(sessions),
            credentials=await self._credentials(held, patience=0.0),
            sessions=tuple(map(_session, tokens, standings)),
            outstanding=Standing.OUTSTANDING in standings,
        )

    async def _take_one(
        self, sessions: Iterable[KernelSession], name: str, patience: float
    ) -> Revocation:
        taken = [(session, session.desk.take(name, REVOKED)) for session in sessions]
        held = [(session, one) for session, one in taken if one is not None]
        credentials = await self._credentials(held, patience)
        return Revocation(
            matched=len(held),
            credentials=credentials,
            sessions=(),
            outstanding=any(one.outcome is Standing.OUTSTANDING for one in credentials),
        )

    async def _credentials(
        self, held: Sequence[tuple[KernelSession, Taken]], patience: float
    ) -> tuple[RevokedCredential, ...]:
        standings = await _standings([taken for _, taken in held], patience)
        now = self._service.clock.now()
        return tuple(
            RevokedCredential(
                lease_id=taken.entry.lease.lease_id,
                credential=taken.entry.lease.credential,
                vendor=taken.entry.profile.vendor,
                kernel=session.kernel_id,
                notebook=session.notebook,
                outcome=standing,
                expires_in=overview.seconds_until(taken.entry.dead_at, now)
                if standing in _MAY_LIVE
                else None,
            )
            for (session, taken), standing in zip(held, standings, strict=True)
        )

    async def _matching(self, selector: Selector) -> list[KernelSession]:
        sessions = self._service.sessions()
        if selector.by is By.KERNEL:
            return [session for session in sessions if session.kernel_id == selector.value]
        if selector.by is By.NOTEBOOK:
            # A path may lie on a network that hangs, so links are followed beside the loop.
            notebooks = [session.notebook for session in sessions]
            same = await self._service.workers.run(partial(_same_files, notebooks, selector.value))
            found = [session for session, it in zip(sessions, same, strict=True) if it]
            return [session for session in found if not session.ended]
        if selector.by is By.USER and selector.value != self._service.user:
            return []  # whoever else it is has no kernel here
        return sessions


_MAY_LIVE = frozenset({Standing.UNSUPPORTED, Standing.OUTSTANDING})


async def _standings(taken: Sequence[Taken | TakenSession], patience: float) -> list[Standing]:
    return await asyncio.gather(*(one.standing(patience) for one in taken))


def _session(token: tuple[KernelSession, TakenSession], standing: Standing) -> RevokedSession:
    session, end = token
    return RevokedSession(
        session=end.intent or "",
        kernel=session.kernel_id,
        notebook=session.notebook,
        outcome=standing,
    )


def _issuer(parts: Parts | None) -> IssuerOverview:
    if parts is None or not parts.supply.contacted:
        return IssuerOverview("", "unknown")
    name, outage = parts.supply.describe(), parts.guard.whole.outage()
    if outage is None:
        return IssuerOverview(name, "ok")
    return IssuerOverview(
        description=name,
        health=outage.code,
        reason=outage.words,
        since=outage.since.isoformat(timespec="seconds"),
        next_try_in=round(outage.next_try, 1),
    )


def _server_token(parts: Parts | None, now: float) -> TokenOverview | None:
    token = parts.server_token.current() if parts is not None else None
    if parts is None or token is None:
        return None
    left = overview.seconds_until(parts.server_token.expires_at, now)
    return TokenOverview(expires_in=left or 0.0, narrowed=token.narrowed, own=token.own)


def _same_files(paths: Sequence[str], other: str) -> list[bool]:
    """Tell of each path whether it is the file ``other``, links followed."""
    wanted = os.path.realpath(other)
    return [bool(path) and os.path.realpath(path) == wanted for path in paths]


def _unknown() -> UnknownCredentialError:
    return UnknownCredentialError(
        "No kernel of this server holds a lease with this id",
        next_step="`jupyter qcred status` shows what is held",
    )

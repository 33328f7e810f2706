"""What was taken back from a kernel before it ended, and how the revocation of that stands."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from jupyter_qcred.core.lease import IntentId
    from jupyter_qcred.revoke.revoker import Settled

    from .leases import Entry


class Standing(StrEnum):
    """How a revocation that was asked for stands."""

    CONFIRMED = "confirmed"
    UNSUPPORTED = "unsupported"
    EXPIRED = "expired"
    OUTSTANDING = "outstanding"
    """Owed: it is tried again until the upstream answers, or the value has certainly died."""


@dataclass(frozen=True, slots=True)
class Why:
    """On whose wish something is taken back.

    Attributes:
        cause: a word for the audit.
        words: for the kernel, with a place for the credential's name.
    """

    cause: str
    words: str

    def reason(self, name: str) -> str:
        """Return the words about one credential."""
        return self.words.format(name)


GIVEN_BACK: Final = Why("given_back", "{} was given back")
REVOKED: Final = Why("revoked_by_user", "{} was revoked by the user of this server")


@dataclass(frozen=True, slots=True)
class Taken:
    """One credential that the kernel does not have any more.

    Attributes:
        entry: what it was.
        settled: tells how its revocation ended; None where nobody can force its end.
    """

    entry: Entry
    settled: asyncio.Future[Settled] | None

    async def standing(self, timeout: float) -> Standing:
        """Wait up to ``timeout`` seconds, and return how the revocation stands then."""
        return await _standing(self.settled, timeout)


@dataclass(frozen=True, slots=True)
class TakenSession:
    """Everything that one kernel held.

    Attributes:
        intent: the session token's name in audit and journal; None where there never was one.
        credentials: what was withdrawn.
        settled: tells how the session token's revocation ended; None where there was no token.
    """

    intent: IntentId | None
    credentials: tuple[Taken, ...]
    settled: asyncio.Future[Settled] | None

    async def standing(self, timeout: float) -> Standing:
        """As for one credential."""
        return await _standing(self.settled, timeout)


async def _standing(settled: asyncio.Future[Settled] | None, timeout: float) -> Standing:
    if settled is None:
        return Standing.UNSUPPORTED
    if not settled.done():
        await asyncio.wait({settled}, timeout=timeout)
    return Standing(settled.result().value) if settled.done() else Standing.OUTSTANDING

"""Finds out when an issuer that was away is back, and lets all who wait know at once.

Left to themselves, hundreds of kernels would each find out by their own retries: late, and all over
again. So one request at a time probes, when the breaker lets one through: the heartbeat, or the
request of one kernel that waits.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from jupyter_qcred.issue.breaker import Breaker
    from jupyter_qcred.revoke.revoker import Revoker

    from .server_token import ServerToken

_SOONEST = 0.1
_PER_KERNEL = 0.01
"""Seconds between the requests of two kernels when all of them have waited."""

_LONGEST_SPREAD = 5.0


class Waiting(Protocol):
    """Somebody whose requests failed."""

    @property
    def waiting(self) -> bool:
        """Whether something was asked for and has not come yet."""
        ...

    def hurry(self, spread: float) -> None:
        """Try again within ``spread`` seconds."""
        ...


class Recovery:
    """Runs on the engine's loop."""

    def __init__(self, breaker: Breaker, server_token: ServerToken, revoker: Revoker) -> None:
        self._breaker = breaker
        self._server_token = server_token
        self._revoker = revoker
        self._members: dict[Waiting, None] = {}
        self._probing: asyncio.Task[None] | None = None

    @property
    def members(self) -> int:
        """How many kernels there are."""
        return len(self._members)

    def join(self, member: Waiting) -> None:
        """Tell ``member`` when the issuer is back."""
        self._members[member] = None

    def leave(self, member: Waiting) -> None:
        """Tell it no more. May be called twice."""
        self._members.pop(member, None)

    def changed(self) -> None:
        """The breaker has opened or closed."""
        if self._breaker.outage() is None:
            self._back()
        elif self._probing is None or self._probing.done():
            self._probing = asyncio.get_running_loop().create_task(self._probe())

    async def _probe(self) -> None:
        while (outage := self._breaker.outage()) is not None:
            await asyncio.sleep(max(_SOONEST, outage.next_try))
            self._try()
            await asyncio.sleep(_SOONEST)

    def _try(self) -> None:
        if self._server_token.current() is not None:
            self._server_token.hurry()
            return
        one = next((member for member in self._members if member.waiting), None)
        if one is not None:
            one.hurry(0.0)

    def _back(self) -> None:
        self._server_token.hurry()
        self._revoker.hurry()
        self.served()

    def served(self) -> None:
        """Requests can succeed again: the issuer is back, or somebody has logged in."""
        spread = min(_LONGEST_SPREAD, _PER_KERNEL * len(self._members))
        for member in list(self._members):
            member.hurry(spread)

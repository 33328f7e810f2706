"""What has changed since a client looked last: the long poll of browsers.

The server looks at its own state once a second while somebody waits, and not at all while nobody
does. So a change is seen whatever made it, and no part of the service has to tell of it. What is
compared is what people see; the passing of time alone is no change, since clients count down by
themselves.

A client names the last answer that it had by its id. There are no queues: an answer is the present
state, so that a client which was away for an hour is as well served as one that was never away.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from jupyter_qcred.core.errors import QcredError
from jupyter_qcred.deliver.overview import names_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from jupyter_qcred.core.clock import Clock
    from jupyter_qcred.deliver.overview import ServerOverview

    from .receipt import Receipts

LONGEST_WAIT: Final = 50.0
"""Seconds: proxies cut requests that stay silent for a minute."""

_TICK: Final = 1.0
_MOST_WAITING: Final = 64
_TOLERANCE: Final = 1.0
"""Seconds by which a countdown may be wrong before that is a change."""

_DEADLINES: Final = frozenset({"expires_in", "token_expires_in", "ends_in"})
_RESTLESS: Final = frozenset({"now", "next_try_in", "attempts"})
"""What moves while the same trouble goes on."""


class StoppingError(Exception):
    """The server stops: nothing will change any more."""


class TooManyError(Exception):
    """As many clients wait as may."""


@dataclass(frozen=True, slots=True)
class News:
    """An answer.

    Attributes:
        id: names this answer.
        status: the present state; None where the client has it.
        resumed: the client's id was understood; if not, anything may be new.
        redactions: files in which something else is redacted now.
    """

    id: str
    status: ServerOverview | None
    resumed: bool
    redactions: tuple[str, ...]

    @property
    def any(self) -> bool:
        """Whether the client does not know something of this."""
        return self.status is not None or bool(self.redactions) or not self.resumed


class Changes:
    """Serves the clients of one server. Runs on the server's event loop.

    Args:
        look: returns the present state; may raise QcredError or TimeoutError.
        receipts: what saves redacted; None where they are not redacted.
        clock: to compare deadlines.
        server: a name that no other process has, and without a full stop.
    """

    def __init__(
        self,
        look: Callable[[], Awaitable[ServerOverview]],
        receipts: Receipts | None,
        clock: Clock,
        server: str,
    ) -> None:
        self._ask = look
        self._receipts = receipts
        self._clock = clock
        self._server = server
        self._count = 0
        self._told: tuple[ServerOverview, float] | None = None
        self._latest: ServerOverview | None = None
        self._saves = 0
        self._waiting = 0
        self._closed = False
        self._looking = asyncio.Lock()
        self._news = asyncio.Event()
        self._ticking: asyncio.Task[None] | None = None

    async def after(self, since: str, wait: float) -> News:
        """Return what is new, as soon as there is something, or after so many seconds.

        Args:
            since: the id of an earlier answer; empty, or of another server: all is new.
            wait: at most ``LONGEST_WAIT`` seconds count.

        Raises:
            StoppingError: the server stops.
            TooManyError: too many clients wait.
            QcredError, TimeoutError: the state cannot be had.
        """
        if self._closed:
            raise StoppingError
        if self._waiting >= _MOST_WAITING:
            raise TooManyError
        self._waiting += 1
        try:
            await self._look()
            if not self._since(since).any and wait > 0:
                self._tick()
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(wait, LONGEST_WAIT)):
                        await self._something(since)
        finally:
            self._waiting -= 1
        return self._since(since)

    def close(self) -> None:
        """Send every client away. May be called twice."""
        self._closed = True
        self._wake()
        if self._ticking is not None:
            self._ticking.cancel()

    async def _something(self, since: str) -> None:
        while not self._since(since).any:
            if self._closed:
                raise StoppingError
            await self._news.wait()

    def _since(self, since: str) -> News:
        files = self._receipts
        saves = files.count if files is not None else 0
        name = f"{self._server}.{self._count}.{saves}"
        known = self._numbers(since)
        if known is None:
            return News(name, self._latest, resumed=False, redactions=())
        count, earlier = known
        paths = files.since(earlier) if files is not None else ()
        return News(
            name,
            self._latest if count != self._count else None,
            resumed=paths is not None,
            redactions=paths or (),
        )

    def _numbers(self, since: str) -> tuple[int, int] | None:
        """Read an id of ours; None for any other text."""
        server, _, rest = since.partition(".")
        parts = rest.split(".")
        plain = len(parts) == 2 and all(
            part.isascii() and part.isdigit() and len(part) < 16 for part in parts
        )
        return (int(parts[0]), int(parts[1])) if plain and server == self._server else None

    # -- looking -------------------------------------------------------------------------------

    def _tick(self) -> None:
        if self._ticking is None or self._ticking.done():
            self._ticking = asyncio.get_running_loop().create_task(self._keep_looking())

    async def _keep_looking(self) -> None:
        while self._waiting and not self._closed:
            await asyncio.sleep(_TICK)
            with suppress(QcredError, TimeoutError):  # busy: the next look tells
                await self._look()

    async def _look(self) -> None:
        async with self._looking:
            self._latest = status = await self._ask()
            now = self._clock.now()
            if self._told is None or not same(self._told[0], status, now - self._told[1]):
                self._told = (status, now)
                self._count += 1
                self._wake()
        if self._receipts is not None and self._receipts.count != self._saves:
            self._saves = self._receipts.count
            self._wake()

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


def same(one: object, other: object, passed: float, key: str = "") -> bool:
    """Whether two states, ``passed`` seconds apart, differ by the passing of time alone."""
    if key in _RESTLESS:
        return True
    if key in _DEADLINES and isinstance(one, float) and isinstance(other, float):
        return abs(max(0.0, one - passed) - other) <= _TOLERANCE
    if type(one) is not type(other):
        return False
    if isinstance(one, tuple) and isinstance(other, tuple) and one and names_of(one[0]):
        return len(one) == len(other) and all(
            same(first, second, passed) for first, second in zip(one, other, strict=True)
        )
    names = names_of(one)
    if not names:
        return one == other
    return all(same(getattr(one, name), getattr(other, name), passed, name) for name in names)

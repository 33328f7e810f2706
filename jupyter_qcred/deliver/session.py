"""One kernel launch, from the claim of its channel to the end of its process.

    launched ──claim──▶ conversing ──process ends, or channel closes──▶ ended

Credentials that start with the kernel are issued once it has claimed the channel: a kernel that
never gets that far costs no token. Everything runs on the engine's loop; nothing here can delay or
fail the kernel.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

from jupyter_qcred.core import wire
from jupyter_qcred.core.errors import QcredError, WireError
from jupyter_qcred.issue.profile import DeliverWhen
from jupyter_qcred.revoke.watch import process_end

from .desk import Desk
from .folder import tell_of_folder
from .overview import KernelOverview, credential, seconds_until, trap

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from .link import Link
    from .overview import TrapOverview
    from .shared import Holder, Shared


class KernelSession:
    """Delivers to one kernel until it ends.

    Attributes:
        session_id: our random name of the launch. Clients choose kernel ids, and use one again.
        kernel_id: Jupyter's, as it was given: to be compared only, and never part of a path.
        ended: nothing is delivered any more, and everything is owed.
    """

    def __init__(
        self,
        shared: Shared,
        holder: Holder,
        link: Link,
        on_claim: Callable[[], None],
        on_end: Callable[[], None],
        *,
        kernel_id: str = "",
    ) -> None:
        self._shared = shared
        self._holder = holder
        self._link = link
        self._on_claim = on_claim
        self._on_end = on_end
        self._desk = Desk(shared, holder, link)
        self._claimed = False
        self._folder: tuple[TrapOverview, ...] = ()
        self.session_id = secrets.token_hex(8)
        self.kernel_id = kernel_id or holder.kernel
        self._tasks: set[asyncio.Task[None]] = set()
        self._watched: set[int] = set()
        self.ended = False

    @property
    def notebook(self) -> str:
        """The notebook's file when the kernel started; empty where there is none."""
        return self._holder.notebook

    @property
    def desk(self) -> Desk:
        """Where its requests are answered."""
        return self._desk

    def overview(self, now: float) -> KernelOverview:
        """Return what the kernel holds at ``now`` on the clock."""
        holdings = self._desk.holdings
        end = holdings.token_end
        credentials = tuple(credential(entry, now) for entry in holdings.entries())
        return KernelOverview(
            session=self.session_id,
            intent=holdings.intent,
            kernel=self.kernel_id,
            notebook=self.notebook,
            claimed=self._claimed,
            token_expires_in=None if end is None else seconds_until(end, now),
            credentials=credentials,
            available=self._desk.available,
            notices=holdings.notices.overview(now, {one.credential for one in credentials}),
            folder=self._folder,
        )

    def start(self) -> None:
        """Wait for the kernel's claim."""
        self._spawn(self._converse())

    def launched(self, pid: int | None) -> None:
        """The process was started: its end is the end of the session."""
        if pid is not None and pid not in self._watched:
            self._watched.add(pid)
            self._spawn(self._watch(pid))

    def end(self) -> None:
        """Stop delivering and owe every revocation. May be called twice."""
        if self.ended:
            return
        self.ended = True
        self._link.close()
        self._desk.close()
        # Requests under way at the issuer run to their end; those that only wait may go.
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()
        self._on_end()

    async def _watch(self, pid: int) -> None:
        await process_end(pid)
        self.end()

    async def _converse(self) -> None:
        try:
            claimed = await self._link.claimed()
            if claimed is None:
                return
            self.launched(claimed.pid)
            self._claimed = True
            self._on_claim()
            self._spawn(self._look_into_folder())
            await self._open_desk()
            async for message in self._link.messages():
                self._handle(message)
        except WireError as error:
            self._shared.log.warning("The channel to a kernel was closed: %s", error)
        # The channel is the only way to the kernel: without it nothing issued can be used.
        self.end()

    async def _look_into_folder(self) -> None:
        intent = self._desk.holdings.intent or ""
        found = await tell_of_folder(self._shared, self._holder, intent, self._link)
        self._folder = tuple(map(trap, found))

    async def _open_desk(self) -> None:
        try:
            selection = await self._shared.workers.run(lambda: self._shared.select(self._holder))
        except QcredError as error:
            self._desk.open_without(error)
            return
        self._desk.open(selection)
        for name, profile in selection.profiles.items():
            if profile.deliver is DeliverWhen.START:
                self._desk.want(name)

    def _handle(self, message: wire.Message) -> None:
        if isinstance(message, wire.Ask):
            # Not among the tasks that end() cancels: an answer from the issuer must be heard.
            self._desk.serve(message)
        elif isinstance(message, wire.Ack):
            self._desk.acknowledged(message.lease_id)
        elif isinstance(message, wire.Redacted):
            self._desk.redacted(message)
        else:
            raise WireError(f"a {message.kind} message, which a kernel does not send")

    def _spawn(self, coroutine: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        # The type only: a traceback may hold a value in its locals.
        words = str(error) if isinstance(error, QcredError) else ""
        self._shared.log.error("Delivery to a kernel stopped: %s %s", type(error).__name__, words)
        self.end()

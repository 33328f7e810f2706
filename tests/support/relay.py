"""A TCP relay to one server that behaves as badly as it is told, and well again when it is told.

It passes bytes on and looks into requests only to find one of them (``trap``). It runs on an event
loop of its own, in a thread; whoever holds the object steers it from any other thread.
"""

from __future__ import annotations

import asyncio
import random
import re
import socket
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

_PIECE = 65536


@dataclass(frozen=True, slots=True)
class Way:
    """What happens to bytes that go one way.

    Attributes:
        delay: seconds that each piece waits.
        jitter: up to so many seconds more, at random.
        drop: pieces are swallowed, as by a firewall: nobody is told.
        cut_after: bytes of a connection after which both its ends are reset.
    """

    delay: float = 0.0
    jitter: float = 0.0
    drop: bool = False
    cut_after: int | None = None

    @property
    def clear(self) -> bool:
        """Whether it is an ordinary network."""
        return self == Way()


CLEAR = Way()


@dataclass(slots=True)
class Trap:
    """Waits for one request.

    Attributes:
        marker: bytes that the request holds, such as its path.
        when: ``request``: before it is passed on; ``reply``: its reply came, so that it was carried
            out, and nobody was told yet.
        then: called at that moment, in the relay's thread; connections wait for its return.
        cut: reset the connection afterwards, so that nothing of it arrives.
        sprung: set when it happened.
    """

    marker: bytes
    when: str
    then: Callable[[], object] | None
    cut: bool
    sprung: threading.Event = field(default_factory=threading.Event)


@dataclass(eq=False, slots=True)
class _Connection:
    near: asyncio.StreamWriter
    far: asyncio.StreamWriter
    passed: dict[str, int] = field(default_factory=lambda: {"up": 0, "down": 0})
    lossy: bool = False
    awaited: Trap | None = None
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    def reset(self) -> None:
        """End both sides by a reset, as a crashed machine or a middle box does."""
        for writer in (self.near, self.far):
            end = writer.get_extra_info("socket")
            with suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()


async def _rest_of_request(piece: bytes, source: asyncio.StreamReader) -> bytes:
    """Read what is missing: clients send the head of a request and its body one by one."""
    head, _, body = piece.partition(b"\r\n\r\n")
    length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
    missing = int(length[1]) - len(body) if length else 0
    return await source.readexactly(missing) if missing > 0 else b""


class Relay:
    """Stands before one HTTP server. ``up`` is the way of requests, ``down`` that of replies.

    Attributes:
        connections: how many were accepted so far.
    """

    def __init__(self, target: str, seed: int = 0) -> None:
        parts = urlsplit(target)
        self._target = (str(parts.hostname), int(parts.port or 0))
        self._random = random.Random(seed)
        self._up = self._down = CLEAR
        self._traps: list[Trap] = []
        self._live: set[_Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.connections = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="relay", daemon=True)
        self._thread.start()
        self._listener: asyncio.Server | None = None
        self._port = 0
        self._do(self._listen())

    @property
    def address(self) -> str:
        """The relay's own URL."""
        return f"http://127.0.0.1:{self._port}"

    def _do(self, coroutine: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    # -- how it behaves ------------------------------------------------------------------------

    def behave(self, up: Way = CLEAR, down: Way = CLEAR) -> None:
        """Treat all that passes from now on like this, open connections included."""
        self._up, self._down = up, down

    def delay(self, seconds: float, jitter: float = 0.0) -> None:
        """Let every request wait before it is passed on."""
        self.behave(up=Way(delay=seconds, jitter=jitter))

    def drop(self, *, up: bool = True, down: bool = True) -> None:
        """Swallow requests, replies or both: connections stay open, and nothing comes of them."""
        self.behave(Way(drop=up), Way(drop=down))

    def reset(self) -> None:
        """Reset every open connection, once."""
        self._do(self._reset())

    def refuse(self) -> None:
        """Reset every connection and let nobody connect."""
        self._do(self._close())

    def trap(
        self,
        marker: str,
        *,
        when: str = "reply",
        then: Callable[[], object] | None = None,
        cut: bool = True,
    ) -> Trap:
        """Wait for the next request that holds ``marker``; see ``Trap``.

        By default its reply is lost after it was carried out.
        """
        assert when in ("request", "reply")
        made = Trap(marker.encode(), when, then, cut)
        self._traps.append(made)
        return made

    def forget(self, trap: Trap) -> None:
        """Wait for that request no longer."""
        with suppress(ValueError):
            self._traps.remove(trap)

    def heal(self) -> None:
        """Be an ordinary network again. Connections that lost bytes are reset."""
        self._traps.clear()
        self.behave()
        self._do(self._listen())
        self._do(self._reset(lossy_only=True))

    @property
    def clear(self) -> bool:
        """Whether everything passes as it should."""
        return (
            self._listener is not None and self._up.clear and self._down.clear and not self._traps
        )

    # -- passing on ----------------------------------------------------------------------------

    async def _listen(self) -> None:
        if self._listener is None:
            self._listener = await asyncio.start_server(
                self._accept, "127.0.0.1", self._port, backlog=512
            )
            self._port = self._listener.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()
        await self._reset()

    async def _reset(self, *, lossy_only: bool = False) -> None:
        for connection in list(self._live):
            if connection.lossy or not lossy_only:
                connection.reset()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.connections += 1
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._target)
        except OSError:
            _Connection(writer, writer).reset()
            return
        connection = _Connection(writer, far_writer)
        self._live.add(connection)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pass(connection, reader, far_writer, "up"))
                group.create_task(self._pass(connection, far_reader, writer, "down"))
        except asyncio.CancelledError:
            pass  # the relay ends
        finally:
            self._live.discard(connection)
            for end in (writer, far_writer):
                end.close()

    async def _pass(
        self,
        connection: _Connection,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        way: str,
    ) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while piece := await source.read(_PIECE):
                if way == "up" and self._trapped(piece) is not None:
                    piece += await _rest_of_request(piece, source)
                if not await self._let_through(connection, piece, way):
                    continue
                sink.write(piece)
                await sink.drain()
        if way == "up" and connection.awaited is not None:
            # Its sender was killed. A server that noticed would give up a request that is to be
            # carried out.
            await connection.answered.wait()
        connection.answered.set()
        with suppress(OSError, RuntimeError):
            if sink.can_write_eof():
                sink.write_eof()

    async def _let_through(self, connection: _Connection, piece: bytes, way: str) -> bool:
        behaviour = self._up if way == "up" else self._down
        if behaviour.drop:
            connection.lossy = True
            return False
        if wait := behaviour.delay + behaviour.jitter * self._random.random():
            await asyncio.sleep(wait)
        connection.passed[way] += len(piece)
        if behaviour.cut_after is not None and connection.passed[way] > behaviour.cut_after:
            connection.reset()
            return False
        return self._traps_let_through(connection, piece, way)

    def _trapped(self, piece: bytes) -> Trap | None:
        return next((trap for trap in self._traps if trap.marker in piece), None)

    def _traps_let_through(self, connection: _Connection, piece: bytes, way: str) -> bool:
        if way == "up":
            found = self._trapped(piece)
            if found is None:
                return True
            self._traps.remove(found)
            if found.when == "reply" or not found.cut:
                connection.awaited = found
                connection.answered.clear()
            return found.when == "reply" or self._spring(found, connection)
        connection.answered.set()
        awaited, connection.awaited = connection.awaited, None
        return awaited is None or awaited.when == "request" or self._spring(awaited, connection)

    @staticmethod
    def _spring(trap: Trap, connection: _Connection) -> bool:
        if trap.then is not None:
            trap.then()
        if trap.cut:
            connection.reset()
        trap.sprung.set()
        return not trap.cut

    # -- the end -------------------------------------------------------------------------------

    async def _end(self) -> None:
        await self._close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def close(self) -> None:
        """End the listener, every connection and the thread."""
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

"""Two ways to open and end session tokens, each in a process of its own: see ``tokens``.

``python -m benchmarks.load with|without``, with the task as JSON on standard input, prints the
seconds it took as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from .figures import Side

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

CONCURRENCY: Final = 32
"""Sessions that begin or end at a time."""


@dataclass(frozen=True, slots=True)
class Task:
    """What to do.

    Attributes:
        address: of OpenBao, plain HTTP.
        token: a server token, for the bare requests; ours logs in by itself.
        role: of the session tokens.
        pairs: tokens to open and to end.
    """

    address: str
    token: str
    role: str
    pairs: int

    def json(self) -> str:
        """For the process's standard input."""
        return json.dumps(asdict(self))


async def _repeat(pairs: int, one: Callable[[int], Awaitable[None]]) -> float:
    """Return the seconds that all pairs took, some at a time."""
    numbers = iter(range(pairs))

    async def some() -> None:
        for number in numbers:
            await one(number)

    begin = time.perf_counter()
    await asyncio.gather(*(some() for _ in range(CONCURRENCY)))
    return time.perf_counter() - begin


class _Connection:
    """One kept connection that speaks just enough HTTP to be as fast as a load generator is."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def post(self, path: str, token: str, body: bytes) -> bytes:
        """Return the body of the answer.

        Raises:
            RuntimeError: it is no good one.
        """
        self._writer.write(
            f"POST /v1/{path} HTTP/1.1\r\nHost: x\r\nX-Vault-Token: {token}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        head = await self._reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 20"):
            raise RuntimeError("OpenBao refused a request of the load generator")
        lengths = [
            int(line.partition(b":")[2])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length:")
        ]
        return await self._reader.readexactly(lengths[0]) if lengths else b""

    def close(self) -> None:
        """Drop it."""
        self._writer.close()


async def _bare(task: Task) -> float:
    where = urlsplit(task.address)
    idle = [
        _Connection(*await asyncio.open_connection(where.hostname, where.port))
        for _ in range(CONCURRENCY)
    ]
    facts = {"user": "bench", "server": "bench", "kernel": "bench", "intent": "0" * 32}
    body = json.dumps({"meta": facts, "display_name": "qcred-session"}).encode()

    async def one(_: int) -> None:
        connection = idle.pop()
        made = await connection.post(f"auth/token/create/{task.role}", task.token, body)
        token = json.loads(made)["auth"]["client_token"]
        await connection.post("auth/token/revoke-self", token, b"")
        idle.append(connection)

    seconds = await _repeat(task.pairs, one)
    for connection in idle:
        connection.close()
    return seconds


async def _ours(task: Task) -> float:
    from jupyter_qcred.deliver.service import current_service
    from jupyter_qcred.deliver.session_token import SessionToken
    from jupyter_qcred.deliver.shared import Holder

    service = current_service()
    parts = await service.workers.run(service.parts)
    await parts.server_token.get()

    async def one(number: int) -> None:
        session = SessionToken(parts.shared, Holder("bench", "bench", f"kernel-{number}", ""))
        await session.get()
        session.end()
        session.replace()

    async def all_confirmed() -> float:
        begin = time.perf_counter()
        await _repeat(task.pairs, one)
        if not await parts.revoker.drain(600):
            raise RuntimeError("Not every revocation was confirmed")
        return time.perf_counter() - begin

    seconds = await all_confirmed()
    await parts.give_back(10)
    return seconds


def main(side: Side, text: str) -> Any:
    """Carry out a task; return what is to be printed."""
    task = Task(**json.loads(text))
    run = _ours if side is Side.WITH else _bare
    return {"seconds": asyncio.run(run(task))}


if __name__ == "__main__":
    print(json.dumps(main(Side(sys.argv[1]), sys.stdin.read())))

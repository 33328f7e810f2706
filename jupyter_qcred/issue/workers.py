"""Threads for blocking calls to an issuer.

``concurrent.futures`` joins its threads before ``atexit`` handlers run: one call that hangs at the
issuer would keep a stopped server alive for as long as its timeout. These threads are daemons.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")
Job = Callable[[], None]


class Workers:
    """A small pool of daemon threads, started as they are needed."""

    def __init__(self, size: int = 16) -> None:
        self._size = size
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._lock = threading.Lock()

    async def run(self, call: Callable[[], T]) -> T:
        """Run ``call`` in a thread and return its result to the running event loop.

        A cancelled caller does not stop the call: its result is dropped.
        """
        loop = asyncio.get_running_loop()
        result: asyncio.Future[T] = loop.create_future()

        def settle(value: T | None, error: BaseException | None) -> None:
            if result.cancelled():
                return
            if error is not None:
                result.set_exception(error)
            else:
                result.set_result(value)  # type: ignore[arg-type] # T may itself be None

        def job() -> None:
            value: T | None = None
            error: BaseException | None = None
            try:
                value = call()
            except Exception as caught:  # noqa: BLE001 - handed to whoever awaits the result
                error = caught
            with suppress(RuntimeError):  # the loop has closed: nobody waits any more
                loop.call_soon_threadsafe(settle, value, error)

        self._submit(job)
        return await result

    def _submit(self, job: Job) -> None:
        # _idle counts free threads less the jobs that wait for one.
        with self._lock:
            if self._idle <= 0 and len(self._threads) < self._size:
                thread = threading.Thread(target=self._work, name="qcred-worker", daemon=True)
                self._threads.append(thread)
                thread.start()
            else:
                self._idle -= 1
        self._jobs.put(job)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
            with self._lock:
                self._idle += 1

    def close(self) -> None:
        """Let idle threads end; a call under way is not waited for."""
        for _ in self._threads:
            self._jobs.put(None)

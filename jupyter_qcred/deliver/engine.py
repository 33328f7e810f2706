"""The thread on which our part of the server lives.

Callers' event loops may be short-lived (nbclient), busy (a notebook of 200 MB being saved) or
absent. So the life cycle of credentials has an event loop of its own, in one daemon thread.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from concurrent.futures import Future

T = TypeVar("T")


class Engine:
    """An event loop in a daemon thread, started at first use."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._starting = threading.Lock()

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._starting:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._run, name="qcred-engine", daemon=True).start()
            return self._loop

    def _run(self) -> None:
        assert self._loop is not None
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    @property
    def started(self) -> bool:
        """Whether anything was ever asked of it."""
        return self._loop is not None

    def call(self, function: Callable[..., object], *args: object) -> None:
        """Run ``function`` soon on the loop, from any thread; nothing is waited for."""
        self._started().call_soon_threadsafe(function, *args)

    def begin(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Run a coroutine on the loop, from any thread; the future has its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._started())

    def wait(self, coroutine: Coroutine[Any, Any, T], timeout: float) -> T:
        """Run a coroutine on the loop and block this thread for its result.

        Raises:
            TimeoutError: not done within ``timeout`` seconds; it is cancelled.
        """
        future = self.begin(coroutine)
        try:
            return future.result(timeout)
        finally:
            future.cancel()

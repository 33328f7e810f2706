"""A server extension for ``hold``: opens many sessions in its server, and tells how that is borne.

The sessions are those of ``CredentialService``, with real channels and a real issuer; only the
kernels' ends are played by a few small processes, since 500 kernels need more memory than a machine
of a developer has.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final

import psutil
from jupyter_server.base.handlers import APIHandler
from tornado import web

from jupyter_qcred.deliver.link import KernelLink
from jupyter_qcred.deliver.service import current_service

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

ROUTE: Final = "bench/held"
_TOGETHER: Final = 50
"""Sessions whose other ends are in one process."""

_PACE: Final = 0.01
_REMEMBERED: Final = 100_000


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "benchmarks.held"}]


def _load_jupyter_server_extension(serverapp: ServerApp) -> None:
    held = Held()
    pattern = f"{serverapp.web_app.settings['base_url']}{ROUTE}"
    handlers = [(pattern, HeldHandler, {"held": held})]
    serverapp.web_app.add_handlers(".*$", handlers)  # type: ignore[no-untyped-call]


class Held:
    """The sessions, and how late this server's event loop is."""

    def __init__(self) -> None:
        self._crowds: list[subprocess.Popen[bytes]] = []
        self._lags: deque[float] = deque(maxlen=_REMEMBERED)
        self._watching: asyncio.Task[None] | None = None

    def open(self, number: int) -> None:
        """Open sessions; what is in them is delivered in the background."""
        service = current_service()
        for first in range(0, number, _TOGETHER):
            links = [KernelLink() for _ in range(min(_TOGETHER, number - first))]
            fds = [link.fd for link in links]
            crowd = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.crowd", *map(str, fds)],
                stdin=subprocess.PIPE,
                pass_fds=fds,
            )
            self._crowds.append(crowd)
            for at, link in enumerate(links, first):
                session = service.open_session(link, f"held-{at}", "")
                link.launched()
                service.engine.call(session.launched, crowd.pid)

    def close(self) -> None:
        """End the processes, and with them the sessions."""
        while self._crowds:
            with self._crowds.pop() as crowd:
                crowd.kill()

    async def state(self) -> dict[str, Any]:
        """Return figures; all lags in milliseconds since the last call, memory in MB."""
        if self._watching is None:
            self._watching = asyncio.get_running_loop().create_task(self._watch())
        lags, self._lags = self._lags, deque(maxlen=_REMEMBERED)
        return {
            "memory": psutil.Process().memory_info().rss / 1e6,
            "threads": threading.active_count(),
            "descriptors": psutil.Process().num_fds(),
            "lags": [round(lag, 2) for lag in lags],
        }

    async def _watch(self) -> None:
        while True:
            due = time.perf_counter() + _PACE
            await asyncio.sleep(_PACE)
            self._lags.append(1000 * (time.perf_counter() - due))


class HeldHandler(APIHandler):
    """``POST`` opens so many sessions, ``DELETE`` ends them, ``GET`` tells."""

    def initialize(self, held: Held) -> None:
        """Take what all requests share."""
        self._held = held

    @web.authenticated
    async def get(self) -> None:
        """Answer with the figures."""
        self.finish(await self._held.state())

    @web.authenticated
    def post(self) -> None:
        """Open sessions; the body says how many."""
        body = self.get_json_body() or {}
        self._held.open(int(body["sessions"]))
        self.finish({})

    @web.authenticated
    def delete(self) -> None:
        """End all."""
        self._held.close()
        self.finish({})

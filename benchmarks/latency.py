"""How long a session token outlives its kernel, and how long a kernel waits for OpenBao's return.

The token's death is when OpenBao says so. Nothing is compared: without us there is no token.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from .benchmark import Benchmark
from .figures import Figure, Side
from .stage import TESTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .benchmark import Sample

_TTL: Final = 8
"""Seconds that a server token lives without a heartbeat where nobody sweeps; 10 min by default."""

_LONG: Final = "1h"
"""The same elsewhere, so that it plays no part."""

_SHUTDOWN: Final = "shutdown until the token is dead"
_KERNEL: Final = "kill -9 of the kernel until the token is dead"
_RESTART: Final = "kill -9 of the server, started again at once, until the token is dead"
_AWAY: Final = "of this, until the new server answers"
_ALONE: Final = f"kill -9 of the server, TTL {_TTL} s, until the token is dead"
_BACK: Final = "OpenBao back until the kernel has its credential"


class Scene:
    """A server that may be killed, its OpenBao, and a look at its newest session token."""

    def __init__(self, directory: Path, openbao: Any) -> None:
        self._deployment: Any = import_module("support.deployment")
        self._wait_until: Callable[..., Any] = import_module("support.openbao").wait_until
        self.openbao = openbao
        profiles = {self._deployment.KEY: self._deployment.PROFILES[self._deployment.KEY]}
        self._deployment.provide(openbao)
        self.server = self._deployment.server(openbao, directory / "home", profiles).start()
        self.start_with(_LONG)

    def kernel(self) -> Any:
        """Start a kernel and wait until it holds its credential."""
        before = self._delivered()
        kernel = self.server.open_notebook("latency.ipynb")
        self.pid = kernel.pid()
        self.until("the credential is delivered", lambda: self._delivered() > before)
        return kernel

    def _delivered(self) -> int:
        return len(self._deployment.events(self.server.home, "delivered"))

    def until_dead(self, what: Callable[[], object]) -> float:
        """Return the seconds from the beginning of ``what`` to the death of the newest token."""
        issued = self._deployment.events(self.server.home, "issued", what="session token")
        accessor = issued[-1]["accessor"]
        begin = time.perf_counter()
        what()
        self.until("it is dead", lambda: self.openbao.lookup_accessor(accessor) is None)
        return time.perf_counter() - begin

    def until_delivered_after_absence(self) -> float:
        """Return the seconds from OpenBao's return to the delivery to a kernel that waits."""
        before = self._delivered()
        self.openbao.stop()
        kernel = self.server.open_notebook("latency.ipynb")
        kernel.execute("1")
        self.openbao.start()
        begin = time.perf_counter()
        self.until("the credential is delivered", lambda: self._delivered() > before)
        seconds = time.perf_counter() - begin
        kernel.delete()
        return seconds

    def until(self, what: str, condition: Callable[[], bool]) -> None:
        """Wait, at most a minute."""
        self._wait_until(what, condition, 60, 0.005)

    def start_with(self, ttl: str) -> None:
        """Start the server anew; its server token lives so long without a heartbeat."""
        self.server.kill()
        self._deployment.provide(self.openbao, period=ttl, sweep=True)
        self.server.start()

    def kill_kernel(self) -> None:
        """End the kernel's process."""
        os.kill(self.pid, signal.SIGKILL)

    def kill_and_start(self) -> None:
        """Kill the server, and start the next one at once."""
        begin = time.perf_counter()
        self.server.kill()
        self.server.start()
        self.away = time.perf_counter() - begin


def _once(scene: Scene) -> dict[str, float]:
    found = {_SHUTDOWN: scene.until_dead(scene.kernel().delete)}
    opened = scene.kernel()
    found[_KERNEL] = scene.until_dead(scene.kill_kernel)
    opened.delete()
    found[_BACK] = scene.until_delivered_after_absence()
    scene.kernel()
    found[_RESTART] = scene.until_dead(scene.kill_and_start)
    found[_AWAY] = scene.away
    scene.start_with(f"{_TTL}s")
    scene.kernel()
    found[_ALONE] = scene.until_dead(scene.server.kill)
    scene.start_with(_LONG)
    return found


@contextmanager
def _prepared() -> Iterator[Sample]:
    if TESTS not in sys.path:
        sys.path.insert(0, TESTS)
    with tempfile.TemporaryDirectory(prefix="qcred-bench-", ignore_cleanup_errors=True) as name:
        openbao = import_module("support.openbao").OpenBao(Path(name) / "openbao")
        scene = None
        try:
            openbao.start()
            scene = found = Scene(Path(name), openbao)
            yield lambda side: _once(found) if side is Side.WITH else {}
        finally:
            if scene is not None:
                scene.server.close()
            openbao.stop()


LATENCY: Final = Benchmark(
    name="latency",
    summary="how long a token outlives its kernel or server; a kernel's wait for OpenBao's return",
    repeat=6,
    warm_up=1,
    figures=tuple(Figure(name) for name in (_SHUTDOWN, _KERNEL, _RESTART, _AWAY, _ALONE, _BACK)),
    prepared=_prepared,
)

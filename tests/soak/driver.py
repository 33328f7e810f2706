"""Chooses what happens next, by the seed, and lets it happen."""

from __future__ import annotations

import heapq
import itertools
import os
import queue
import signal
import subprocess
import threading
import time
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

import requests
from soak.stage import LIGHT, REAL
from support.relay import Way

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from soak.stage import Stage
    from soak.witness import Witness

CREATE_SESSION = "auth/token/create/qcred-kernel"
CREATE_SERVER = "auth/token/create/qcred-server"
REVOKE = "auth/token/revoke-self"

_CALLERS = 6
_MOST = {LIGHT: 24, REAL: 3}
_PACE = 0.12
"""Seconds between two things that happen to kernels, on average."""

_PATIENCE = 5.0
"""Seconds that a server has to stop."""

_FAULT_EVERY = 1.2
"""Seconds between two faults, on average."""

# What is done to kernels, and what is done to the rest, each with its share.
_ORDINARY = {"start": 40, "delete": 9, "kill": 12, "restart": 5, "start real": 2}
_FAULTS = {
    "network: delay": 2,
    "network: reset": 3,
    "network: drop requests": 1,
    "network: drop replies": 1,
    "network: drop all": 1,
    "network: cut in the middle": 1,
    "network: refuse": 2,
    "reply lost: session token": 4,
    "reply lost: revocation": 3,
    "reply lost: server token": 1,
    "openbao: kill": 1,
    "openbao: restart": 1,
    "openbao: pause": 1,
    "openbao: seal": 1,
    "openbao: killed in an issue": 1,
    "openbao: killed in a revocation": 1,
    "server: kill": 0.4,
    "server: stop": 0.3,
    "server: pause": 0.4,
    "server: killed before an issue": 0.4,
    "server: killed after an issue": 0.4,
    "server: killed before a revocation": 0.4,
    "server: killed after a revocation": 0.4,
}


class Driver:
    """One run."""

    def __init__(self, stage: Stage, witness: Witness, rng: random.Random, ttl: int) -> None:
        self._stage = stage
        self._witness = witness
        self._weather = witness.weather
        self._rng = rng
        self._ttl = ttl
        self._later: list[tuple[float, int, Callable[[], None]]] = []
        self._number = itertools.count()
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._kernels: dict[str, str] = {}
        self._kernels_lock = threading.Lock()
        self._server_free = threading.Lock()
        self.faults: Counter[str] = Counter()
        self.started = 0
        self.failures: list[str] = []
        self._threads = [threading.Thread(target=self._call, daemon=True) for _ in range(_CALLERS)]
        for thread in self._threads:
            thread.start()

    # -- the loop ------------------------------------------------------------------------------

    def run(self, seconds: float, progress: Callable[[], None]) -> None:
        """Let things happen for so long, then make everything whole."""
        end = time.monotonic() + seconds
        next_fault = 0.0
        while time.monotonic() < end:
            self._do_what_is_due()
            self._look_after()
            self._ordinary(self._choose(_ORDINARY))
            if time.monotonic() > next_fault:
                name = self._choose(_FAULTS)
                if self._fault(name):
                    self.faults[name] += 1
                    next_fault = time.monotonic() + self._rng.expovariate(1 / _FAULT_EVERY)
            progress()
            time.sleep(self._rng.expovariate(1 / _PACE))
        self.heal()

    def _choose(self, shares: dict[str, float]) -> str:
        return self._rng.choices([*shares], [*shares.values()])[0]

    def _in(self, seconds: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._later, (time.monotonic() + seconds, next(self._number), what))

    def _do_what_is_due(self) -> None:
        while self._later and self._later[0][0] <= time.monotonic():
            heapq.heappop(self._later)[2]()

    def _look_after(self) -> None:
        """Start again, a little later, what was killed."""
        process = self._stage.openbao.process
        if process is not None and process.poll() is not None:
            self._openbao_gone()
        server = self._stage.server.process
        if server is not None and server.poll() is not None:
            self._server_gone()

    def _duration(self) -> float:
        """Mostly short; now and then longer than a server token lives."""
        longest = 1.3 * self._ttl if self._rng.random() < 0.08 else 0.15 * self._ttl
        return self._rng.uniform(0.2, longest)

    def heal(self) -> None:
        """End every fault that is under way, and start what does not run."""
        self._stage.relay.heal()
        while self._later:
            heapq.heappop(self._later)[2]()
        self._look_after()
        while self._later:
            heapq.heappop(self._later)[2]()
        with self._server_free:  # a start that is under way
            pass

    # -- kernels -------------------------------------------------------------------------------

    def _call(self) -> None:
        while (call := self._calls.get()) is not None:
            # While the server is down or just being killed, whoever asks it is refused.
            with suppress(requests.RequestException, AssertionError):
                call()

    def _ordinary(self, name: str) -> None:
        with self._kernels_lock:
            known = dict(self._kernels)
        if name.startswith("start"):
            kind = REAL if name.endswith("real") else LIGHT
            if list(known.values()).count(kind) < _MOST[kind]:
                self._calls.put(lambda: self._start(kind))
        elif known:
            chosen = self._rng.choice(sorted(known))
            if name == "kill":
                self._kill(chosen)
            elif name == "restart":
                self._calls.put(lambda: self._restart(chosen))
            else:
                self._forget(chosen)
                self._calls.put(lambda: self._ask("DELETE", f"api/kernels/{chosen}"))

    def _start(self, kind: str) -> None:
        made = self._ask("POST", "api/kernels", {"name": kind})
        with self._kernels_lock:
            self._kernels[made["id"]] = kind
            self.started += 1

    def _restart(self, kernel: str) -> None:
        try:
            self._ask("POST", f"api/kernels/{kernel}/restart")
        except requests.HTTPError:
            self._forget(kernel)  # of a server that is gone
            raise

    def _forget(self, kernel: str) -> None:
        with self._kernels_lock:
            self._kernels.pop(kernel, None)

    def _kill(self, kernel: str) -> None:
        """As the system does that runs out of memory; Jupyter starts it again."""
        for pid in self._witness.processes.pids_of(kernel):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _ask(self, method: str, path: str, body: object = None) -> dict[str, str]:
        server = self._stage.server
        answer = requests.request(
            method,
            server.url + path,
            json=body,
            timeout=30,
            headers={"Authorization": server.authorization},
        )
        answer.raise_for_status()
        return answer.json() if answer.content else {}

    # -- faults --------------------------------------------------------------------------------

    def _fault(self, name: str) -> bool:
        """Begin one; whether it could begin now."""
        where, _, what = name.partition(": ")
        if where == "network":
            return self._network(what)
        if where == "reply lost":
            marker = {"session token": CREATE_SESSION, "server token": CREATE_SERVER}
            return self._trap(marker.get(what, REVOKE), "reply", None, cut=True)
        if where == "openbao":
            return self._openbao(what)
        return self._server(what)

    def _begin(self, cause: str, end: Callable[[], None]) -> bool:
        """Be in the way for a while, unless something of the kind is already."""
        kind = cause.partition(":")[0]
        if any(one.partition(":")[0] == kind for one in self._weather.causes):
            return False
        self._weather.worse(cause)

        def better() -> None:
            end()
            self._weather.better(cause)

        self._in(self._duration(), better)
        return True

    def _network(self, what: str) -> bool:
        relay = self._stage.relay
        if what == "reset":
            relay.reset()
            return True
        if not self._begin(f"network: {what}", relay.heal):
            return False
        if what == "delay":
            relay.delay(self._rng.uniform(0.05, 3.0), jitter=self._rng.uniform(0.0, 1.0))
        elif what == "refuse":
            relay.refuse()
        elif what == "cut in the middle":
            relay.behave(up=Way(cut_after=self._rng.randrange(100, 3000)))
        else:
            relay.drop(up="replies" not in what, down="requests" not in what)
        return True

    def _trap(
        self, marker: str, when: str, then: Callable[[], object] | None, *, cut: bool
    ) -> bool:
        trap = self._stage.relay.trap(marker, when=when, then=then, cut=cut)
        self._in(5.0, lambda: self._stage.relay.forget(trap))
        return True

    # OpenBao

    def _openbao(self, what: str) -> bool:
        openbao = self._stage.openbao
        if any(cause.startswith("openbao") for cause in self._weather.causes):
            return False
        if openbao.process is None or openbao.process.poll() is not None:
            return False
        if what.startswith("killed in"):
            marker = CREATE_SESSION if what.endswith("issue") else REVOKE
            return self._trap(marker, "request", self._kill_openbao, cut=False)
        if what == "kill":
            self._kill_openbao()
            return True
        {"pause": openbao.pause, "seal": openbao.seal, "restart": openbao.stop}[what]()
        return self._begin(f"openbao: {what}", self._mend_openbao)

    def _kill_openbao(self) -> None:
        process = self._stage.openbao.process
        if process is not None:
            process.kill()

    def _openbao_gone(self) -> None:
        # Where something else was wrong with it, the end of that is planned already.
        self._begin("openbao: killed", self._mend_openbao)

    def _mend_openbao(self) -> None:
        openbao = self._stage.openbao
        while True:
            # A trap may kill it while it is being mended.
            with suppress(requests.RequestException, AssertionError):
                if openbao.process is None:
                    openbao.start()
                elif openbao.process.poll() is not None:
                    openbao.kill()
                    openbao.start()
                openbao.resume()
                openbao.unseal()
                return

    # the Jupyter server

    def _server(self, what: str) -> bool:
        server = self._stage.server
        if server.process is None or self._server_free.locked():
            return False
        if what == "kill":
            self._kill_server()
        elif what == "stop":
            self._stop_server(server.process)
        elif what == "pause":
            server.process.send_signal(signal.SIGSTOP)
            self._in(self._rng.uniform(0.2, 5.0), self._resume_server)
        else:
            marker = CREATE_SESSION if what.endswith("issue") else REVOKE
            when = "reply" if "after" in what else "request"
            self._trap(marker, when, self._kill_server, cut=False)
        return True

    def _stop_server(self, process: subprocess.Popen[bytes]) -> None:
        """As a service manager does: a server that does not stop in time is killed.

        Jupyter does not where a kernel just starts: it then looks for that one in vain.
        """
        process.terminate()
        self._in(_PATIENCE, process.kill)

    def _kill_server(self) -> None:
        process = self._stage.server.process
        if process is not None:
            process.kill()

    def _resume_server(self) -> None:
        process = self._stage.server.process
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGCONT)

    def _server_gone(self) -> None:
        process = self._stage.server.process
        if process is None or not self._server_free.acquire(blocking=False):
            return
        self._stage.server.process = None
        with self._kernels_lock:
            self._kernels.clear()
        self._in(self._rng.uniform(0.0, 3.0), self._start_server)

    def _start_server(self) -> None:
        def start() -> None:
            try:
                self._stage.server.start()
            except AssertionError as error:
                self.failures.append(f"the server did not start: {str(error)[-300:]}")
            finally:
                self._server_free.release()

        threading.Thread(target=start, daemon=True).start()

    # -- the end -------------------------------------------------------------------------------

    def finish(self, how: str) -> None:
        """End the server and with it all kernels: ``stop`` or ``kill``."""
        server = self._stage.server
        for _ in self._threads:
            self._calls.put(None)
        for thread in self._threads:
            thread.join(30)
        assert server.process is not None
        if how == "stop":
            with suppress(subprocess.TimeoutExpired):
                server.terminate(_PATIENCE)
        server.kill()

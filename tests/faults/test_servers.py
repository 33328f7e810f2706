"""Kernels and servers that end twice, over and over, or beside each other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from support import deployment
from support.deployment import KEY, events
from support.faults import add_kernelspec, add_light_kernelspec, session_accessors
from support.openbao import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.faults import AuditedOpenBao
    from support.jupyter import JupyterServer
    from support.serving import Service

    MakeServer = Callable[..., JupyterServer]
    Start = Callable[..., Service]

GET = f"import jupyter_qcred as qcred; print(len(qcred.get('{KEY}').reveal()))"
IMPATIENT = ("--AsyncIOLoopKernelRestarter.time_to_dead=0.3",)


def test_a_kernel_that_is_ended_twice_at_once_is_revoked_once(
    bao: AuditedOpenBao, make_server: MakeServer
) -> None:
    """Two shutdowns, the end of the process and that of the channel: one request."""
    deployment.provide(bao)
    server = make_server(bao)
    kernel = server.open_notebook("work.ipynb")
    assert kernel.execute(GET).ok
    (accessor,) = bao.live_sessions()

    def delete(_: int) -> None:
        server.api("DELETE", f"api/kernels/{kernel.id}", check=False)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(delete, range(2)))
    wait_until("it is on record", lambda: events(server.home, "revoked", what="session token"), 20)
    assert accessor not in bao.accessors()
    assert server.terminate() == 0
    assert bao.revocations_of(accessor) == 1
    assert len(events(server.home, "revoked", what="session token")) == 1


def test_a_restart_storm_leaves_one_live_token(
    bao: AuditedOpenBao, make_server: MakeServer
) -> None:
    """Whoever restarts again and again has one session in the end, and it works."""
    deployment.provide(bao)
    server = make_server(bao)
    kernel = server.open_notebook("work.ipynb")
    assert kernel.execute(GET).ok

    for _ in range(4):
        server.api("POST", f"api/kernels/{kernel.id}/restart")
    kernel.connect()
    assert kernel.execute(GET).ok
    wait_until("one is left", lambda: len(bao.live_sessions()) == 1, 20)
    assert len(bao.sessions()) > 1
    assert bao.live_sessions() == {session_accessors(server)[-1]}


def test_a_crash_loop_of_kernels_that_never_began_costs_no_token(
    bao: AuditedOpenBao, make_server: MakeServer
) -> None:
    """/bin/false is started again until Jupyter gives up; nothing was ever issued."""
    deployment.provide(bao)
    server = make_server(bao, args=IMPATIENT)
    add_kernelspec(server, "false", "/bin/false")
    server.api("POST", "api/kernels", {"name": "false"}, check=False)
    wait_until("Jupyter gives up", lambda: "kernel died" in gave_up(server), 40)
    assert bao.sessions() == set()
    assert server.terminate() == 0


def gave_up(server: JupyterServer) -> str:
    """The log, in which the restarter says so."""
    return server.log().replace("restart failed", "kernel died")


def test_a_crash_loop_of_kernels_that_had_credentials_leaves_none(
    bao: AuditedOpenBao, make_server: MakeServer
) -> None:
    """Each start has a session of its own; the last one, after which Jupyter gives up, ends too."""
    deployment.provide(bao)
    server = make_server(bao, args=IMPATIENT)
    add_light_kernelspec(server, QCRED_TEST_DIE="1")
    server.api("POST", "api/kernels", {"name": "light"}, check=False)
    wait_until("Jupyter gives up", lambda: "kernel died" in gave_up(server), 60)
    assert len(bao.sessions()) > 1
    wait_until("all are dead", lambda: not bao.live_sessions())
    assert len(session_accessors(server)) == len(bao.sessions())


def test_jupyter_server_stop_leaves_nothing(bao: AuditedOpenBao, make_server: MakeServer) -> None:
    """The command that ends a server from another terminal."""
    deployment.provide(bao)
    before = bao.accessors()
    server = make_server(bao)
    assert server.open_notebook("work.ipynb").execute(GET).ok
    assert bao.live_sessions()
    port = str(urlsplit(server.url).port)
    command = [sys.executable, "-m", "jupyter_server", "stop", port]
    with subprocess.Popen(
        command, env=server.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as stop:
        assert server.process is not None
        server.process.wait(40)  # it is our child: until we look, the command sees it as running
        said, _ = stop.communicate(timeout=40)
    assert stop.returncode == 0, said
    assert bao.accessors() <= before


def test_a_killed_server_is_settled_and_its_living_neighbour_left_alone(
    bao: AuditedOpenBao, start_service: Start
) -> None:
    """Two in one home, one is killed: the third adopts that one's debts only."""
    deployment.provide(bao, period="1h", sweep=True)
    doomed = start_service("none")
    wait_until("both are delivered", lambda: len(events(doomed.home, "delivered")) == 2, 20)
    its = set(bao.live_tree())
    neighbour = start_service("none")
    wait_until("four are delivered", lambda: len(events(doomed.home, "delivered")) == 4, 20)
    others = set(bao.live_tree()) - its
    doomed.process.kill()
    doomed.process.wait()
    start_service("next")
    wait_until("what the killed one had is dead", lambda: not its & bao.accessors(), 20)
    assert others <= bao.accessors()
    neighbour.tell("end")
    wait_until("the neighbour revokes its own", lambda: not bao.live_sessions())


def test_a_suspend_longer_than_the_ttl_costs_the_user_nothing(
    bao: AuditedOpenBao, make_server: MakeServer
) -> None:
    """Everything stands still until its tokens are dead; at the next use there are new ones."""
    deployment.provide(bao, period="3s")
    server = make_server(bao)
    kernel = server.open_notebook("work.ipynb")
    assert kernel.execute(GET).ok
    pids = (kernel.pid(), server.pid)
    before = bao.live_sessions()
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    wait_until("all of it is dead", lambda: not bao.live_tree(), 10)
    for pid in pids:
        os.kill(pid, signal.SIGCONT)
    assert kernel.execute(GET).ok
    assert bao.live_sessions() - before
    kernel.delete()
    wait_until("it is revoked", lambda: not bao.live_sessions())

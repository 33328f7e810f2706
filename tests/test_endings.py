"""However a kernel or its server ends, the session token dies."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

import pytest
import requests
from support import deployment
from support.deployment import KEY, events
from support.openbao import wait_until
from support.processes import alive

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.jupyter import JupyterServer, Kernel
    from support.openbao import OpenBao

    MakeServer = Callable[..., JupyterServer]

# Jupyter's own look at its kernels, normally every 3 s: far away, so that it can't be what helps.
BLIND = ("--AsyncIOLoopKernelRestarter.time_to_dead=600",)

GET = f"import jupyter_qcred as qcred; print(len(qcred.get('{KEY}').reveal()))"


def session_accessor(server: JupyterServer, number: int = -1) -> str:
    """Return the accessor of a session token, as the audit tells it."""
    return str(events(server.home, "issued", what="session token")[number]["accessor"])


def dead(openbao: OpenBao, accessor: str) -> Callable[[], bool]:
    return lambda: openbao.lookup_accessor(accessor) is None


def with_credential(server: JupyterServer) -> tuple[Kernel, str]:
    """Open a notebook whose kernel holds a credential."""
    kernel = server.open_notebook("work.ipynb")
    assert kernel.execute(GET).ok
    return kernel, session_accessor(server)


def fail_a_start(server: JupyterServer) -> None:
    """Try to start a kernel whose program does not exist."""
    spec = server.home / "data" / "kernels" / "broken"
    spec.mkdir(parents=True)
    argv = ["/nonexistent/python", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    body = {"argv": argv, "display_name": "Broken", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(body))
    with pytest.raises(AssertionError, match="500"):
        server.api("POST", "api/kernels", {"name": "broken"})


# -- the kernel ends ------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["shutdown", "restart", "interrupt and shutdown"])
def test_the_token_dies_with_an_ordinary_end(
    make_server: MakeServer, openbao: OpenBao, end: str
) -> None:
    """Shutdown and restart revoke; a restarted kernel gets a token of its own."""
    server = make_server()
    kernel, accessor = with_credential(server)
    if end == "restart":
        server.api("POST", f"api/kernels/{kernel.id}/restart")
    else:
        if end.startswith("interrupt"):
            server.api("POST", f"api/kernels/{kernel.id}/interrupt")
        kernel.delete()
    wait_until("the token is dead", dead(openbao, accessor))
    if end == "restart":
        kernel.connect()
        assert kernel.execute(GET).ok
        assert session_accessor(server) != accessor


def test_kill_9_of_the_kernel_is_noticed_at_once(make_server: MakeServer, openbao: OpenBao) -> None:
    """The end of the process is the end of the token, long before Jupyter looks."""
    kernel, accessor = with_credential(make_server(args=BLIND))
    os.kill(kernel.pid(), signal.SIGKILL)
    wait_until("the token is dead", dead(openbao, accessor))


def test_a_forked_child_that_holds_the_channel_keeps_nothing_alive(
    make_server: MakeServer, openbao: OpenBao
) -> None:
    """libc's own fork passes our fork handler by: the child keeps the socket, not the token."""
    kernel, accessor = with_credential(make_server(args=BLIND))
    pid = kernel.pid()
    forked = kernel.execute(
        "import ctypes, time\n"
        "child = ctypes.CDLL(None).fork()\n"
        "if child == 0:\n"
        "    time.sleep(600)\n"
        "print(child)"
    )
    child = int(forked.text)
    try:
        os.kill(pid, signal.SIGKILL)
        wait_until("the token is dead", dead(openbao, accessor))
        assert alive(child)
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_culled_kernel_leaves_no_token(make_server: MakeServer, openbao: OpenBao) -> None:
    """Jupyter culls an idle kernel: its token dies."""
    manager = "--MappingKernelManager"
    server = make_server(
        args=(
            f"{manager}.cull_idle_timeout=6",
            f"{manager}.cull_interval=1",
            f"{manager}.cull_connected=True",
        )
    )
    _, accessor = with_credential(server)
    wait_until("the token is dead", dead(openbao, accessor), seconds=30)
    wait_until("the kernel is gone", lambda: server.api("GET", "api/kernels") == [])


def test_a_kernel_that_never_gets_ready_costs_no_token(
    make_server: MakeServer, openbao: OpenBao
) -> None:
    """Without a claim of the channel nothing is issued."""
    server = make_server()
    spec = server.home / "data" / "kernels" / "asleep"
    spec.mkdir(parents=True)
    argv = [sys.executable, "-c", "import time; time.sleep(600)", "-m", "ipykernel_launcher"]
    (spec / "kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": "Asleep", "language": "python"})
    )
    before = openbao.accessors()
    started = server.api("POST", "api/kernels", {"name": "asleep"})
    assert server.api("GET", f"api/kernels/{started['id']}")["id"] == started["id"]
    assert openbao.accessors() == before


# -- the server ends ------------------------------------------------------------------------------


def test_a_killed_server_s_tokens_die_at_the_server_token_s_ttl(
    make_server: MakeServer, fresh_openbao: OpenBao
) -> None:
    """kill -9: nobody revokes, and no heartbeat keeps the tree alive."""
    deployment.provide(fresh_openbao, period="3s")
    server = make_server(fresh_openbao)
    _, accessor = with_credential(server)
    server.kill()
    wait_until("the token has expired", dead(fresh_openbao, accessor), seconds=20)


def test_a_heartbeat_keeps_the_tree_alive(make_server: MakeServer, fresh_openbao: OpenBao) -> None:
    """The server token lives far longer than its TTL while the server does."""
    deployment.provide(fresh_openbao, period="3s")
    server = make_server(fresh_openbao)
    kernel, accessor = with_credential(server)
    lived = kernel.execute("import time; time.sleep(7); print(qcred.get('ibm-quantum'))")
    assert "value hidden" in lived.text
    assert fresh_openbao.lookup_accessor(accessor) is not None
    assert session_accessor(server) == accessor


def test_the_next_start_revokes_what_a_killed_server_left(
    make_server: MakeServer, fresh_openbao: OpenBao
) -> None:
    """Where the sweep is granted, the tokens die long before their TTL."""
    deployment.provide(fresh_openbao, period="1h", sweep=True)
    server = make_server(fresh_openbao)
    _, accessor = with_credential(server)
    server.kill()
    assert fresh_openbao.lookup_accessor(accessor) is not None
    server.start()
    wait_until("the token is dead", dead(fresh_openbao, accessor))
    wait_until("the sweep is on record", lambda: events(server.home, "revoked", cause="swept"))


def test_where_the_sweep_is_not_granted_the_server_says_so(
    make_server: MakeServer, fresh_openbao: OpenBao
) -> None:
    """Without the right, the leftovers are counted in the log, and die by themselves."""
    deployment.provide(fresh_openbao, period="6s")
    server = make_server(fresh_openbao)
    _, accessor = with_credential(server)
    server.kill()
    server.start()
    wait_until("the log tells", lambda: "of an earlier server are still owed" in server.log())
    wait_until("the token has expired", dead(fresh_openbao, accessor), seconds=20)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_server_leaves_nothing(
    make_server: MakeServer, fresh_openbao: OpenBao, number: signal.Signals
) -> None:
    """SIGTERM, and Ctrl-C with a yes: everything is dead before the process has ended."""
    deployment.provide(fresh_openbao)
    before = fresh_openbao.accessors()
    server = make_server(fresh_openbao, args=("--ServerApp.answer_yes=True",))
    with_credential(server)
    assert not fresh_openbao.accessors() <= before
    os.kill(server.pid, number)
    assert server.process is not None
    server.process.wait(20)
    assert fresh_openbao.accessors() <= before


def test_a_failed_kernel_start_does_not_keep_tokens_alive(
    make_server: MakeServer, fresh_openbao: OpenBao
) -> None:
    """Jupyter then fails to stop at SIGTERM (it looks for the kernel); the tokens are dead."""
    deployment.provide(fresh_openbao)
    server = make_server(fresh_openbao)
    _, accessor = with_credential(server)
    fail_a_start(server)
    os.kill(server.pid, signal.SIGTERM)
    wait_until("the token is dead", dead(fresh_openbao, accessor))


def test_a_hanging_vault_does_not_keep_the_server_from_ending(
    make_server: MakeServer, fresh_openbao: OpenBao
) -> None:
    """SIGTERM ends the server within 5 s; what is owed waits on the disk for the next start."""
    deployment.provide(fresh_openbao, period="1h", sweep=True)
    server = make_server(fresh_openbao)
    _, accessor = with_credential(server)
    fresh_openbao.pause()
    server.terminate(seconds=5)
    fresh_openbao.resume()
    server.start()
    wait_until("the token is dead", dead(fresh_openbao, accessor), seconds=20)


# -- the issuer is away ---------------------------------------------------------------------------


def test_vault_down_at_the_start_of_a_kernel(
    make_server: MakeServer, fresh_openbao: OpenBao
) -> None:
    """The kernel starts as ever, get() names the cause, and the credential comes by itself."""
    deployment.provide(fresh_openbao)
    server = make_server(fresh_openbao)
    fresh_openbao.stop()
    kernel = server.open_notebook("work.ipynb")
    refused = kernel.execute(GET)
    assert "IssuerUnreachableError" in refused.text
    assert fresh_openbao.address in refused.text
    fresh_openbao.start()
    kernel.execute("import jupyter_qcred as qcred")
    wait_until(
        "the credential arrives", lambda: KEY in kernel.execute("qcred.status()").text, seconds=60
    )


def test_vault_down_at_revoke(make_server: MakeServer, fresh_openbao: OpenBao) -> None:
    """The revocation is tried until it is confirmed."""
    deployment.provide(fresh_openbao)
    server = make_server(fresh_openbao)
    kernel, accessor = with_credential(server)
    fresh_openbao.stop()
    kernel.delete()
    fresh_openbao.start()
    wait_until("the token is dead", dead(fresh_openbao, accessor), seconds=60)
    wait_until(
        "it is on record",
        lambda: events(server.home, "revoked", accessor=accessor, outcome="confirmed"),
    )


def test_vault_down_at_revoke_and_a_new_server(
    make_server: MakeServer, fresh_openbao: OpenBao
) -> None:
    """What one server still owed, the next one settles."""
    deployment.provide(fresh_openbao, period="1h", sweep=True)
    server = make_server(fresh_openbao)
    kernel, accessor = with_credential(server)
    fresh_openbao.stop()
    kernel.delete()
    server.terminate()
    fresh_openbao.start()
    assert fresh_openbao.lookup_accessor(accessor) is not None
    server.start()
    wait_until("the token is dead", dead(fresh_openbao, accessor), seconds=30)


# -- many, and turned off -------------------------------------------------------------------------


def test_twenty_kernels_at_once(make_server: MakeServer, fresh_openbao: OpenBao) -> None:
    """Each gets a session token of its own, and at the end OpenBao's list is what it was."""
    deployment.provide(fresh_openbao)
    before = fresh_openbao.accessors()
    server = make_server(fresh_openbao)
    with requests.Session() as http:
        http.headers["Authorization"] = server.authorization
        for _ in range(20):
            # The answer comes when the process was launched: they get ready all at once.
            http.post(f"{server.url}api/kernels", json={"name": "python3"}).raise_for_status()
        wait_until(
            "twenty deliveries",
            lambda: len(events(server.home, "delivered", credential=KEY)) == 20,
            90,
        )
    issued = events(server.home, "issued", what="session token")
    assert len({event["accessor"] for event in issued}) == 20
    for kernel in server.api("GET", "api/kernels"):
        server.api("DELETE", f"api/kernels/{kernel['id']}")
    wait_until(
        "all are dead",
        lambda: not {event["accessor"] for event in issued} & fresh_openbao.accessors(),
    )
    assert server.terminate(30) == 0
    assert fresh_openbao.accessors() <= before


@pytest.mark.parametrize(
    "off", [{"QcredApp": {"enabled": False}}, {"CredentialService": {"enabled": False}}]
)
def test_turned_off_nothing_is_issued(
    make_server: MakeServer, openbao: OpenBao, off: dict[str, Any]
) -> None:
    """One line turns it off: kernels start as if the package were not there."""
    server = make_server(start=False)
    file = server.config_dir / "jupyter_qcred_config.json"
    settings: dict[str, Any] = json.loads(file.read_text())
    for section, traits in off.items():
        settings.setdefault(section, {}).update(traits)
    file.write_text(json.dumps(settings))
    server.start()
    before = openbao.accessors()
    kernel = server.open_notebook("work.ipynb")
    assert "NotOnPlatformError" in kernel.execute(GET).text
    assert openbao.accessors() == before

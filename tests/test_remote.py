"""Kernels that inherit nothing: credentials over Jupyter's control channel, where it is private."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support import deployment
from support.deployment import CANARY, KEY, LIVE, PROFILES, events
from support.far.place import LAUNCH, PACKAGE, FarPlace
from support.openbao import free_port, wait_until
from support.packages import Environment
from support.processes import alive
from support.sweep import files_with, texts_with

from jupyter_qcred.core import wire
from jupyter_qcred.deliver.control_socket import ControlSocket, Endpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.jupyter import JupyterServer, Kernel
    from support.openbao import OpenBao

    MakeServer = Callable[..., JupyterServer]

GET = f"import jupyter_qcred as qcred; print(qcred.get('{KEY}'))"
SHOW = f"import jupyter_qcred as qcred; print('key:', qcred.get('{KEY}').reveal())"
MASK = f"key: [redacted:{KEY}]"


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FarPlace]:
    """A daemon that launches kernels."""
    place = FarPlace(tmp_path_factory.mktemp("place") / "far")
    yield place
    place.close()


@pytest.fixture(scope="module")
def shared(
    openbao: OpenBao, far: FarPlace, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[JupyterServer]:
    """A server with all logs on, whose files are out of the kernels' reach."""
    deployment.provide(openbao)
    home = tmp_path_factory.mktemp("server")
    made = deployment.server(
        openbao, home, profiles=short_lived(6), args=("--debug",), control_beat=2.0
    )
    far.serve(made, own_files=True).start()
    yield made
    made.close()


def short_lived(seconds: int) -> dict[str, Any]:
    source = PROFILES[LIVE]["source"] | {"parameters": {"ttl": f"{seconds}s"}}
    return PROFILES | {LIVE: PROFILES[LIVE] | {"source": source}}


def accessors(server: JupyterServer, kernel: Kernel) -> list[str]:
    """Session tokens that were issued for a kernel, oldest first."""
    issued = events(server.home, "issued", what="session token", kernel=kernel.id)
    return [event["accessor"] for event in issued]


def assert_dead(openbao: OpenBao, accessor: str) -> None:
    wait_until("the token is dead", lambda: openbao.lookup_accessor(accessor) is None, 20)


def assert_a_whole_life(
    server: JupyterServer, openbao: OpenBao, far: FarPlace, name: str
) -> Kernel:
    """Issued, delivered, redacted, renewed, given back, revoked."""
    kernel = server.open_notebook(f"{name}.ipynb", kernel=name)
    assert kernel.execute(SHOW).text.strip() == MASK
    kernel.execute(f"cred = qcred.get('{LIVE}'); first = cred.lease_id")
    assert kernel.execute(f"qcred.renew('{LIVE}'); print(cred.lease_id != first)").text == "True\n"
    assert kernel.execute(f"print(qcred.revoke('{LIVE}'))").text == "unsupported\n"
    assert "LeaseExpiredError" in kernel.execute("cred.reveal()").text
    assert events(server.home, "redacted", credential=KEY, kernel=kernel.id)
    accessor = accessors(server, kernel)[-1]
    kernel.delete()
    assert_dead(openbao, accessor)
    assert texts_with(CANARY, [*kernel.received, *server.answers]) == []
    assert files_with(CANARY, server.home, far.home, far.short) == []
    return kernel


def test_credentials_reach_a_kernel_over_curve_and_no_log(
    shared: JupyterServer, openbao: OpenBao, far: FarPlace
) -> None:
    """Kernel and server log all they can; other clients never hear of our messages."""
    argv = (sys.executable, *LAUNCH, "--debug")
    kernel = assert_a_whole_life(shared, openbao, far, far.kernelspec(shared, "curve", *argv))
    assert re.search("Control received: .*qcred_request.*<sealed>", far.log())
    assert "qcred_request" not in shared.log() + "".join(kernel.received)


def test_credentials_reach_a_kernel_over_sockets_of_the_file_system(
    make_server: MakeServer, openbao: OpenBao, far: FarPlace
) -> None:
    """The same, where the transport is ipc; and the server's own end takes the kernel's along."""
    server = far.serve(make_server(start=False, args=("--KernelManager.transport=ipc",))).start()
    name = far.kernelspec(server, "ipc", curve=False)
    assert_a_whole_life(server, openbao, far, name)
    kernel = server.open_notebook("another.ipynb", kernel=name)
    assert kernel.execute(SHOW).text.strip() == MASK
    (accessor,) = accessors(server, kernel)
    assert server.terminate() == 0
    assert_dead(openbao, accessor)


@pytest.mark.parametrize("how", ["kill -9", "restart", "exit"])
def test_the_token_dies_with_such_a_kernel(
    shared: JupyterServer, openbao: OpenBao, far: FarPlace, how: str
) -> None:
    """The provisioner's word, or the end of the connection: whichever comes first."""
    kernel = shared.open_notebook(f"{how}.ipynb", kernel=far.kernelspec(shared, f"far-{how[:4]}"))
    assert kernel.execute(SHOW).text.strip() == MASK
    (accessor,) = accessors(shared, kernel)
    if how == "kill -9":
        os.kill(kernel.pid(), signal.SIGKILL)
    elif how == "exit":
        kernel.execute("import os, threading; threading.Timer(0.2, os._exit, [3]).start()")
    else:
        shared.api("POST", f"api/kernels/{kernel.id}/restart")
        kernel.connect()
        assert kernel.execute(SHOW).text.strip() == MASK
        assert len(accessors(shared, kernel)) == 2
    assert_dead(openbao, accessor)


def test_plain_tcp_is_refused_with_the_reason(shared: JupyterServer, far: FarPlace) -> None:
    """Others could read it: nothing is issued, the kernel says what to do, the log says it once."""
    kernel = shared.open_notebook("tcp.ipynb", kernel=far.kernelspec(shared, "tcp", curve=False))
    refused = kernel.execute(GET).text
    assert "NotOnPlatformError" in refused
    assert "plain TCP" in refused
    assert "transport_encryption" in refused
    assert shared.log().count("plain TCP") == 1
    assert accessors(shared, kernel) == []


def test_renewals_arrive_while_a_cell_runs_and_do_not_count_as_activity(
    shared: JupyterServer, far: FarPlace
) -> None:
    """The control channel has its own thread; and an idle kernel may still be culled."""
    kernel = shared.open_notebook("busy.ipynb", kernel=far.kernelspec(shared, "busy"))
    kernel.execute(f"import jupyter_qcred as qcred, time; cred = qcred.get('{LIVE}')")
    waiting = (
        "first, end = cred.lease_id, time.monotonic() + 20\n"
        "while cred.lease_id == first and time.monotonic() < end: pass\n"
        "print(cred.lease_id != first)"
    )
    assert kernel.execute(waiting).text == "True\n"
    done = len(renewals(shared, kernel))
    wait_until("it was renewed again", lambda: len(renewals(shared, kernel)) > done, 30)
    active = shared.api("GET", f"api/kernels/{kernel.id}")["last_activity"]
    wait_until("and once more", lambda: len(renewals(shared, kernel)) > done + 1, 30)
    assert shared.api("GET", f"api/kernels/{kernel.id}")["last_activity"] == active


def renewals(server: JupyterServer, kernel: Kernel) -> list[dict[str, Any]]:
    return events(server.home, "renewed", credential=LIVE, kernel=kernel.id)


def test_others_who_know_the_connection_file_are_told_nothing(
    shared: JupyterServer, far: FarPlace
) -> None:
    """The kernel talks to the server's own connection, and to one that knows the launch's name."""
    kernel = shared.open_notebook("other.ipynb", kernel=far.kernelspec(shared, "other"))
    assert kernel.execute(SHOW).text.strip() == MASK
    info = json.loads((far.short / f"kernel-{kernel.id}.json").read_text())
    command = Path(f"/proc/{kernel.pid()}/cmdline").read_text()
    nonce = re.search(r'"nonce": "([^"]+)"', command)
    assert nonce is not None
    assert asyncio.run(answers(info, nonce[1], "a guess")) == [wire.PROTOCOL]
    assert kernel.execute(SHOW).text.strip() == MASK


async def answers(info: dict[str, Any], *nonces: str) -> list[object]:
    """What a kernel of ours says to a stranger: to the mark's question, and to offers."""
    socket = ControlSocket(Endpoint.of(info, None), 10.0)
    heard: list[object] = [await socket.kernel_protocol()]
    for nonce in nonces:
        socket.send(wire.Offer(nonce=nonce))
    # Its answer to this question comes after those to the offers, had there been any.
    socket._transmit(socket._session.msg("kernel_info_request", {}))
    frames = await socket._incoming.get()
    assert frames is not None
    message = socket._verified(frames)
    assert message is not None
    if message["msg_type"] != "kernel_info_reply":
        heard.append(message)
    socket.close()
    return heard


def test_forks_and_reloads_leave_the_channel_alone(shared: JupyterServer, far: FarPlace) -> None:
    """A child has nothing, modules are executed again, and the server still reaches the kernel."""
    kernel = shared.open_notebook("forks.ipynb", kernel=far.kernelspec(shared, "forks"))
    assert kernel.execute(SHOW).text.strip() == MASK
    fork = (
        "import os\n"
        "if not (pid := os.fork()):\n"
        f"    try: qcred.get({KEY!r})\n"
        "    except qcred.NotOnPlatformError: os._exit(7)\n"
        "    os._exit(1)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))"
    )
    assert kernel.execute(fork).text == "7\n"
    again = (
        "import importlib, sys\n"
        "names = sorted(name for name in sys.modules if name.startswith('jupyter_qcred'))\n"
        "for name in names: importlib.reload(sys.modules[name])\n"
        f"cred = qcred.get({LIVE!r}); first = cred.lease_id\n"
        f"qcred.renew({LIVE!r}); print(cred.lease_id != first)"
    )
    assert kernel.execute(again).text == "True\n"
    assert kernel.execute(SHOW).text.strip() == MASK
    assert len(accessors(shared, kernel)) == 1


def test_a_kernel_forgets_when_its_server_is_killed(
    make_server: MakeServer, openbao: OpenBao, far: FarPlace
) -> None:
    """It outlives the server; what it holds does not outlive three signs of life that fail."""
    server = far.serve(make_server(start=False, control_beat=1.0)).start()
    kernel = server.open_notebook("work.ipynb", kernel=far.kernelspec(server, "far"))
    told = far.home / "told"
    watching = (
        f"import jupyter_qcred as qcred, threading, time; cred = qcred.get('{KEY}')\n"
        "def watch():\n"
        "    try:\n"
        "        while cred.reveal(): time.sleep(0.05)\n"
        "    except Exception as error:\n"
        f"        open({str(told)!r}, 'w').write(repr(error))\n"
        "threading.Thread(target=watch).start()"
    )
    assert kernel.execute(watching).ok
    pid = kernel.pid()
    server.kill()
    wait_until("it has forgotten", told.exists, 20)
    assert alive(pid)
    wait_until("it says why", lambda: "NotOnPlatformError" in told.read_text(), 5)


# -- the kernel's own environment -----------------------------------------------------------------


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with ipykernel and nothing of ours; returns its python."""
    place = tmp_path_factory.mktemp("bare") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
    below = {Path(sysconfig.get_path(kind)) for kind in ("purelib", "platlib")}
    below |= {Path(path) for path in sys.path if path.endswith("site-packages")}
    for library in below:
        for entry in library.iterdir():
            ours = "jupyter_qcred" in entry.name or entry.suffix == ".pth"
            if not ours and not (library_of(place) / entry.name).exists():
                (library_of(place) / entry.name).symlink_to(entry)
    return place / "bin" / "python"


def library_of(place: Path) -> Path:
    return next((place / "lib").glob("python3*")) / "site-packages"


def with_our_half(bare: Path, place: Path, protocol: int | None = None) -> Path:
    """Return the python of an environment above ``bare`` that has jupyter_qcred, too."""
    subprocess.run([str(bare), "-m", "venv", "--without-pip", place], check=True)
    library = library_of(place)
    (library / "below.pth").write_text(f"{library_of(bare.parents[1])}\n")
    shutil.copytree(PACKAGE, library / "jupyter_qcred")
    if protocol is not None:
        module = library / "jupyter_qcred" / "core" / "wire.py"
        text, changed = re.subn(
            r"PROTOCOL: Final = \d+", f"PROTOCOL: Final = {protocol}", module.read_text()
        )
        assert changed == 1
        module.write_text(text)
    return place / "bin" / "python"


def test_an_environment_without_our_package_has_a_plain_kernel(
    shared: JupyterServer, far: FarPlace, bare: Path
) -> None:
    """On another machine nothing of ours is there unless somebody installs it."""
    name = far.kernelspec(shared, "without", str(bare), *LAUNCH)
    kernel = shared.open_notebook("without.ipynb", kernel=name)
    assert kernel.execute("print(6 * 7)").text == "42\n"
    assert "No module named 'jupyter_qcred'" in kernel.execute(GET).text
    wait_until("the log says it", lambda: "Install that there" in shared.log())
    assert "UNKNOWN CONTROL MESSAGE" not in far.log()
    assert accessors(shared, kernel) == []


def test_an_environment_with_our_package_gets_credentials(
    shared: JupyterServer, far: FarPlace, bare: Path, tmp_path: Path
) -> None:
    """The copy that is installed there serves, where the server's files are out of reach."""
    python = with_our_half(bare, tmp_path / "with")
    name = far.kernelspec(shared, "with", str(python), *LAUNCH)
    kernel = shared.open_notebook("with.ipynb", kernel=name)
    assert kernel.execute(SHOW).text.strip() == MASK
    where = kernel.execute("print(qcred.__file__)").text.strip()
    assert Path(where).is_relative_to(tmp_path / "with")


def test_another_protocol_is_refused_with_both_numbers(
    shared: JupyterServer, far: FarPlace, bare: Path, tmp_path: Path
) -> None:
    """Nothing is issued, the kernel starts, and get() says what to install."""
    python = with_our_half(bare, tmp_path / "old", protocol=999)
    name = far.kernelspec(shared, "skewed", str(python), *LAUNCH)
    kernel = shared.open_notebook("skewed.ipynb", kernel=name)
    assert kernel.execute("print(6 * 7)").text == "42\n"
    refused = kernel.execute(GET).text
    assert "NotOnPlatformError" in refused
    assert "protocol 999" in refused
    assert "Install the server's version" in refused
    assert accessors(shared, kernel) == []


# -- a provisioner of somebody else's -------------------------------------------------------------


def test_gateway_provisioners_kernels_have_credentials(
    make_server: MakeServer, openbao: OpenBao, tmp_path: Path
) -> None:
    """Its launcher script starts the kernel and makes the keys; ours is told where it is."""
    environment = Environment(tmp_path / "venv", "gateway-provisioners>=0.5")
    # It refuses to start kernels for root unless told otherwise.
    settings = {"GP_KERNEL_LOG_DIR": str(tmp_path), "GP_UNAUTHORIZED_USERS": "nobody",
                "GP_RESPONSE_PORT": str(free_port())}  # fmt: skip
    server = environment.of(make_server(start=False, env=settings, control_beat=2.0))
    command = [environment.python.with_name("jupyter-ssh-spec"), "install", "--user"]
    subprocess.run(command, env=server.env, check=True, capture_output=True)
    file = server.home / "data" / "kernels" / "ssh_python" / "kernel.json"
    spec = json.loads(file.read_text())
    pinned = spec["metadata"]["kernel_provisioner"]
    inner = {"inner": pinned["provisioner_name"], "inner_config": pinned["config"]}
    ours = {"provisioner_name": "qcred-provisioner", "config": inner}
    spec["metadata"]["kernel_provisioner"] = ours
    file.write_text(json.dumps(spec))
    server.start()
    kernel = server.open_notebook("work.ipynb", kernel="ssh_python")
    assert kernel.execute(SHOW).text.strip() == MASK
    (accessor,) = accessors(server, kernel)
    os.kill(kernel.pid(), signal.SIGKILL)
    assert_dead(openbao, accessor)
    assert files_with(CANARY, server.home, tmp_path) == []

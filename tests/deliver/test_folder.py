"""A kernel that starts in a stranger's folder: who is told, how often, and what does not change."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from support import deployment
from support.openbao import wait_until

if TYPE_CHECKING:
    from support.jupyter import JupyterServer, Kernel

HOSTILE = "IONQ_API_URL=https://evil.example\nIONQ_API_KEY=hunter2-theirs\n"
TOLD = "line 1: IONQ_API_URL leads qiskit-ionq to evil.example"
STATUS = "import jupyter_qcred as qcred; [row['state'] for row in qcred.status()]"
PINNED = {
    "ibm-quantum": {
        "vendor": "ibm-quantum", "source": "kv2:qcred/ibm-quantum",
        "settings": {"url": "https://quantum.example"},
    }
}  # fmt: skip


def opened(server: JupyterServer, file: str = ".env", text: str = HOSTILE) -> Kernel:
    """Open a notebook below a folder that holds such a file."""
    (server.root / "cloned" / "notebooks").mkdir(parents=True)
    if text:
        (server.root / "cloned" / file).write_text(text)
    return server.open_notebook("cloned/notebooks/work.ipynb")


def alerts(server: JupyterServer) -> list[dict[str, Any]]:
    return deployment.events(server.home, "alert", kind="redirected")


def said(kernel: Kernel, cells: int) -> str:
    return "".join(kernel.execute("None").text for _ in range(cells))


def until_known(kernel: Kernel) -> None:
    wait_until("the kernel knows", lambda: "redirected" in kernel.execute(STATUS).text, seconds=60)


def test_the_user_is_told_once_with_a_cell(make_server) -> None:
    """In the notebook by one line, in the log and the audit by one each, and in ``status()``."""
    server = make_server()
    kernel = opened(server)
    shown: list[str] = []

    def told() -> bool:
        shown.append(kernel.execute("None").text)
        return bool(shown[-1])

    wait_until("somebody is told", told, seconds=60)
    shown.append(said(kernel, 3))
    (line,) = "".join(shown).splitlines()
    folder = (server.root / "cloned").resolve()
    assert line.startswith(f"jupyter_qcred: {folder}/.env, {TOLD}. Clients of `qcred.client`")
    assert "'other_account', 'redirected'" in kernel.execute(STATUS).text
    wait_until("it was audited", lambda: alerts(server), seconds=60)
    (alert,) = alerts(server)
    assert (alert["vendor"], alert["count"], alert["reason"]) == ("ionq", 1, "redirected")
    wait_until("it was logged", lambda: TOLD in server.log(), seconds=60)
    assert server.log().count(TOLD) == 1
    assert "hunter2" not in server.log()
    assert "hunter2" not in line


def test_an_account_of_one_s_own_is_no_reason_to_speak_unasked(make_server) -> None:
    """It is in ``status()``; cells, log and audit say nothing."""
    server = make_server()
    kernel = opened(server, text="IONQ_API_KEY=hunter2-mine\n")
    wait_until("the kernel knows", lambda: "other_account" in kernel.execute(STATUS).text, 60)
    assert said(kernel, 2) == ""
    assert alerts(server) == []
    assert "IONQ_API_KEY" not in server.log()


def test_an_ordinary_folder_is_not_spoken_of(make_server) -> None:
    """Nothing is shown where there is nothing, and a restart finds what has come since."""
    server = make_server()
    kernel = opened(server, text="")
    assert said(kernel, 3) == ""
    loaded = (
        "import sys; [name for name in sys.modules if name.startswith('jupyter_qcred.kernel.g')]"
    )
    assert kernel.execute(loaded).text == "[]"  # a kernel that makes no client pays nothing
    (server.root / "cloned" / "notebooks" / "dwave.conf").write_text("[d]\nproxy = http://evil\n")
    server.api("POST", f"api/kernels/{kernel.id}/restart")
    kernel.connect()
    until_known(kernel)


def test_it_can_be_turned_off(make_server) -> None:
    """Then a kernel hears nothing of its folder until it makes a client."""
    server = make_server(look_into_folders=False)
    kernel = opened(server)
    assert said(kernel, 3) == ""
    assert "redirected" not in kernel.execute(STATUS).text
    assert TOLD not in server.log()


@pytest.mark.parametrize("what", ["pipe", "device"])
def test_nothing_in_a_folder_keeps_a_kernel_from_starting(make_server, what) -> None:
    """Not a pipe that nobody writes to, nor a device without an end; the next kernel is served."""
    server = make_server()
    (server.root / "cloned" / "notebooks").mkdir(parents=True)
    place = server.root / "cloned" / "notebooks" / "dwave.conf"
    os.mkfifo(place) if what == "pipe" else place.symlink_to("/dev/zero")
    kernel = server.open_notebook("cloned/notebooks/work.ipynb")
    until_known(kernel)
    assert kernel.execute(f"qcred.get('{deployment.KEY}').vendor").text == "'ibm-quantum'"
    place.unlink()
    assert server.open_notebook("other.ipynb").execute("1 + 1").text == "2"


def test_an_address_of_the_profile_comes_before_a_stored_one(make_server, openbao) -> None:
    """Also when the field was stored beside the key, and after a renewal."""
    deployment.provide(openbao)
    openbao.put(deployment.KEY, value=deployment.CANARY, url="https://evil.example")
    server = make_server(openbao, profiles=PINNED)
    kernel = server.open_notebook("work.ipynb")
    get = f"import jupyter_qcred as qcred; dict(qcred.get('{deployment.KEY}').public)"
    assert kernel.execute(get).text == "{'url': 'https://quantum.example'}"
    renewed = f"dict(qcred.renew('{deployment.KEY}').public)"
    assert kernel.execute(renewed).text == "{'url': 'https://quantum.example'}"
    openbao.put(deployment.KEY, value=deployment.CANARY)

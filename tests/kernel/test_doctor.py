"""`qcred.doctor()` in real kernels: what is wrong is a row with what to do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from support import deployment
from support.deployment import CANARY, KEY, LIVE
from support.sweep import texts_with

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.jupyter import JupyterServer, Kernel
    from support.openbao import OpenBao

SHOW = "import json, jupyter_qcred as qcred; print(json.dumps(list(map(dict, qcred.doctor()))))"


@pytest.fixture(scope="module")
def server(openbao: OpenBao, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    deployment.provide(openbao)
    made = deployment.server(openbao, tmp_path_factory.mktemp("home")).start()
    yield made
    for kernel in made.kernels:
        assert texts_with(CANARY, kernel.received) == []
    made.close()


@pytest.fixture
def kernel(server: JupyterServer) -> Iterator[Kernel]:
    """A kernel that holds a credential."""
    opened = server.open_notebook("work.ipynb")
    assert opened.execute(f"import jupyter_qcred as qcred; qcred.get('{KEY}')").ok
    yield opened
    opened.delete()


def rows(kernel: Kernel, before: str = "", after: str = "") -> dict[str, dict[str, Any]]:
    """Return the rows by their check; what is wrong counts more than what is not."""
    shown = kernel.execute(f"{before}\n{SHOW}\n{after}")
    assert shown.ok, shown.text
    found = json.loads(shown.text.splitlines()[0])
    return {row["check"]: row for row in sorted(found, key=lambda row: row["verdict"] == "wrong")}


def test_all_is_well(kernel: Kernel) -> None:
    """Nothing is left to do; the server answers, and the memory is hidden."""
    found = rows(kernel)
    assert {row["verdict"] for row in found.values()} == {"ok"}
    assert found["server"]["what was seen"].endswith(f"may ask for {KEY}, {LIVE}")
    assert {"redaction", "memory", "encryption", "credentials", "versions"} <= found.keys()


def test_it_reads_well_as_text_and_as_html(kernel: Kernel) -> None:
    """A table in a notebook, aligned lines in a terminal, the same by the magic."""
    (shown,) = kernel.execute("qcred.doctor()").outputs
    assert shown["data"]["text/html"].count("<tr>") > 5
    text = shown["data"]["text/plain"]
    assert text.splitlines()[0].split()[:2] == ["check", "verdict"]
    (magic,) = kernel.execute("%qcred doctor").outputs
    assert magic["data"]["text/plain"].splitlines()[0] == text.splitlines()[0]


def test_what_a_person_has_to_see_to_is_a_row(kernel: Kernel) -> None:
    """A credential that its operator took away, with the next step."""
    found = rows(kernel, before=f"qcred.revoke('{KEY}')")
    assert found["credentials"]["verdict"] == "ok"
    store = "qcred.kernel.current.current_client().store"
    before = f"{store}.withdraw({LIVE!r}, qcred.NeedsLoginError('The login has expired'))"
    kernel.execute(f"import jupyter_qcred.kernel.current; qcred.get({LIVE!r})")
    row = rows(kernel, before=before)[f"credential {LIVE}"]
    assert (row["verdict"], row["what was seen"]) == ("wrong", "The login has expired")
    assert row["what to do"].startswith("Log in")


def test_another_session_in_the_place_of_ours(kernel: Kernel) -> None:
    """What it sent would not be redacted."""
    replace = """
from ipykernel.kernelapp import IPKernelApp
from jupyter_client.session import Session
of_kernel = IPKernelApp.instance().kernel
ours, of_kernel.session = of_kernel.session, Session()
"""
    row = rows(kernel, before=replace, after="of_kernel.session = ours")["redaction"]
    assert row["verdict"] == "wrong"
    assert "has put Session in the place of our session" in row["what was seen"]


def test_a_key_that_was_inherited(kernel: Kernel) -> None:
    """Its name, and not its value."""
    value = "somebody-s-own-key-0123456789"
    row = rows(kernel, f"import os; os.environ['IONQ_API_KEY'] = '{value}'")["environment"]
    assert row["verdict"] == "look"
    assert "IONQ_API_KEY holds a key of ionq" in row["what was seen"]
    assert value not in str(row)


def test_a_folder_that_leads_elsewhere(server: JupyterServer, kernel: Kernel) -> None:
    """A file that came with somebody's repository."""
    trap = server.root / ".env"
    trap.write_text("IONQ_API_URL=https://elsewhere.example\n")
    row = rows(kernel)["this folder"]
    trap.unlink()
    assert row["verdict"] == "wrong"
    assert "elsewhere.example" in row["what was seen"]


def test_a_kernel_without_a_server_of_ours(server: JupyterServer) -> None:
    """Pinned to another provisioner, not encrypted: the cause, and where to look further."""
    place = server.home / "data" / "kernels" / "plain"
    place.mkdir(parents=True)
    spec = {
        "argv": ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Plain",
        "language": "python",
        "metadata": {"kernel_provisioner": {"provisioner_name": "local-provisioner"}},
    }
    (place / "kernel.json").write_text(json.dumps(spec))
    found = rows(server.open_notebook("plain.ipynb", kernel="plain"))
    assert found["server"]["verdict"] == "wrong"
    assert "not started by a Jupyter server with" in found["server"]["what was seen"]
    assert "`jupyter qcred doctor`" in found["server"]["what to do"]
    assert found["encryption"]["verdict"] == "look"
    assert found["redaction"]["verdict"] == "-"

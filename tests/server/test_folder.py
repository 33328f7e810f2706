"""What the API tells of files in a kernel's folder: places and names, and nothing of a value."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from support.api import Api
from support.openbao import wait_until
from support.sweep import texts_with

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.jupyter import JupyterServer

    MakeServer = Callable[..., JupyterServer]

THEIRS = "hunter2-theirs-0123456789"
HOSTILE = f"# ours\nIONQ_API_URL=https://evil.example/{THEIRS}\nIONQ_API_KEY={THEIRS}\n"


@pytest.fixture
def server(make_server: MakeServer) -> JupyterServer:
    return make_server()


def folder_of(api: Api, kernel: str, count: int) -> list[dict[str, Any]]:
    """Return what is told of one kernel's folder, as soon as it is so much."""
    found: list[dict[str, Any]] = []

    def told() -> bool:
        kernels = api.get("status")["kernels"]
        found[:] = [trap for one in kernels if one["kernel"] == kernel for trap in one["folder"]]
        return len(found) >= count

    wait_until("the folder was looked into", told, 60)
    return found


def test_a_line_that_leads_elsewhere_is_told_with_its_place(server: JupyterServer) -> None:
    """File, line, variable, vendor, what it does and what to do; the host, and no other value."""
    (server.root / ".env").write_text(HOSTILE)
    api = Api(server)
    kernel = server.open_notebook("work.ipynb")
    address, account = folder_of(api, kernel.id, 2)
    assert address["reason"].endswith("IONQ_API_URL leads qiskit-ionq to evil.example")
    assert address["next_step"].startswith("Clients of `qcred.client` send no key there")
    place = {"path": str((server.root / ".env").resolve()), "vendor": "ionq"}
    assert address.items() >= {
        **place, "line": 2, "variable": "IONQ_API_URL", "effect": "address", "code": "redirected",
    }.items()  # fmt: skip
    assert account.items() >= {
        **place, "line": 3, "variable": "IONQ_API_KEY", "effect": "account",
        "code": "other_account",
    }.items()  # fmt: skip
    assert texts_with(THEIRS, api.answers) == []


def test_a_browser_hears_of_it_and_of_the_next_kernel_s_folder(server: JupyterServer) -> None:
    """It is news like any other; a kernel that starts when the line is gone has nothing of it."""
    (server.root / ".env").write_text(HOSTILE)
    api = Api(server)
    before = api.get("changes")["id"]
    kernel = server.open_notebook("work.ipynb")
    folder_of(api, kernel.id, 2)
    told = api.get("changes", since=before, wait="50")
    assert [len(one["folder"]) for one in told["status"]["kernels"]] == [2]
    (server.root / ".env").write_text("")
    server.api("POST", f"api/kernels/{kernel.id}/restart")
    empty = lambda: [one["folder"] for one in api.get("status")["kernels"]] == [[]]  # noqa: E731
    wait_until("the new kernel is shown", empty, 60)


def test_a_file_that_cannot_be_looked_at_is_told_as_such(server: JupyterServer) -> None:
    """A pipe that nobody writes to: an SDK would wait there."""
    os.mkfifo(server.root / "dwave.conf")
    api = Api(server)
    (trap,) = folder_of(api, server.open_notebook("work.ipynb").id, 1)
    assert (trap["line"], trap["variable"], trap["effect"]) == (0, "", "unread")
    assert "is no ordinary file" in trap["reason"]


def test_where_folders_are_not_looked_into_nothing_is_told(make_server: MakeServer) -> None:
    """``look_into_folders`` turns it off for browsers, too."""
    server = make_server(look_into_folders=False)
    (server.root / ".env").write_text(HOSTILE)
    api = Api(server)
    kernel = server.open_notebook("work.ipynb")
    assert kernel.execute("1 + 1").text == "2"
    (shown,) = [one for one in api.get("status")["kernels"] if one["kernel"] == kernel.id]
    assert shown["folder"] == []

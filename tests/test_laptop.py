"""A researcher's day on a laptop: nothing configured, one key stored, notebooks as ever."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import nbformat
import pytest
from support.deployment import CANARY, events
from support.jupyter import JupyterServer
from support.openbao import wait_until
from support.processes import processes_naming, stop_all
from support.sweep import files_with, processes_with

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GET = "import jupyter_qcred as qcred; cred = qcred.get('ionq'); print(cred)"


@pytest.fixture
def laptop(tmp_path: Path) -> Iterator[JupyterServer]:
    """A home without any setting of ours."""
    server = JupyterServer(tmp_path / "home")
    yield server
    server.close()
    stop_all(processes_naming(tmp_path))


def qcred(laptop: JupyterServer, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["jupyter", "qcred", *words], input=typed, env=laptop.env, cwd=laptop.root,
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip


def test_a_day_on_a_laptop(laptop: JupyterServer) -> None:
    """Before the key, with it, after it was replaced, and when everything is closed."""
    laptop.start()
    kernel = laptop.open_notebook("morning.ipynb")
    assert "jupyter qcred put" in kernel.execute(GET).text

    stored = qcred(laptop, "put", "ionq", typed=f"{CANARY}\n")
    assert CANARY not in stored.stdout + stored.stderr
    assert "value hidden" in kernel.execute(GET).text
    assert kernel.execute("print(cred.reveal())").text == "[redacted:ionq]\n"

    # A second server shares the same OpenBao; each ends on its own.
    other = JupyterServer(laptop.home).start()
    second = other.open_notebook("second.ipynb")
    assert "value hidden" in second.execute(GET).text
    second.close()
    assert other.terminate() == 0

    replaced = CANARY[::-1].swapcase()
    qcred(laptop, "put", "ionq", typed=replaced)
    changed = kernel.execute("old = cred.reveal(); qcred.renew('ionq'); old != cred.reveal()")
    assert changed.text == "True"
    laptop.save(
        "morning.ipynb",
        nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(f"key = '{replaced}'")]),
    )
    kernel.delete()
    assert laptop.terminate() == 0
    wait_until("OpenBao has stopped", lambda: not processes_naming(laptop.home), seconds=30)

    for value in (CANARY, replaced):
        assert files_with(value, laptop.home) == []
        assert processes_with(value) == []
    assert events(laptop.home, "revoked", what="session token", outcome="confirmed")

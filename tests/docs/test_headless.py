"""Headless runs, as their page says: each command gives kernels credentials, and redacts."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest
from support.deployment import CANARY, events
from support.jupyter import JupyterServer
from support.openbao import wait_until
from support.processes import processes_naming, stop_all
from support.sweep import files_with

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "headless.md").read_text()
BLOCKS = re.findall(r"^```(console|python)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = BLOCKS[0][1].splitlines()

CELL = "import jupyter_qcred as qcred; cred = qcred.get('ionq'); print(cred, cred.reveal())"
PIPELINE = """
import nbformat
from nbclient import NotebookClient
notebook = nbformat.read("tutorial.ipynb", 4)
NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
nbformat.write(notebook, "pipeline.ipynb")
"""


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """A home with a stored key, a notebook that uses it, and no server."""
    place = tmp_path_factory.mktemp("headless")
    made = JupyterServer(place / "home")
    stored = run(made, "jupyter qcred put ionq", given=CANARY)
    assert stored.returncode == 0, stored.stderr
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(CELL)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    for name in ("tutorial.ipynb", "in.ipynb"):
        nbformat.write(notebook, made.root / name)
    (made.root / "my_pipeline.py").write_text(PIPELINE)
    yield made
    stop_all(processes_naming(place))


def run(laptop: JupyterServer, line: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run a line of the page in a shell."""
    return subprocess.run(
        ["/bin/sh", "-euc", line], env=laptop.env, cwd=laptop.root, input=given, text=True,
        capture_output=True, check=False, timeout=150,
    )  # fmt: skip


def test_the_page_has_the_commands_that_are_tried() -> None:
    """Four that bring kernels of their own, and two lines for scripts."""
    assert [kind for kind, _ in BLOCKS] == ["console", "python"]
    assert [re.split(r" -- (jupyter )?", line)[2].split()[0] for line in COMMANDS] == [
        "execute", "nbconvert", "papermill", "python",
    ]  # fmt: skip


@pytest.mark.parametrize("line", [*COMMANDS, "python enabled.py"])
def test_a_command_gives_its_kernels_credentials(laptop: JupyterServer, line: str) -> None:
    """What the notebook shows is redacted, wherever it was written; its session is revoked."""
    (laptop.root / "enabled.py").write_text(BLOCKS[1][1] + PIPELINE)
    before = {file: file.stat().st_mtime_ns for file in laptop.root.glob("*.ipynb")}
    ended = len(events(laptop.home, "revoked", what="session token", outcome="confirmed"))
    done = run(laptop, line)
    assert done.returncode == 0, done.stdout + done.stderr
    written = [
        file for file in laptop.root.glob("*.ipynb") if file.stat().st_mtime_ns != before.get(file)
    ]
    shown = [file.read_text() for file in written] or [done.stdout + done.stderr]
    assert "value hidden" in "".join(shown)
    assert "[redacted:ionq]" in "".join(shown)
    assert CANARY not in done.stdout + done.stderr
    assert files_with(CANARY, laptop.home) == []
    wait_until(
        "the session is revoked",
        lambda: len(events(laptop.home, "revoked", what="session token")) > ended,
        seconds=60,
    )

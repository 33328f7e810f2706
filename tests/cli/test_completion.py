"""`jupyter qcred completion`, in real shells on a terminal."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.command import at_terminal
from support.jupyter import isolated_environment

from jupyter_qcred.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

BEGIN = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
}
COMPLETES = {"bash": "true", "zsh": "autoload -Uz compinit && compinit -u -D"}

LINES = {
    "qcred docto\t\n": "qcred doctor",
    "qcred doctor stored-\t\n": "qcred doctor stored-variables",
    "qcred revoke --at-\t\n": "qcred revoke --at-issuer",
    "qcred put ibm-\t\n": "qcred put ibm-quantum",
    "qcred scan here/a-f\t\n": "qcred scan here/a-file.ipynb",
    "qcre\t\n": "qcred",
}


@pytest.fixture(params=sorted(BEGIN))
def shell(request: pytest.FixtureRequest) -> str:
    """A shell of this machine."""
    if shutil.which(request.param) is None:
        pytest.skip(f"there is no {request.param} on this machine")
    return str(request.param)


def test_words_are_completed(shell: str, tmp_path: Path) -> None:
    """Commands, checks, options, vendors and files; and the word qcred itself."""
    env = isolated_environment(tmp_path) | {"PS1": "> ", "HISTFILE": ""}
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "a-file.ipynb").touch()
    written = tmp_path / "completion"
    with written.open("w") as file:
        words = [sys.executable, "-m", "jupyter_qcred.cli.main", "completion", shell]
        subprocess.run(words, check=True, env=env, stdout=file)
    # A function in the place of the program tells what the line has become.
    lines = [COMPLETES[shell], f". {written}", 'jupyter() { echo "RAN $* END"; }']
    typed = "\n".join([*lines, "".join(f"jupyter {line}" for line in LINES), "exit", ""])
    screen = at_terminal(BEGIN[shell], env, tmp_path, typed)
    ran = [line.partition("RAN ")[2].partition(" END")[0].strip() for line in screen.splitlines()
           if line.startswith("RAN ")]  # fmt: skip
    assert ran == list(LINES.values()), screen


def test_without_shtab_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is an optional dependency."""
    monkeypatch.setitem(sys.modules, "shtab", None)
    assert main(["completion", "bash"]) == 1
    assert 'pip install "jupyter_qcred[completion]"' in capsys.readouterr().err

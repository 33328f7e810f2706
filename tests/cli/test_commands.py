"""What all commands have in common: help, JSON, exit codes, and silence about what is quick."""

from __future__ import annotations

import io
import json
import os
import pty
import threading
from typing import TYPE_CHECKING

import pytest
from support.openbao import wait_until

from jupyter_qcred.cli.main import main, parser
from jupyter_qcred.cli.waiting import Waiting

if TYPE_CHECKING:
    import argparse

WITH_JSON = ["init", "put", "remove", "list", "status", "revoke", "doctor", "run"]


def commands() -> dict[str, argparse.ArgumentParser]:
    """Return the parser of each command."""
    (choices,) = (
        action.choices for action in parser()._actions if isinstance(action.choices, dict)
    )
    return choices


@pytest.mark.parametrize("name", sorted(commands()))
def test_help_says_what_it_does_and_how_it_ends(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its exit codes, and an example to copy; in 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert "Exit codes: " in told
    assert max(map(len, told.splitlines())) <= 100, "its own paragraphs are as wide as they are"
    assert f"\n  jupyter qcred {name}" in told or f"| jupyter qcred {name}" in told


def test_what_is_missing_is_called_as_the_help_calls_it(capsys: pytest.CaptureFixture[str]) -> None:
    """`put` alone asks for a name, and for nothing that no help speaks of."""
    with pytest.raises(SystemExit) as ended:
        main(["put"])
    assert ended.value.code == 2
    assert capsys.readouterr().err.endswith("the following arguments are required: NAME\n")


@pytest.mark.parametrize("name", WITH_JSON)
def test_there_is_json_for_programs(name: str) -> None:
    """By the same option everywhere."""
    assert "--json" in commands()[name]._option_string_actions


def test_a_refusal_of_run_is_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    """As of every command: a code, a reason and a next step; the exit code is the shell's."""
    assert main(["run", "--json", "--", "no-such-program-anywhere"]) == 127
    told = json.loads(capsys.readouterr().out)
    assert told["error"] == "config"
    assert told["reason"] == "no-such-program-anywhere is not found on PATH"
    assert told["next_step"]


def test_a_wait_is_told_on_a_terminal_alone() -> None:
    """After a second, once for each thing, and taken away when it is over."""
    ours, theirs = pty.openpty()
    screen: list[bytes] = []

    def read() -> None:
        while b"\x1b[K\xe2\x9c\x93" not in b"".join(screen):
            screen.append(os.read(ours, 1024))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    with os.fdopen(theirs, "w") as terminal:
        with Waiting(terminal, "first") as waiting:
            wait_until("the first is told", lambda: b"first \xe2\x80\xa6" in b"".join(screen), 60)
            waiting("second")
            wait_until("the second is told", lambda: b"second \xe2\x80\xa6" in b"".join(screen), 60)
        terminal.write("✓")
        terminal.flush()
        reader.join(60)
    os.close(ours)
    assert b"".join(screen) == "\r\x1b[Kfirst …\r\x1b[Ksecond …\r\x1b[K✓".encode()
    elsewhere = io.StringIO()
    with Waiting(elsewhere, "nothing"):
        pass
    assert elsewhere.getvalue() == ""

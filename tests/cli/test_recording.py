"""The audit of the store: who put a key there, replaced it or took it out, and never the key."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from support.command import command
from support.deployment import CANARY, events
from support.jupyter import JupyterServer
from support.processes import processes_naming, stop_all
from support.sweep import files_with, texts_with

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def home(tmp_path: Path) -> Iterator[JupyterServer]:
    """A home without any setting of ours, and no server."""
    made = JupyterServer(tmp_path / "home")
    yield made
    stop_all(processes_naming(tmp_path))


def changes(home: JupyterServer) -> list[tuple[str, str, str]]:
    """Return what the audit says of the store, oldest first."""
    return [
        (event["credential"], event["change"], event["by"]) for event in events(home.home, "stored")
    ]


def test_what_commands_do_to_the_store_is_recorded(home: JupyterServer) -> None:
    """Put, put again, moved from a vendor's file, removed: each with the user and the place."""
    (home.home / ".qiskit").mkdir()
    account: dict[str, Any] = {"channel": "ibm_quantum_platform", "token": CANARY.swapcase()}
    file = home.home / ".qiskit" / "qiskit-ibm.json"
    file.write_text(json.dumps({"default-ibm-quantum-platform": account}))
    said = []
    for words in (
        ("put", "ionq"), ("put", "ionq"), ("migrate", "--yes"), ("remove", "ionq"),
    ):  # fmt: skip
        done = command(home, *words, given=CANARY)
        assert done.returncode == 0, done.stdout + done.stderr
        said += [done.stdout, done.stderr]
    assert changes(home) == [
        ("ionq", "added", "put"),
        ("ionq", "replaced", "put"),
        ("ibm-quantum", "added", "migrate"),
        ("ionq", "removed", "remove"),
    ]
    recorded = events(home.home, "stored")
    assert {(event["store"], event["server"]) for event in recorded} == {("embedded OpenBao", "")}
    assert {event["path"] for event in recorded} == {str(home.home / "data" / "qcred" / "openbao")}
    assert all(event["user"] == event["who"] != "" for event in recorded)
    for value in (CANARY, CANARY.swapcase()):
        assert files_with(value, home.home) == []
        assert texts_with(value, said) == []


def test_what_was_refused_is_not_recorded(home: JupyterServer) -> None:
    """Nothing changed: a name that is none, an empty value, a key that is not there."""
    for words, given in (
        (("put", "ionq"), ""), (("put", "NO"), CANARY), (("remove", "ionq"), ""),
    ):  # fmt: skip
        assert command(home, *words, given=given).returncode == 1
    assert changes(home) == []


def test_a_record_that_cannot_be_written_is_told_and_the_key_is_stored(home: JupyterServer) -> None:
    """The store has changed all the same: neither the exit code nor the words deny it."""
    config = {"CredentialService": {"audit_file": str(home.home / "data")}}
    (home.config_dir / "jupyter_qcred_config.json").write_text(json.dumps(config))
    (home.home / "data").mkdir(exist_ok=True)
    done = command(home, "put", "ionq", given=CANARY)
    assert done.returncode == 0
    assert "Stored ionq" in done.stdout
    assert "audit" in done.stderr
    assert json.loads(command(home, "list", "--json").stdout)["stored"] == ["ionq"]


def test_an_audit_that_is_turned_off_is_off_for_commands_as_well(home: JupyterServer) -> None:
    """The same setting, the same file."""
    config = {"CredentialService": {"audit_file": ""}}
    (home.config_dir / "jupyter_qcred_config.json").write_text(json.dumps(config))
    assert command(home, "put", "ionq", given=CANARY).returncode == 0
    assert not (home.home / "data" / "qcred" / "audit.jsonl").exists()

"""What is wrong on a machine without any server running: provoked, and mended as printed."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import jupyter_qcred
from jupyter_qcred.detect import Detectors
from jupyter_qcred.detect.examples import fill

from .conftest import kernelspec, setting

if TYPE_CHECKING:
    from .conftest import Person


@pytest.fixture
def key() -> str:
    """What every rule takes for a key of somebody."""
    (rule,) = (one for one in Detectors.builtin().all if one.id == "github-token")
    example = fill(rule.good[0], random.Random(7))
    start, end = example.secrets[0]
    return example.text[start:end]


def test_a_package_of_a_version_that_does_not_do(person: Person) -> None:
    """Another installation took an older one; pip brings back what is needed."""
    person.little.wheel("jupyter_events", person.little.own_copy("jupyter_events"))
    person.little.age("jupyter_events", "0.9.0")
    person.mend("versions.unfit")


def test_a_package_that_is_not_installed_but_can_be_imported(person: Person) -> None:
    """Its modules are on the path, its entry points are nowhere."""
    person.little.forget("jupyter_qcred")
    person.little.wheel("jupyter_qcred", Path(jupyter_qcred.__file__).parent)
    person.mend("provisioner.not-installed")


def test_a_configuration_file_that_fails(person: Person) -> None:
    """It is put aside; its line is named, none of its text."""
    file = person.server.config_dir / "jupyter_server_config.py"
    file.write_text("c.ServerApp.port = 8888\nc.ServerApp.password = 'hunter2' oops\n")
    found = person.problem("settings.broken")
    assert found is not None
    assert found["seen"] == f"{file}: SyntaxError in line 2"
    person.mend("settings.broken")
    assert "hunter2" not in "".join(person.said)


def test_an_extension_that_no_file_enables(person: Person) -> None:
    """As after an installation that left the data files out."""
    config = person.little.place / "etc" / "jupyter" / "jupyter_server_config.d"
    (config / "jupyter_qcred.json").unlink()
    person.mend("extension.not-enabled")
    person.server.start()
    assert person.server.api("GET", "qcred/api/status")["enabled"]


@pytest.mark.parametrize("where", ["environment", "home", "line"])
def test_an_extension_that_is_disabled(person: Person, where: str) -> None:
    """By `jupyter server extension disable`, by a file at home, or by a line of a program."""
    off = {"ServerApp": {"jpserver_extensions": {"jupyter_qcred": False}}}
    if where == "environment":
        person.shell("jupyter server extension disable --sys-prefix jupyter_qcred")
    elif where == "home":
        file = person.server.config_dir / "jupyter_server_config.d" / "mine.json"
        file.parent.mkdir()
        file.write_text(json.dumps(off))
    else:
        line = f"c.ServerApp.jpserver_extensions = {off['ServerApp']['jpserver_extensions']}\n"
        (person.server.config_dir / "jupyter_server_config.py").write_text(line)
    person.mend("extension.disabled")


PROVISIONER = ("KernelProvisionerFactory", "default_provisioner_name", "local-provisioner")


@pytest.mark.parametrize(
    ("problem", "section", "name", "value"),
    [
        ("extension.off", "QcredApp", "enabled", False),
        ("extension.off", "CredentialService", "enabled", False),
        ("provisioner.other-default", *PROVISIONER),
        ("encryption.off", "KernelManager", "transport_encryption", "disabled"),
    ],
)
def test_a_setting_that_turns_something_off(
    person: Person, problem: str, section: str, name: str, value: object
) -> None:
    """The line that is printed overrules the one that is there."""
    file = person.server.config_dir / "jupyter_server_config.py"
    file.write_text(f"c.{section}.{name} = {value!r}\n")
    person.mend(problem)


@pytest.mark.parametrize("file", ["jupyter_server_config.json", "jupyter_qcred_config.json"])
def test_a_setting_in_a_json_file(person: Person, file: str) -> None:
    """Where no line could overrule it, it is taken out, and nothing else is."""
    section, name, value = PROVISIONER
    written = setting(person, file, **{section: {name: value, "other": 1}})
    person.mend("provisioner.other-default")
    if "qcred" in file:
        assert json.loads(written.read_text()) == {section: {"other": 1}}


def test_a_provisioner_that_the_environment_names(person: Person) -> None:
    """Everything that is started from there inherits it."""
    person.env["JUPYTER_DEFAULT_PROVISIONER_NAME"] = "qcred-provisioner"
    person.mend("provisioner.in-environment")


# -- kernelspecs ----------------------------------------------------------------------------------


def test_a_kernelspec_that_pins_another_provisioner(person: Person) -> None:
    """Ours is put around it, with what it was told."""
    pinned = {"provisioner_name": "local-provisioner", "config": {"port": 3}}
    file = kernelspec(person, "pinned", metadata={"kernel_provisioner": pinned, "debugger": True})
    person.mend("kernelspecs.pinned")
    assert json.loads(file.read_text())["metadata"] == {
        "kernel_provisioner": {
            "provisioner_name": "qcred-provisioner",
            "config": {"inner": "local-provisioner", "inner_config": {"port": 3}},
        },
        "debugger": True,
    }


WRAPPER = """\
#!{python}
import subprocess, sys
sys.exit(subprocess.call(sys.argv[1:]))
"""


def test_a_wrapper_that_drops_descriptors(person: Person) -> None:
    """It starts Python as a child, which inherits nothing; the kernel then starts without it."""
    wrapper = person.little.program("wrap", WRAPPER.format(python=person.little.python))
    words = ["-m", "ipykernel_launcher", "-f", "{connection_file}"]
    argv = [str(wrapper), person.little.python, "-E", *words]
    file = kernelspec(person, "wrapped", argv=argv)
    person.mend("kernelspecs.drops-descriptors")
    assert json.loads(file.read_text())["argv"] == [person.little.python, "-E", *words]


def test_a_wrapper_that_keeps_them_is_fine(person: Person) -> None:
    """What replaces itself by Python passes on what it inherited."""
    words = [person.little.python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    kernelspec(person, "nice", argv=["/usr/bin/env", "A=b", "nice", *words])
    assert person.doctor("kernelspecs")["kernelspecs"]["verdict"] == "fine"


def test_a_kernelspec_that_starts_by_a_shell(person: Person) -> None:
    """A line becomes a list."""
    line = f"exec '{person.little.python}' -m ipykernel_launcher -f {{connection_file}}"
    file = kernelspec(person, "shell", argv=["sh", "-c", line])
    person.mend("kernelspecs.shell-line")
    words = [person.little.python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    assert json.loads(file.read_text())["argv"] == words


def test_a_kernelspec_that_does_not_encrypt(person: Person) -> None:
    """As an older ipykernel wrote it."""
    kernelspec(person, "plain", metadata={})
    person.mend("kernelspecs.unencrypted")


def test_a_kernelspec_whose_environment_is_gone(person: Person) -> None:
    """It is removed as Jupyter removes one."""
    file = kernelspec(person, "gone", argv=["/nowhere/bin/python", "-m", "ipykernel_launcher"])
    person.mend("kernelspecs.broken")
    assert not file.exists()


def test_a_kernel_s_python_that_is_too_old(person: Person) -> None:
    """The interpreter says 3.10 of itself; a person makes the environment anew."""
    old = person.little.program(
        "python-old",
        f"#!/bin/sh\nshift\nexec {person.little.python} -c "
        '"import sys; sys.version_info = (3, 10); exec(sys.argv.pop(1))" "$@"\n',
    )
    words = ["-m", "ipykernel_launcher", "-f", "{connection_file}"]
    file = kernelspec(person, "old", argv=[str(old), *words])

    def anew() -> None:
        spec = json.loads(file.read_text())
        file.write_text(json.dumps(spec | {"argv": [person.little.python, *words]}))

    person.mend("kernelspecs.old-python", anew=anew)


# -- keys that lie about --------------------------------------------------------------------------


def test_a_key_in_the_environment(person: Person) -> None:
    """Only its name is told."""
    person.env["QISKIT_IBM_TOKEN"] = "somebody-s-own-key-0123456789"
    person.mend("environment.keys")
    assert "somebody-s-own" not in "".join(person.said)


def test_a_key_in_a_vendor_s_file(person: Person) -> None:
    """It moves into the store."""
    file = person.home / ".qiskit" / "qiskit-ibm.json"
    file.parent.mkdir()
    secret = "aB3" * 15
    file.write_text(json.dumps({"default": {"token": secret, "channel": "ibm_quantum_platform"}}))
    person.mend("vendor-files.keys")
    assert not file.exists()
    assert person.shell("jupyter qcred list").stdout == "ibm-quantum\n"
    assert secret not in "".join(person.said)


def test_a_key_in_ipython_s_history(person: Person, key: str) -> None:
    """Typed into a real IPython; afterwards no byte of it is left, and all else is."""
    ipython = "from IPython import start_ipython as s; s(['--simple-prompt', '--no-banner'])"
    subprocess.run(
        [person.little.python, "-c", ipython],
        env=person.env, cwd=person.server.root, check=True, capture_output=True, text=True,
        input=f"kept = 1\ntoken = '{key}'\nprint(token)\n", timeout=60,
    )  # fmt: skip
    file = person.home / ".ipython" / "profile_default" / "history.sqlite"
    assert key.encode() in file.read_bytes()
    person.mend("history.keys")
    assert not any(
        key.encode() in path.read_bytes() for path in file.parent.rglob("*") if path.is_file()
    )
    with closing(sqlite3.connect(file)) as base:
        lines = [line for (line,) in base.execute("SELECT source_raw FROM history")]
    assert lines == ["kept = 1", "token = '[redacted:github-token]'", "print(token)"]
    assert key not in "".join(person.said)


def test_a_key_that_store_saved(person: Person, key: str) -> None:
    """By the magic of a real IPython."""
    code = f"token = {key!r}; kept = 1; get_ipython().run_line_magic('store', 'token kept')"
    subprocess.run(
        [person.little.python, "-m", "IPython", "-c", code],
        env=person.env, cwd=person.server.root, check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    stored = person.home / ".ipython" / "profile_default" / "db" / "autorestore"
    assert {path.name for path in stored.iterdir()} == {"token", "kept"}
    person.mend("stored-variables.keys")
    assert {path.name for path in stored.iterdir()} == {"kept"}
    assert key not in "".join(person.said)


def test_nothing_is_stored(person: Person) -> None:
    """The first key makes it green."""
    person.mend("issuer.nothing-stored", typed="somebody-s-first-key\n")
    found = person.doctor("issuer", "clock", "rights", "sources")
    assert {check["verdict"] for check in found.values()} == {"fine"}
    assert "1 credential can be read" in found["sources"]["words"]

"""How the kernel's user is told: once, in calm words, and never at the price of an answer."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest

import jupyter_qcred as qcred
from jupyter_qcred.kernel.guard import told
from jupyter_qcred.testing.held import HeldKernel

PACKAGE = Path(qcred.__file__).parent


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    """Holds a key of IonQ's, in a stranger's folder."""
    (tmp_path / ".env").write_text("IONQ_API_URL=https://evil.example\nIONQ_API_KEY=theirs\n")
    (tmp_path / "dwave.conf").write_text("[defaults]\nproxy = http://evil.example\n")
    monkeypatch.chdir(tmp_path)
    made = HeldKernel()
    made.deliver("ionq", {"value": "the-key"})
    return made


def client_of(name):
    """Make a client, as far as there is an SDK in this environment; return what was warned of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with pytest.raises(qcred.SdkError):
            qcred.client(name)
    return [str(one.message) for one in caught if one.category is qcred.QcredWarning]


def test_whoever_makes_a_client_is_told_once(kernel, tmp_path):
    """Of that vendor only, with the line's place; later clients say nothing, new lines do."""
    address, account = client_of("ionq")
    assert f"{tmp_path}/.env, line 1: IONQ_API_URL leads qiskit-ionq to evil.example" in address
    assert "line 2: IONQ_API_KEY gives qiskit-ionq another account" in account
    assert client_of("ionq") == []
    with (tmp_path / ".env").open("a") as file:
        file.write("CIRQ_IONQ_REMOTE_HOST=https://worse.example\n")
    (another,) = client_of("ionq")
    assert "worse.example, once the file is loaded" in another


def test_the_warning_is_at_the_user_s_own_line(kernel):
    """Where the client is made, and not somewhere in here."""
    with pytest.warns(qcred.QcredWarning) as caught, pytest.raises(qcred.SdkError):
        qcred.client("ionq")
    assert {one.filename for one in caught} == {__file__}
    kernel.deliver("dwave", {"value": "the-key"})
    with pytest.warns(qcred.QcredWarning) as caught, pytest.raises(qcred.SdkError):
        qcred.credential("dwave")
    assert {one.filename for one in caught} == {__file__}


def test_the_status_shows_it_as_long_as_the_kernel_lives(kernel):
    """Told or not, beside what is held."""
    client_of("ionq")
    rows = {row["state"]: row["next step"] for row in qcred.status()}
    assert "Clients of `qcred.client` send no key there" in rows["redirected"]
    assert "Clients of `qcred.client` do not use it" in rows["other_account"]
    assert "held" in rows


def test_a_block_of_variables_is_refused_where_a_file_would_override_them(kernel, monkeypatch):
    """qiskit-ionq takes ``.env`` before the environment, and would send our key there."""
    monkeypatch.setattr(told, "_installed", lambda name: name == "qiskit-ionq")
    with (
        pytest.raises(qcred.RedirectedError, match="in a block that sets the environment"),
        qcred.use("ionq"),
    ):
        pytest.fail("it was let in")


def test_a_block_is_not_refused_where_nobody_reads_the_file(kernel, monkeypatch):
    """cirq-ionq reads the environment alone."""
    monkeypatch.setattr(told, "_installed", lambda name: False)
    with pytest.warns(qcred.QcredWarning, match="Programs started"), qcred.use("ionq"):
        pass


def test_a_folder_that_does_not_answer_is_not_waited_for(monkeypatch):
    """As on a network file system whose server is away."""
    away = threading.Event()
    monkeypatch.setattr(told, "look", lambda folder: (away.wait(60), ())[1])
    assert told.look_here(patience=0.01) == ()
    assert not away.is_set()
    away.set()


def test_a_folder_that_has_gone_is_nothing(tmp_path, monkeypatch):
    """A kernel may outlive the folder in which it was started."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert told.look_here() == ()
    monkeypatch.chdir(tmp_path)


def test_it_loads_nothing_but_the_standard_library():
    """It is part of the half that lives in kernels, whatever their environment has."""
    names = [
        f"jupyter_qcred.kernel.guard.{path.stem}" for path in PACKAGE.glob("kernel/guard/*.py")
    ]
    program = (
        "import importlib, json, sys; sys.path.insert(0, sys.argv[1])\n"
        "for name in json.loads(sys.argv[2]): importlib.import_module(name)\n"
        "known = sys.stdlib_module_names | {'jupyter_qcred', '__main__'}\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} - known))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, str(PACKAGE.parent), json.dumps(names)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "[]"

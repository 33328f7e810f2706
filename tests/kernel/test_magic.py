"""``%qcred`` and ``%%qcred`` in an IPython shell."""

from __future__ import annotations

import atexit
import os
import sys

import pytest
from IPython.core.interactiveshell import InteractiveShell

from jupyter_qcred.core.errors import OtherAccountError, RedirectedError
from jupyter_qcred.kernel import magic
from jupyter_qcred.testing.held import HeldKernel

pytestmark = pytest.mark.filterwarnings("ignore::jupyter_qcred.core.errors.QcredWarning")


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """A shell of its own, without history, in an empty folder."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])  # it puts its own there
    InteractiveShell.clear_instance()
    made = InteractiveShell.instance()
    made.history_manager.enabled = False
    magic.register(made)
    yield made
    atexit.unregister(made.atexit_operations)
    made.atexit_operations()
    InteractiveShell.clear_instance()


@pytest.fixture
def kernel():
    """Holds a key."""
    made = HeldKernel()
    made.deliver("ionq", {"value": "the-key"})
    return made


def test_a_cell_has_the_variables_and_nothing_stays(kernel, shell, monkeypatch):
    """What it defines stays, its last expression is its result, the environment is as before."""
    monkeypatch.setenv("IONQ_API_KEY", "mine")
    ran = shell.run_cell("%%qcred ionq\nimport os\nseen = os.environ['IONQ_API_KEY']\nlen(seen)")
    assert ran.success
    assert shell.user_ns["seen"] == "the-key"
    assert shell.user_ns["_"] == 7
    assert os.environ["IONQ_API_KEY"] == "mine"


def test_a_cell_that_fails_fails_and_restores(kernel, shell):
    """Its own exception comes out, so that a run of the whole notebook stops there."""
    ran = shell.run_cell("%%qcred ionq\nhere = 1\n1 / 0")
    assert isinstance(ran.error_in_exec, ZeroDivisionError)
    assert shell.user_ns["here"] == 1
    assert "IONQ_API_KEY" not in os.environ


def test_magics_and_shell_lines_work_inside(kernel, shell, capfd):
    """It is a cell as any other; programs that it starts see the variables."""
    ran = shell.run_cell("%%qcred ionq\n!echo $IONQ_API_KEY | tr a-z A-Z\n%pwd\nx = 3;")
    assert ran.success
    assert shell.user_ns["x"] == 3
    assert "THE-KEY" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("line", "words"),
    [("nope", "UnknownCredentialError: nope is not known"), ("", "one name"), ("a b", "one name")],
)
def test_a_cell_without_its_credential_does_not_run(kernel, shell, capsys, line, words):
    """One line says why, and the cell counts as failed."""
    ran = shell.run_cell(f"%%qcred {line}\nran = True")
    assert not ran.success
    assert "ran" not in shell.user_ns
    shown = capsys.readouterr()
    assert words in shown.out + shown.err
    assert "Traceback" not in shown.out + shown.err


def test_a_cell_may_have_nothing_to_show(kernel, shell):
    """No expression, or no statement at all."""
    assert shell.run_cell("%%qcred ionq\nx = 1").result is None
    assert shell.run_cell("%%qcred ionq\n# only a comment").success


def test_the_line_magic_is_still_there(kernel, shell):
    """Both have one name."""
    ran = shell.run_cell("%qcred")
    assert [row["credential"] for row in ran.result] == ["ionq"]


def test_a_folder_that_leads_elsewhere_is_told_of_with_the_next_cell(kernel, shell, capsys):
    """Once, in one line; what is about an account alone waits until a client is made."""
    kernel.store.caution(RedirectedError("/x/.env, line 1: A leads B to C", next_step="Remove it"))
    kernel.store.caution(OtherAccountError("/x/.env, line 2: D", next_step="Remove it"))
    shell.run_cell("print('mine')")
    shown = capsys.readouterr()
    assert shown.err == "jupyter_qcred: /x/.env, line 1: A leads B to C. Remove it.\n"
    assert shown.out == "mine\n"
    shell.run_cell("print('mine')")
    assert capsys.readouterr().err == ""

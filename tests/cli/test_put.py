"""The commands of the embedded OpenBao, as a person and as a script run them."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import select
import subprocess
import sys
import termios
import time

import pytest
from support.openbao import wait_until

from jupyter_qcred.cli.prompt import LIMIT, read
from jupyter_qcred.core.secret import Secret
from jupyter_qcred.issue.embedded.client import Client
from jupyter_qcred.issue.embedded.openbao import EmbeddedOpenBao
from jupyter_qcred.issue.embedded.pasted import BadValueError
from jupyter_qcred.issue.embedded.plan import JUPYTER

KEY = "cli-canary-52d1e07ab93c4f68"

MAIN = """
import argparse, os, sys
from jupyter_qcred.cli import init, put, stored
from jupyter_qcred.issue.embedded.openbao import EmbeddedOpenBao
if "TERMINAL" in os.environ:
    # Make it the controlling terminal, as a login does: getpass opens /dev/tty.
    import fcntl, termios
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
parser = argparse.ArgumentParser("jupyter qcred")
commands = parser.add_subparsers(required=True)
init.add_parser(commands)
put.add_parser(commands)
stored.add_list_parser(commands)
stored.add_remove_parser(commands)
args = parser.parse_args()
args.embedded = EmbeddedOpenBao(directory=os.environ["DIRECTORY"], linger=0.0)
args.embedded.executable = os.environ.get("PROGRAM", "")
args.vault_address = os.environ.get("CONFIGURED", "")
sys.exit(args.func(args))
"""


@pytest.fixture
def run(directory):
    """Run a command to its end; return the finished process."""

    def start(*words, given="", **environment):
        return subprocess.run(
            [sys.executable, "-c", MAIN, *words],
            input=given.encode() if isinstance(given, str) else given,
            env={"DIRECTORY": str(directory), **environment},
            capture_output=True,
            check=False,
        )

    return start


def stored_value(directory, name):
    """Read a key back as a kernel's session would."""
    embedded = EmbeddedOpenBao(directory=str(directory), linger=0.0)
    with embedded.hold() as hold:
        client = Client(hold.address)
        client.login(JUPYTER, Secret(embedded.layout.secret_id(JUPYTER).read_text()))
        for role in ("qcred-server", "qcred-kernel"):
            answer = client.request("POST", f"auth/token/create/{role}", {})
            client._token = Secret(answer["auth"]["client_token"])
        return client.request("GET", f"qcred/data/{name}")["data"]["data"]


class Terminal:
    """A person at a terminal."""

    def __init__(self, directory, *words):
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", MAIN, *words],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={"DIRECTORY": str(directory), "TERMINAL": "1"},
            start_new_session=True,
        )
        os.close(slave)
        self.seen = ""

    def expect(self, text):
        """Wait until it is on the screen."""
        deadline = time.monotonic() + 20
        while text not in self.seen:
            assert time.monotonic() < deadline, self.seen
            if select.select([self.master], [], [], 0.1)[0]:
                try:
                    self.seen += os.read(self.master, 4096).decode()
                except OSError:  # the other end is closed
                    break
        assert text in self.seen

    def echoes(self):
        """Whether the terminal shows what is typed."""
        return bool(termios.tcgetattr(self.master)[3] & termios.ECHO)

    def type(self, text):
        os.write(self.master, text.encode())

    def end(self):
        status = self.process.wait(20)
        os.close(self.master)
        return status


def test_put_asks_without_showing_the_key(directory):
    """The terminal's echo is off while the key is typed, and the screen never has it."""
    terminal = Terminal(directory, "put", "ibm-quantum")
    terminal.expect("ibm-quantum value: ")
    wait_until("the echo is off", lambda: not terminal.echoes())
    terminal.type(f"{KEY}\n")
    terminal.expect("Stored ibm-quantum")
    assert terminal.end() == 0
    assert KEY not in terminal.seen
    assert f"{len(KEY)} characters" in terminal.seen
    assert stored_value(directory, "ibm-quantum") == {"value": KEY}


def test_put_asks_for_each_field_and_shows_what_is_no_secret(directory):
    """A region may be seen while it is typed, a key may not."""
    terminal = Terminal(
        directory, "put", "amazon-braket", "--field", "secret_key", "--field", "region"
    )
    terminal.expect("amazon-braket secret_key: ")
    wait_until("the echo is off", lambda: not terminal.echoes())
    terminal.type(f"{KEY}\n")
    terminal.expect("amazon-braket region: ")
    terminal.type("us-east-1\n")
    terminal.expect("Stored amazon-braket")
    assert terminal.end() == 0
    assert KEY not in terminal.seen
    assert "us-east-1" in terminal.seen
    wanted = {"secret_key": KEY, "region": "us-east-1"}
    assert stored_value(directory, "amazon-braket") == wanted


@pytest.mark.parametrize(
    ("typed", "said"), [("\n", "is empty"), ("\x04", "No value"), ("\x03", "")]
)
def test_nothing_typed_stores_nothing(directory, typed, said):
    """Return, the end of input, and an interrupt: each is a refusal that says so."""
    terminal = Terminal(directory, "put", "rigetti-qcs")
    terminal.expect("rigetti-qcs value: ")
    wait_until("the echo is off", lambda: not terminal.echoes())
    terminal.type(typed)
    terminal.expect("othing was stored")
    assert said in terminal.seen
    assert terminal.end() == 1
    assert stored_value(directory, "ibm-quantum")
    assert "rigetti-qcs" not in EmbeddedOpenBao(directory=str(directory), linger=0.0).stored()


@pytest.mark.parametrize("words", [[], ["--stdin"]])
def test_put_reads_standard_input_and_strips_the_newline(run, directory, words):
    """A pipe needs no option; the newline that `echo` adds is no part of the key."""
    done = run("put", "ionq", *words, given=f"{KEY}\n")
    assert done.returncode == 0, done.stderr
    assert KEY.encode() not in done.stdout + done.stderr
    assert stored_value(directory, "ionq") == {"value": KEY}


def test_put_stores_several_fields_from_a_json_object(run, directory):
    """With the vendor's own field names; the answer as JSON shows lengths only."""
    fields = {"access_key": "AK", "secret_key": KEY}
    done = run(
        "put", "amazon-braket", "--field", "access_key", "--field", "secret_key", "--json",
        given=json.dumps(fields),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lengths = {"access_key": 2, "secret_key": len(KEY)}
    assert json.loads(done.stdout) == {"stored": "amazon-braket", "lengths": lengths}
    assert stored_value(directory, "amazon-braket") == fields


def test_put_keeps_the_lines_of_a_pem_text(run, directory):
    """A private key has inner newlines; only its last one goes."""
    pem = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----"
    assert run("put", "aqt", given=f"{pem}\n").returncode == 0
    assert stored_value(directory, "aqt") == {"value": pem}


@pytest.mark.parametrize("words", [["ionq", KEY], ["ionq", "--field", f"token={KEY}"]])
def test_a_key_as_an_argument_is_refused_and_told_why(run, words):
    """It is in the process list and in the shell's history by then: say so, and don't repeat it."""
    done = run("put", *words, given="x")
    assert done.returncode == 2
    assert b"process list" in done.stderr
    assert KEY.encode() not in done.stdout + done.stderr


def test_a_key_in_the_place_of_the_name_is_not_repeated(run):
    """`put KEY` is a likely slip: the refusal must not carry it to a log."""
    done = run("put", KEY.upper(), given="x")
    assert done.returncode == 1
    assert KEY.upper().encode() not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("given", "fields", "said"),
    [
        (b"", ["value"], "^The value is empty"),
        (b" \n", ["value"], "is empty"),
        (b"a key \n", ["value"], "begins or ends with a space"),
        (b"k\x1b[Dey\n", ["value"], "invisible"),
        (b"one\ntwo\n", ["value"], "several lines"),
        (b"\xff\xfe", ["value"], "not UTF-8"),
        (b"k" * (LIMIT + 1), ["value"], "longer than"),
        (b"key", ["a", "b"], "JSON object"),
        (b'{"a": "1"}', ["a", "b"], "exactly the fields a, b"),
        (b'{"a": "1", "b": 2}', ["a", "b"], "must be a string"),
        (b'{"a": "1", "b": ""}', ["a", "b"], "value of b is empty"),
        (b"[]", ["a", "b"], "exactly"),
    ],
)
def test_input_that_can_not_be_meant_is_refused(given, fields, said):
    """Each refusal names the field and the trouble, never the value."""
    with pytest.raises(BadValueError, match=said):
        read(io.BytesIO(given), fields)


def test_an_unknown_vendor_is_stored_with_a_note(run):
    """A name of one's own is fine with a profile; a misspelt one gets a hint."""
    done = run("put", "ibm-quantm", given="k")
    assert done.returncode == 0
    assert b"did you mean ibm-quantum?" in done.stderr


def test_with_a_vault_configured_put_names_the_command_for_it(run):
    """Keys belong where they are read; nothing is stored beside it."""
    done = run("put", "ionq", "--field", "token", given="k", CONFIGURED="https://bao.example:8200")
    assert done.returncode == 1
    assert b"bao kv put -address=https://bao.example:8200 -mount=MOUNT ionq token=-" in done.stderr


def test_list_and_remove(run):
    """Names only; removing what is not there is a refusal."""
    assert run("put", "quandela", given="k").returncode == 0
    assert "quandela" in json.loads(run("list", "--json").stdout)["stored"]
    assert run("remove", "quandela").returncode == 0
    assert b"quandela" not in run("list").stdout
    done = run("remove", "quandela", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"] == "not_stored"


def test_init_says_where_and_what_next(run, directory):
    """The first line of a researcher's day."""
    done = run("init")
    assert done.returncode == 0, done.stderr
    assert str(directory) in done.stdout.decode()
    assert b"jupyter qcred put ibm-quantum" in done.stdout
    assert json.loads(run("init", "--json").stdout) == {
        "directory": str(directory),
        "created": False,
    }


def test_an_openbao_that_does_not_start_is_exit_code_3(run, tmp_path):
    """Scripts can tell "refused" from "not there"."""
    broken = tmp_path / "bao"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o700)
    done = run("init", DIRECTORY=str(tmp_path / "o"), PROGRAM=str(broken))
    assert done.returncode == 3
    assert b"openbao.log" in done.stderr


@pytest.mark.parametrize("words", [[], ["put"], ["put", "ionq", "--field", ""], ["nonsense"]])
def test_wrong_usage_is_exit_code_2(run, words):
    """As every command line does."""
    assert run(*words, given="k").returncode == 2


@pytest.mark.parametrize("command", ["init", "put", "list", "remove"])
def test_help_has_examples_and_exit_codes(run, command):
    """`--help` alone is enough to use it."""
    shown = run(command, "--help").stdout.decode()
    assert "examples:" in shown
    assert re.search(r"Exit codes: 0 .*, 1 .*, 2 usage, 3 ", shown.replace("\n", " "))

"""``jupyter qcred migrate``, with a real OpenBao and a home full of vendors' files."""

from __future__ import annotations

import json
import os
import pty
import random
import select
import signal
import string
import subprocess
import sys
import time

import pytest

from jupyter_qcred.cli.migration.move import StuckError, moves, take_out
from jupyter_qcred.cli.migration.store import stored_fields
from jupyter_qcred.core.secret import Secret
from jupyter_qcred.issue.embedded.openbao import EmbeddedOpenBao

MAIN = """
import argparse, os, sys
from jupyter_qcred.cli import migrate
from jupyter_qcred.issue.embedded.openbao import EmbeddedOpenBao
parser = argparse.ArgumentParser("jupyter qcred")
migrate.add_parser(parser.add_subparsers(required=True))
args = parser.parse_args(["migrate", *sys.argv[1:]])
args.embedded = EmbeddedOpenBao(directory=os.environ["DIRECTORY"], linger=0.0)
args.embedded.executable = os.environ.get("PROGRAM", "")
args.vault_address = os.environ.get("CONFIGURED", "")
sys.exit(args.func(args))
"""


@pytest.fixture
def embedded(directory):
    """The same OpenBao, empty."""
    found = EmbeddedOpenBao(directory=str(directory), linger=0.0)
    for name in found.stored():
        found.remove(name)
    return found


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty home."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def environment(directory, home):
    """What the command sees."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "DIRECTORY": str(directory)}


@pytest.fixture
def migrate(environment, embedded):
    """Run the command to its end; return the finished process."""

    def start(*words, **more):
        return subprocess.run(
            [sys.executable, "-c", MAIN, *words],
            env={**environment, **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    return start


@pytest.fixture
def make_key():
    """Make keys."""
    source = random.Random(99)
    return lambda: "".join(source.choices(string.ascii_letters + string.digits, k=44))


def place(home, path, text):
    """Write a file with mode 0600."""
    file = home / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o600)
    return file


def qiskit(home, token, **more):
    """What `QiskitRuntimeService.save_account` writes."""
    account = {"channel": "ibm_quantum_platform", "token": token, "private_endpoint": False}
    accounts = {"default-ibm-quantum-platform": {**account, "instance": "crn:v1:i"}, **more}
    return place(home, ".qiskit/qiskit-ibm.json", json.dumps(accounts, indent=4, sort_keys=True))


def revealed(embedded, name):
    """What the store holds."""
    return {key: value.reveal() for key, value in stored_fields(embedded, name).items()}


def holding(root, secret):
    """Files below a directory that hold a text."""
    files = (path for path in root.rglob("*") if path.is_file())
    return [path for path in files if secret.encode() in path.read_bytes()]


def test_a_key_is_stored_and_its_file_is_removed(home, embedded, migrate, make_key):
    """With the settings beside it; nothing of the key is printed, or left anywhere below home."""
    key = make_key()
    file = qiskit(home, key)
    done = migrate("--yes")
    assert done.returncode == 0, done.stderr
    assert "~/.qiskit/qiskit-ibm.json  (Qiskit Runtime)" in done.stdout
    assert "Stored and read back: ibm-quantum." in done.stdout
    assert 'qcred.get("ibm-quantum")' in done.stdout
    assert key not in done.stdout + done.stderr
    fields = {"value": key, "channel": "ibm_quantum_platform", "instance": "crn:v1:i"}
    assert revealed(embedded, "ibm-quantum") == fields
    assert not file.exists()
    assert holding(home, key) == []


def test_what_a_file_holds_besides_stays(home, embedded, migrate, make_key):
    """INI with its comments, TOML with its other tables, JSON with what is no account."""
    ini, toml, other = make_key(), make_key(), make_key()
    dwave = place(
        home, ".config/dwave/dwave.conf",
        f"# mine\n[defaults]\nclient = qpu\ntoken = {ini}\n\n[lab]\nsolver = Advantage\n",
    )  # fmt: skip
    sw = place(
        home, ".config/strangeworks/sdk/cfg.toml",
        f'active_profile = "default"\n\n[default]\napi_key = "{toml}"\nurl = "https://x"\n',
    )  # fmt: skip
    ibm = qiskit(home, other, notes={"text": "keep me"})
    dwave.chmod(0o640)
    done = migrate("--yes", "--json")
    assert done.returncode == 0, done.stderr
    assert [one["outcome"] for one in json.loads(done.stdout)] == ["cleaned"] * 3
    assert dwave.read_text() == "# mine\n[defaults]\nclient = qpu\n\n[lab]\nsolver = Advantage\n"
    assert dwave.stat().st_mode & 0o777 == 0o640
    assert sw.read_text() == 'active_profile = "default"\n\n[default]\nurl = "https://x"\n'
    assert json.loads(ibm.read_text())["notes"] == {"text": "keep me"}
    for secret in (ini, toml, other):
        assert holding(home, secret) == []
    assert revealed(embedded, "dwave") == {"value": ini}
    assert revealed(embedded, "strangeworks") == {"value": toml, "url": "https://x"}


def test_several_accounts_become_several_credentials(home, embedded, migrate, make_key):
    """The default one has the vendor's name; the same key twice is one."""
    keys = [make_key() for _ in range(2)]
    qiskit(
        home, keys[0],
        Lab_2={"token": keys[1], "channel": "ibm_cloud"},
        same={"token": keys[0], "channel": "ibm_quantum_platform"},
    )  # fmt: skip
    assert migrate("--yes").returncode == 0
    assert embedded.stored() == ["ibm-quantum", "ibm-quantum-lab-2"]
    assert revealed(embedded, "ibm-quantum")["value"] == keys[0]
    assert revealed(embedded, "ibm-quantum-lab-2")["value"] == keys[1]


def test_aws_keys_have_the_names_of_the_engine(home, embedded, migrate, make_key):
    """So that the same adapter takes them."""
    secret = make_key()[:40]
    text = (
        f"[default]\naws_access_key_id = AKIAABCDEFGHIJKLMNOP\naws_secret_access_key = {secret}\n"
    )
    file = place(home, ".aws/credentials", text)
    assert migrate("amazon-braket", "--yes").returncode == 0
    fields = {"access_key": "AKIAABCDEFGHIJKLMNOP", "secret_key": secret}
    assert revealed(embedded, "amazon-braket") == fields
    assert not file.exists()


def test_short_lived_tokens_go_with_the_key_that_makes_them(home, embedded, migrate, make_key):
    """They are secrets too, and nobody stores them."""
    refresh, access = make_key(), make_key()
    table = "[credentials.default.token_payload]\n"
    file = place(
        home, ".qcs/secrets.toml",
        f'{table}access_token = "{access}"\nrefresh_token = "{refresh}"\nscope = "offline"\n',
    )  # fmt: skip
    assert migrate("--yes").returncode == 0
    assert revealed(embedded, "rigetti-qcs") == {"value": refresh}
    assert file.read_text() == f'{table}scope = "offline"\n'


def test_a_dry_run_changes_nothing(home, embedded, migrate, make_key):
    """It says what would be done, and starts nothing."""
    key = make_key()
    file = qiskit(home, key)
    before = file.read_bytes()
    done = migrate("--dry-run", PROGRAM="/nowhere/bao")
    assert done.returncode == 0, done.stderr
    assert "ibm-quantum: 44 characters, with channel, instance" in done.stdout
    assert "The file would be removed." in done.stdout
    assert key not in done.stdout
    (told,) = json.loads(migrate("--dry-run", "--json").stdout)
    assert (told["outcome"], told["stored"]) == ("would remove", ["ibm-quantum"])
    assert file.read_bytes() == before
    assert embedded.stored() == []


def test_nothing_to_move(home, migrate):
    """And nothing is started for it."""
    done = migrate("--yes", PROGRAM="/nowhere/bao")
    assert done.returncode == 0
    assert "Nothing to move" in done.stdout
    assert migrate("--yes", "--json").stdout.strip() == "[]"


def test_one_name_alone(home, embedded, migrate, make_key):
    """The other files stay."""
    qiskit(home, make_key())
    other = place(home, ".ionq", make_key())
    assert migrate("ibm-quantum", "--yes").returncode == 0
    assert embedded.stored() == ["ibm-quantum"]
    assert other.exists()


def test_a_file_stays_if_the_store_does_not_take_its_key(home, migrate, make_key, tmp_path):
    """OpenBao does not start: exit code 3, nothing was touched."""
    key = make_key()
    file = qiskit(home, key)
    broken = tmp_path / "bao"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o700)
    before = file.read_bytes()
    done = migrate("--yes", DIRECTORY=str(tmp_path / "o"), PROGRAM=str(broken))
    assert done.returncode == 3
    assert key not in done.stdout + done.stderr
    assert file.read_bytes() == before


def test_with_a_vault_configured_nothing_is_moved(home, migrate, make_key):
    """Keys belong where they are read."""
    file = qiskit(home, make_key())
    done = migrate("--yes", CONFIGURED="https://bao.example:8200")
    assert done.returncode == 1
    assert "https://bao.example:8200" in done.stderr
    assert file.exists()


def test_another_key_in_the_store_is_not_replaced(home, embedded, migrate, make_key):
    """With ``--yes`` nobody was asked; the same key there already is fine."""
    key, other = make_key(), make_key()
    file = place(home, ".ionq", f"{key}\n")
    embedded.put("ionq", {"value": Secret(other)})
    done = migrate("--yes")
    assert done.returncode == 1
    assert "ionq is stored already, with another value" in done.stdout
    assert "jupyter qcred remove ionq" in done.stdout
    assert file.exists()
    assert revealed(embedded, "ionq") == {"value": other}
    embedded.put("ionq", {"value": Secret(key)})
    assert migrate("--yes").returncode == 0
    assert not file.exists()


def test_what_no_kernel_uses_is_shown_and_left(home, embedded, migrate, make_key):
    """A token of Vault, a cache of Azure; that is no failure."""
    files = [
        place(home, ".vault-token", make_key()),
        place(home, ".azure/msal_token_cache.json", json.dumps({"a": {"secret": make_key()}})),
    ]
    done = migrate("--yes")
    assert done.returncode == 0
    assert done.stdout.count("Left as it is: no kernel gets such a key from here.") == 2
    assert all(file.exists() for file in files)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (".qiskit/qiskit-ibm.json", "{broken KEY"),
        (".config/dwave/dwave.conf", "token = KEY\n"),
        (".qbraid/qbraidrc", "[default]\napi-key = KEY\nnote = see KEY\nother = 1\n"),
        (".qcs/secrets.toml", '[a]\nrefresh_token = """\nKEY"""\nx = "y"\n'),
    ],
)
def test_a_file_from_which_a_key_can_not_be_taken_is_left(
    home, embedded, migrate, make_key, path, text
):
    """Broken, or with the key in another place too: it says so, and nothing is stored."""
    key = make_key()
    file = place(home, path, text.replace("KEY", key))
    before = file.read_bytes()
    done = migrate("--yes")
    assert done.returncode == 1
    assert "Removed" not in done.stdout
    assert key not in done.stdout + done.stderr
    assert file.read_bytes() == before
    assert embedded.stored() == []


def test_a_file_that_changes_in_between_is_left(home, make_key):
    """The key that is taken out is the one that was stored."""
    file = qiskit(home, make_key())
    (move,) = moves(None)
    qiskit(home, new := make_key())
    with pytest.raises(StuckError, match="changed meanwhile"):
        take_out(move)
    assert new in file.read_text()
    file.unlink()
    with pytest.raises(StuckError):
        take_out(move)


def test_a_linked_file_is_removed_with_its_link(home, embedded, migrate, make_key):
    """As managers of dot files keep them: what the link names holds the key."""
    key = make_key()
    real = place(home, "dotfiles/qbraidrc", f"[default]\napi-key = {key}\n")
    (home / ".qbraid").mkdir()
    (home / ".qbraid" / "qbraidrc").symlink_to(real)
    assert migrate("--yes").returncode == 0
    assert not real.exists()
    assert not (home / ".qbraid" / "qbraidrc").is_symlink()


def test_copies_beside_it_are_named(home, migrate, make_key):
    """An editor's backup holds the key as well."""
    place(home, ".qbraid/qbraidrc", f"[default]\napi-key = {make_key()}\n")
    place(home, ".qbraid/qbraidrc~", "old")
    assert "look at qbraidrc~ beside it" in migrate("--yes").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [(["--json"], "add --yes or --dry-run"), ([], "no terminal to ask at"), (["a", "b"], "b")],
)
def test_wrong_usage_is_exit_code_2(migrate, words, said):
    """Nobody is asked where nobody can answer."""
    done = migrate(*words)
    assert done.returncode == 2
    assert said in done.stderr


def test_help_has_examples_and_exit_codes(migrate):
    """``--help`` alone is enough to use it."""
    shown = migrate("--help").stdout
    assert "examples:" in shown
    assert "Exit codes: 0 done or nothing to do, 1 " in shown


class Person:
    """Somebody at a terminal."""

    def __init__(self, environment):
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", MAIN], stdin=slave, stdout=slave, stderr=slave, env=environment
        )
        os.close(slave)
        self.seen = ""

    def expect(self, text):
        """Wait until it is on the screen."""
        deadline = time.monotonic() + 40
        while text not in self.seen:
            assert time.monotonic() < deadline, self.seen
            if select.select([self.master], [], [], 0.1)[0]:
                try:
                    self.seen += os.read(self.master, 4096).decode()
                except OSError:  # the other end is closed
                    break
        assert text in self.seen, self.seen

    def interrupt(self):
        """Press Ctrl-C until it is heard: one that comes before the read is kept until its end."""
        for _ in range(40):
            self.process.send_signal(signal.SIGINT)
            if select.select([self.master], [], [], 1.0)[0]:
                return

    def type(self, text):
        os.write(self.master, text.encode())

    def end(self):
        status = self.process.wait(40)
        os.close(self.master)
        return status


def test_a_person_is_asked_twice(home, embedded, environment, make_key):
    """Before it is stored, and before it is removed; no means no."""
    key = make_key()
    file = place(home, ".ionq", key)
    person = Person(environment)
    person.expect("Store ionq? [y/N]")
    person.type("n\n")
    person.expect("Left as it is: you said no.")
    assert person.end() == 0
    assert embedded.stored() == []

    person = Person(environment)
    person.expect("Store ionq? [y/N]")
    assert embedded.stored() == []
    person.type("y\n")
    person.expect("Remove ~/.ionq? [y/N]")
    assert revealed(embedded, "ionq") == {"value": key}
    assert file.read_text() == key
    person.type("\n")
    person.expect("the key is in both places now")
    assert person.end() == 0

    person = Person(environment)
    person.expect("Store ionq? [y/N]")
    person.type("y\n")
    person.expect("Remove ~/.ionq? [y/N]")
    person.type("yes\n")
    person.expect("Removed.")
    assert person.end() == 0
    assert not file.exists()
    assert key not in person.seen


@pytest.mark.parametrize("typed", ["\x03", "\x04"])
def test_an_interrupt_leaves_the_file(home, embedded, environment, make_key, typed):
    """Ctrl-C and the end of input, at the second question."""
    file = place(home, ".ionq", make_key())
    person = Person(environment)
    person.expect("Store ionq?")
    person.type("y\n")
    person.expect("Remove ~/.ionq?")
    if typed == "\x03":
        person.interrupt()
    else:
        person.type(typed)
    person.expect("Stopped.")
    assert person.end() == 1
    assert file.exists()

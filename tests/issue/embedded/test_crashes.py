"""Whatever is killed, nothing is orphaned and the next hold works."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.openbao import wait_until
from support.processes import alive

from jupyter_qcred.core.errors import ConfigError, IssuerError
from jupyter_qcred.core.secret import Secret
from jupyter_qcred.issue.embedded.client import Client
from jupyter_qcred.issue.embedded.layout import Record
from jupyter_qcred.issue.embedded.lock import FileLock

USER = """
import sys, os
from jupyter_qcred.issue.embedded.openbao import EmbeddedOpenBao
hold = EmbeddedOpenBao(directory=sys.argv[1], linger=0.0).hold()
if "fork" in sys.argv and os.fork() == 0:
    import signal
    signal.pause()
print(hold.address, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def user(embedded):
    """Start another process that holds the instance; `wait` returns its address."""
    started = []

    def start(*words):
        process = subprocess.Popen(
            [sys.executable, "-c", USER, embedded.directory, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def instance(embedded):
    """The supervisor and OpenBao, by process id."""
    found = wait_until(
        "OpenBao is recorded",
        lambda: (r := Record.read(embedded.layout.record)) and r.openbao and r,
    )
    return found.supervisor, found.openbao


def test_a_killed_user_lets_go(embedded, user, pids):
    """SIGKILL of the only user stops OpenBao: the kernel closes its connection."""
    process = user()
    process.stdout.readline()
    supervisor, openbao = instance(embedded)
    process.kill()
    wait_until("both are gone", lambda: not alive(supervisor) and not alive(openbao))


def test_a_forked_child_of_a_killed_user_is_no_user(embedded, user, pids):
    """A child made by fork keeps the connection open; its parent's death counts all the same."""
    process = user("fork")
    process.stdout.readline()
    children = [pid for pid in pids() if pid not in (*instance(embedded), process.pid)]
    supervisor, openbao = instance(embedded)
    process.kill()
    wait_until("both are gone", lambda: not alive(supervisor) and not alive(openbao))
    assert any(alive(child) for child in children)


def test_openbao_dies_with_its_supervisor(embedded, same, stopped):
    """SIGKILL of the supervisor ends OpenBao at once; a new hold starts both again."""
    embedded.put("ionq", {"value": Secret("K")})
    stopped()
    with embedded.hold():
        supervisor, openbao = instance(embedded)
        os.kill(supervisor, signal.SIGKILL)
        wait_until("OpenBao is gone", lambda: not alive(openbao))
        assert same().stored() == ["ionq"]


def test_a_hold_comes_back_by_itself_after_its_supervisor_was_killed(embedded, pids, stopped):
    """A long-running server needs to do nothing: the same address answers again."""
    with embedded.hold() as hold:
        address, old = hold.address, instance(embedded)
        os.kill(old[0], signal.SIGKILL)
        wait_until("the hold is back", lambda: hold.alive and instance(embedded) != old)
        assert hold.address == address
        secret_id = Secret(Path(hold.secret_id_file).read_text())
        wait_until("a login works", lambda: Client(address).login(hold.role_id, secret_id) is None)
        assert len(pids()) == 2
    stopped()


def test_a_killed_openbao_is_started_again(embedded):
    """SIGKILL of OpenBao: its supervisor starts another, and users keep their hold."""
    with embedded.hold() as hold:
        supervisor, openbao = instance(embedded)
        os.kill(openbao, signal.SIGKILL)
        wait_until("another runs", lambda: instance(embedded)[1] not in (0, openbao))
        assert instance(embedded)[0] == supervisor
        assert hold.alive
        with embedded.hold() as later:
            assert later.address == hold.address


def test_it_gives_up_on_an_openbao_that_keeps_dying(embedded):
    """A few deaths within a minute end the supervisor, so that users see it."""
    with embedded.hold() as hold:
        supervisor, _ = instance(embedded)
        shutil.move(embedded.layout.config, embedded.layout.config.with_suffix(".away"))
        os.kill(instance(embedded)[1], signal.SIGKILL)
        wait_until("the supervisor gave up", lambda: not alive(supervisor))
        # The hold's own restart writes the configuration anew.
        wait_until("the hold is back", lambda: hold.alive and instance(embedded)[0] != supervisor)


def test_sigterm_to_the_supervisor_stops_both(embedded, user):
    """A log-out or a service manager ends it in good order."""
    process = user()
    process.stdout.readline()
    supervisor, openbao = instance(embedded)
    os.kill(process.pid, signal.SIGSTOP)  # or it would start it again
    os.kill(supervisor, signal.SIGTERM)
    wait_until("both are gone", lambda: not alive(supervisor) and not alive(openbao))


def test_processes_that_start_together_share_one_instance(embedded, user, pids):
    """Four programs started at once agree on one OpenBao, on the very first start."""
    users = [user() for _ in range(4)]
    addresses = {process.stdout.readline() for process in users}
    assert len(addresses) == 1
    assert addresses != {""}
    assert len(set(pids()) - {process.pid for process in users}) == 2


def test_what_a_killed_instance_left_is_no_hindrance(embedded, stopped):
    """Stale sockets, a stale record and old lock files are replaced."""
    layout = embedded.layout
    embedded.init()
    stopped()
    (layout.directory / "run").mkdir(mode=0o700)
    for name in ("bao.sock", "hold.sock"):
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(str(layout.directory / "run" / name))
    Record(
        address=f"unix://{layout.directory}/run/bao.sock",
        hold=f"unix://{layout.directory}/run/hold.sock",
        nonce="stale",
        host=socket.gethostname(),
        supervisor=os.getpid(),  # the number may be anybody's by now
        openbao=os.getpid(),
    ).write(layout.record)
    with embedded.hold() as hold:
        assert hold.alive


def test_an_openbao_whose_supervisor_died_elsewhere_is_ended(embedded, stopped):
    """Where the system does not end it, the next start does, and takes over its lock."""
    layout = embedded.layout
    with embedded.hold() as hold:
        address = hold.address
        program = Path(f"/proc/{instance(embedded)[1]}/exe").resolve()
    stopped()
    lock = FileLock(layout.instance_lock)
    assert lock.acquire(timeout=5)
    orphan = subprocess.Popen(
        [program, "server", f"-config={layout.config}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(lock.descriptor,),
    )
    lock.release()
    dead = subprocess.Popen(["/bin/true"])
    dead.wait()
    Record(
        address=address,
        hold=address.replace("bao", "hold"),
        nonce="gone",
        host=socket.gethostname(),
        supervisor=dead.pid,
        openbao=orphan.pid,
    ).write(layout.record)
    with embedded.hold():
        assert orphan.wait(5) == -signal.SIGKILL


def test_a_first_start_cut_short_is_begun_anew(embedded, stopped):
    """A storage left half set up is put aside: nobody can have stored a key in it."""
    layout = embedded.layout
    embedded.init()
    stopped()
    layout.applied.unlink()
    shutil.rmtree(layout.data)
    layout.data.mkdir(mode=0o700)
    (layout.data / "000002.log").write_bytes(b"torn")
    embedded.put("ionq", {"value": Secret("K")})
    assert embedded.stored() == ["ionq"]


def test_an_openbao_killed_during_its_first_start_is_replaced(embedded, same):
    """The one who waits for it notices nothing but a longer start."""
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(embedded.hold)
        os.kill(instance(embedded)[1], signal.SIGKILL)
        with waiting.result():
            same().put("ionq", {"value": Secret("K")})
            assert embedded.stored() == ["ionq"]


@pytest.mark.parametrize("name", ["unseal.key", "qcred-jupyter.secret-id"])
def test_a_lost_key_file_is_said_and_not_made_anew(embedded, stopped, name):
    """Another one would not fit; we neither hide the loss nor make it worse."""
    file = embedded.layout.directory / name
    embedded.init()
    stopped()
    file.unlink()
    with pytest.raises(ConfigError, match=f"{name} is lost"):
        embedded.hold()
    assert not file.exists()


def test_a_wrong_unseal_key_is_said(embedded, stopped):
    """OpenBao stays sealed: the message names the file, not a time-out."""
    layout = embedded.layout
    embedded.init()
    stopped()
    layout.unseal_key.write_bytes(bytes(32))
    embedded.start_timeout = 3.0
    with pytest.raises(ConfigError, match="do not fit"):
        embedded.hold()


def test_a_program_that_is_no_openbao_is_said_with_the_log(home, embedded):
    """The message tells where the log is."""
    fake = home / "fake"
    fake.write_text("#!/bin/sh\necho this is not a server >&2\nexit 3\n")
    fake.chmod(0o700)
    embedded.executable = str(fake)
    with pytest.raises(IssuerError, match=r"does not start.*openbao\.log"):
        embedded.hold()
    assert "this is not a server" in embedded.layout.log.read_text()

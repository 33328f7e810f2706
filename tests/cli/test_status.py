"""`jupyter qcred status`, as a person and as a script run it, against real servers."""

from __future__ import annotations

import io
import json
import os
import re
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest
from support import deployment
from support.command import command, on_terminal
from support.deployment import CANARY, KEY, LIVE
from support.jupyter import TOKEN, JupyterServer
from support.openbao import wait_until
from support.sweep import texts_with

from jupyter_qcred.cli.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.openbao import OpenBao

    MakeServer = Callable[..., JupyterServer]

USE = f"import jupyter_qcred as qcred; cred = qcred.get('{KEY}'); qcred.get('{LIVE}')"


@pytest.fixture(scope="module")
def server(openbao: OpenBao, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """A server with one kernel that holds two credentials."""
    deployment.provide(openbao)
    made = deployment.server(openbao, tmp_path_factory.mktemp("status"))
    try:
        made.start()
        assert made.open_notebook("work.ipynb").execute(USE).ok
        yield made
    finally:
        made.close()


def test_status_shows_what_kernels_hold(server: JupyterServer) -> None:
    """Server, issuer, and a line for each credential: where it is, and how long it lives."""
    done = command(server, "status")
    assert done.returncode == 0, done.stderr
    text = done.stdout
    assert f":{server.url.rpartition(':')[2]}" in text
    assert re.search(r"OpenBao at \S+: ok", text)
    assert re.search(r"Server token: \d+m", text)
    lines = [line.split() for line in text.splitlines()]
    (row,) = [line for line in lines if line[:1] == [LIVE]]
    assert row[-2:-1] == ["work.ipynb"]
    assert server.kernels[0].id in row
    assert texts_with(CANARY, [text, done.stderr]) == []
    assert TOKEN not in text
    assert "\x1b" not in text


def test_status_as_json_is_the_api_s_answer(server: JupyterServer) -> None:
    """For programs: one object for each server, found as Jupyter finds them."""
    done = command(server, "status", "--json")
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)["servers"]
    assert (found["pid"], found["root_dir"]) == (server.pid, str(server.root))
    (kernel,) = found["status"]["kernels"]
    assert {held["credential"] for held in kernel["credentials"]} == {KEY, LIVE}
    assert TOKEN not in done.stdout


def test_colours_are_for_terminals_only(server: JupyterServer) -> None:
    """A terminal gets them, unless its user does not want any."""
    assert "\x1b[1m" in on_terminal(server, "status")
    assert "\x1b[" not in on_terminal(server, "status", NO_COLOR="1")


def test_nothing_runs(tmp_path: Path) -> None:
    """No server is no mistake."""
    nobody = JupyterServer(tmp_path / "home")
    done = command(nobody, "status")
    assert (done.returncode, done.stderr) == (0, "")
    assert "No Jupyter server of yours is running" in done.stdout
    assert json.loads(command(nobody, "status", "--json").stdout) == {"servers": []}


def test_what_is_outstanding_is_told_by_words_and_exit_code(
    server: JupyterServer, openbao: OpenBao
) -> None:
    """While the issuer hangs the revocation of a closed kernel is shown; later nothing is."""
    kernel = server.open_notebook("other.ipynb")
    assert kernel.execute(USE).ok
    openbao.pause()
    try:
        kernel.delete()
        wait_until("it is owed", lambda: command(server, "status").returncode == 1, 30, 0.2)
        text = command(server, "status").stdout
        assert "1 revocation outstanding" in text
        (row,) = [line for line in text.splitlines() if line.strip().startswith("session token")]
        assert kernel.id in row
        assert "no answer yet" in row or "did not answer" in row
    finally:
        openbao.resume()
    wait_until("it is settled", lambda: command(server, "status").returncode == 0, 60, 0.2)


def test_a_server_on_a_unix_socket_is_asked_there(
    openbao: OpenBao, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Its token goes through the socket."""
    home = tmp_path_factory.mktemp("sock")
    server = deployment.server(openbao, home)
    path = home / "s"
    words = (
        "--no-browser",
        "--allow-root",
        "--ServerApp.base_url=/a/b/",
        f"--ServerApp.sock={path}",
    )
    with server.log_file.open("wb") as log:
        server.process = subprocess.Popen(
            [server.python, "-m", "jupyter_server", *words],
            env=server.env,
            cwd=server.root,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        wait_until("it listens", lambda: path.exists() and listens(path), 60)
        wait_until("it is found", lambda: str(path) in command(server, "status").stdout, 30, 0.2)
        done = command(server, "status", "--json")
        (found,) = json.loads(done.stdout)["servers"]
        assert found["status"]["enabled"]
        assert (found["url"], done.returncode) == (str(path), 0)
    finally:
        server.close()


def listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(path)) == 0


@pytest.mark.parametrize("why", ["frozen", "gone", "another token"])
def test_a_server_that_cannot_be_asked_is_told(tmp_path: Path, why: str) -> None:
    """Exit code 3, the reason and the next step; the token goes nowhere else."""
    nobody = JupyterServer(tmp_path / "home")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        if why == "gone":
            listener.close()
        elif why == "another token":
            listener.close()
            nobody.start()
            port = int(nobody.url.rpartition(":")[2].strip("/"))
        pid = nobody.process.pid if nobody.process else 1
        for file in nobody.runtime_dir.glob("jpserver-*.json"):
            file.unlink()
        told = {"url": f"http://127.0.0.1:{port}/", "pid": pid, "token": "wrong", "root_dir": "/"}
        (nobody.runtime_dir / f"jpserver-{pid}.json").write_text(json.dumps(told))
        try:
            done = command(nobody, "status", *(["--json"] if why == "frozen" else []))
            assert done.returncode == 3, done.stderr
            assert "wrong" not in done.stdout + done.stderr
            if why == "frozen":
                (told,) = json.loads(done.stdout)["servers"]
                assert (told["error"], told["status"]) == ("unreachable", None)
                assert "does not answer" in told["reason"]
                assert told["next_step"]
            else:
                words = "cannot be reached" if why == "gone" else "does not let us in"
                assert f"Not asked: it {words}" in done.stdout
        finally:
            nobody.close()


JUPYTER_S_OWN = (
    "import json; from jupyter_server.serverapp import list_running_servers as servers; "
    "print(json.dumps(list(servers())))"
)


def test_servers_are_found_as_jupyter_finds_them(tmp_path: Path) -> None:
    """The same ones as `jupyter server list`, whatever else lies there."""
    home = JupyterServer(tmp_path / "home")
    told = {"url": "http://127.0.0.1:1/", "token": "", "root_dir": "/", "base_url": "/"}
    dead = subprocess.Popen(["true"])
    dead.wait()
    files = {
        "jpserver-1.json": json.dumps({**told, "pid": os.getpid()}),
        "jpserver-2.json": json.dumps({**told, "pid": dead.pid}),
        "jpserver-3.json": "{ being writ",
        "jpserver-4-open.html": "<html>",
        "other.json": json.dumps({**told, "pid": os.getpid()}),
    }
    for name, text in files.items():
        (home.runtime_dir / name).write_text(text)
    ours = json.loads(command(home, "status", "--json").stdout)["servers"]
    listing = [home.python, "-c", JUPYTER_S_OWN]
    theirs = subprocess.run(listing, env=home.env, capture_output=True, text=True, check=True)
    assert [server["pid"] for server in ours] == [os.getpid()]
    assert [server["pid"] for server in json.loads(theirs.stdout)] == [os.getpid()]


def test_a_server_without_the_package_is_passed_over(tmp_path: Path) -> None:
    """It is named, and nothing is wrong with it."""
    server = JupyterServer(tmp_path / "home", args=("--QcredApp.enabled=False",))
    try:
        done = command(server.start(), "status")
        assert done.returncode == 0, done.stdout
        assert "not enabled there" in done.stdout
    finally:
        server.close()


def test_what_others_named_cannot_command_a_terminal(server: JupyterServer) -> None:
    """A kernel id with escapes is shown without them."""
    hostile = "\x1b[2Jx\x07"
    server.api("POST", "api/kernels", {"name": "python3", "kernel_id": hostile})
    wait_until("it holds something", lambda: "[2Jx" in command(server, "status").stdout, 30, 0.2)
    assert "\x1b[2J" not in on_terminal(server, "status")


class Terminal(io.StringIO):
    """A stream that says it is one."""

    def isatty(self) -> bool:
        return True


def test_what_takes_its_time_says_how_far_it_is() -> None:
    """After a second, on a terminal only, and the line is gone at the end."""
    clock = [0.0]
    terminal, file = Terminal(), io.StringIO()
    for stream in (terminal, file):
        clock[0] = 0.0
        with Progress(stream, lambda: clock[0]) as progress:
            progress("done", 1, 4)
            assert stream.getvalue() == ""
            clock[0] = 1.5
            progress("done", 2, 4)
    assert terminal.getvalue() == "\r\x1b[K2 of 4 done …\r\x1b[K"
    assert file.getvalue() == ""

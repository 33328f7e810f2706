"""A whole life of a credential with what is installed beside this interpreter, and nothing else.

Run with ``-I`` in an empty home: store a key, start a server, print the key in a notebook's kernel,
end everything. Fails at the first thing that is not as it should be.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path
from urllib.request import Request, urlopen

KEY = "a-key-that-the-smoke-test-stores-0123456789"
TOKEN = uuid.uuid4().hex
HOME = Path.home()
BIN = Path(sys.executable).parent


def main() -> None:
    """Do it all."""
    came_from_the_wheel()
    stored = run("jupyter", "qcred", "put", "ibm-quantum", "--stdin", given=KEY)
    assert "Stored ibm-quantum" in stored, stored
    assert KEY not in stored
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(BIN / "jupyter"), "server", "--allow-root", "--no-browser",
               f"--ServerApp.port={port}", f"--IdentityProvider.token={TOKEN}"]  # fmt: skip
    with (HOME / "server.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd=HOME)
    try:
        shown = use(f"http://127.0.0.1:{port}/")
    finally:
        server.send_signal(signal.SIGTERM)
        code = server.wait(30)
    assert code == 0, (HOME / "server.log").read_text()
    assert shown == "key: [redacted:ibm-quantum]\n", shown
    nothing_is_left()
    print("stored, issued, delivered, used, redacted, revoked, audited")


def came_from_the_wheel() -> None:
    """What is imported is what was installed, and the server knows it."""
    import jupyter_qcred

    assert Path(jupyter_qcred.__file__).is_relative_to(sys.prefix), jupyter_qcred.__file__
    assert "jupyter_qcred" in run("jupyter", "server", "extension", "list", both=True)
    assert "usage: jupyter qcred" in run("jupyter", "qcred", "--help")


def run(*command: str, given: str = "", both: bool = False) -> str:
    """Run a command of this environment; return what it prints."""
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]], input=given, text=True, timeout=120, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT if both else subprocess.PIPE,
    )  # fmt: skip
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def use(url: str) -> str:
    """Open a notebook, print the key in it, end its kernel; return what was printed."""
    wait_until("the server answers", lambda: ask(url, "GET", "api/status"))
    assert ask(url, "GET", "qcred/api/status") is not None
    kernel = {"kernel": {"name": "python3"}}
    session = ask(url, "POST", "api/sessions",
                  {"path": "a.ipynb", "name": "a", "type": "notebook", **kernel})  # fmt: skip
    assert session is not None
    code = "import jupyter_qcred as q; print('key:', q.get('ibm-quantum').reveal())"
    try:
        return asyncio.run(execute(f"{url}api/kernels/{session['kernel']['id']}/channels", code))
    finally:
        ask(url, "DELETE", f"api/sessions/{session['id']}")


def ask(url: str, method: str, path: str, body: object = None) -> dict | None:
    """Ask the server's API; None where it does not answer."""
    headers = {"Authorization": f"token {TOKEN}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    try:
        with urlopen(Request(url + path, data, headers, method=method), timeout=30) as answer:  # noqa: S310 - our own
            return json.loads(answer.read() or b"{}")
    except OSError:
        return None


async def execute(url: str, code: str) -> str:
    """Run code over the websocket that browsers use; return what it prints."""
    from tornado.httpclient import HTTPRequest
    from tornado.websocket import websocket_connect

    number = uuid.uuid4().hex
    header = {"msg_id": number, "msg_type": "execute_request", "username": "", "session": number,
              "version": "5.3", "date": ""}  # fmt: skip
    content = {"code": code, "silent": False, "store_history": False, "user_expressions": {},
               "allow_stdin": False, "stop_on_error": True}  # fmt: skip
    message = {"header": header, "parent_header": {}, "metadata": {}, "content": content,
               "channel": "shell"}  # fmt: skip
    opened = await websocket_connect(
        HTTPRequest(url.replace("http", "ws", 1), headers={"Authorization": f"token {TOKEN}"})
    )
    await opened.write_message(json.dumps(message))
    printed = ""
    while raw := await asyncio.wait_for(opened.read_message(), 60):
        got = json.loads(raw)
        if got["parent_header"].get("msg_id") != number:
            continue
        assert got["msg_type"] != "error", got["content"]
        printed += got["content"].get("text", "") if got["msg_type"] == "stream" else ""
        if got["content"].get("execution_state") == "idle":
            break
    opened.close()
    return printed


def nothing_is_left() -> None:
    """The audit tells the whole story, no file holds the key, and OpenBao ends by itself."""
    audit = next(HOME.rglob("qcred/audit.jsonl")).read_text().splitlines()
    told = [json.loads(line)["__schema__"].split("/")[-2] for line in audit]
    assert {"issued", "delivered", "redacted", "revoked"} <= set(told), told
    files = [file for file in HOME.rglob("*") if file.is_file()]
    assert [file for file in files if KEY.encode() in file.read_bytes()] == []
    wait_until("OpenBao has ended", lambda: not running(HOME))


def running(home: Path) -> list[int]:
    """Return the processes whose home this is, besides this one."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = entry.read_bytes()
        except OSError:
            continue
        if str(home).encode() in command and int(entry.parent.name) != os.getpid():
            found.append(int(entry.parent.name))
    return found


def wait_until(what: str, condition: object, seconds: float = 60.0) -> None:
    """Wait for a condition.

    Raises:
        AssertionError: it is not met in time.
    """
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.1)


if __name__ == "__main__":
    main()

"""Whatever is done to a kernel, it has one store, one channel, and redacts what it says."""

from __future__ import annotations

import json
import os
import shutil
import textwrap
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support import deployment
from support.deployment import CANARY, KEY, LIVE, PROFILES, events
from support.openbao import wait_until
from support.sweep import files_with, texts_with

import jupyter_qcred

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.jupyter import JupyterServer, Kernel, Result
    from support.openbao import OpenBao

PACKAGE = Path(jupyter_qcred.__file__).parent
MASK = f"[redacted:{KEY}]"

# What a test does must not reach these: a namespace is emptied, modules go.
KEEP = f"""
import builtins, types
import jupyter_qcred as qcred
from jupyter_qcred.kernel.current import current_client
client = current_client()
builtins.kept = types.SimpleNamespace(
    client=client, store=client.store, cred=qcred.get({KEY!r}), live=qcred.get({LIVE!r}))
kept.value = kept.cred.reveal()
"""

CHECK = f"""
import threading
import jupyter_qcred as qcred
from jupyter_qcred.kernel.current import current_client
assert current_client() is kept.client, "another client"
assert current_client().store is kept.store, "another store"
assert [t.name for t in threading.enumerate()].count("qcred-channel") == 1, "another channel"
assert qcred.get({KEY!r}).reveal() == kept.cred.reveal() == kept.value, "another value"
first = kept.live.lease_id
qcred.renew({LIVE!r})
assert kept.live.lease_id != first, "a renewal did not arrive"
try:
    qcred.get("no-such-credential")
except qcred.UnknownCredentialError:
    print("single", qcred.get({KEY!r}).reveal())
"""


@pytest.fixture(scope="module")
def server(openbao: OpenBao, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """A server with a copy of our package that tests may touch."""
    deployment.provide(openbao)
    home = tmp_path_factory.mktemp("home")
    shutil.copytree(PACKAGE, home / "copy" / "jupyter_qcred")
    source = PROFILES[LIVE]["source"] | {"parameters": {"ttl": "12s"}}
    profiles = PROFILES | {LIVE: PROFILES[LIVE] | {"source": source}}
    env = {"PYTHONPATH": str(home / "copy")}
    made = deployment.server(openbao, home, profiles=profiles, env=env).start()
    yield made
    made.close()


@pytest.fixture
def kernel(server: JupyterServer) -> Iterator[Kernel]:
    """A kernel that holds two credentials."""
    opened = server.open_notebook(f"{uuid.uuid4().hex}.ipynb")
    assert opened.execute(KEEP).text == ""
    yield opened
    assert texts_with(CANARY, opened.received) == []
    opened.close()
    server.api("DELETE", f"api/sessions/{opened.session_id}", check=False)


def run(kernel: Kernel, code: str) -> str:
    """Run code, which must not fail; return what it said."""
    result = kernel.execute(textwrap.dedent(code))
    assert result.ok, result.text
    return result.text


def assert_single(kernel: Kernel) -> None:
    assert run(kernel, CHECK) == f"single {MASK}\n"


ALL = "[m for name, m in sorted(sys.modules.items()) if name.split('.')[0] == 'jupyter_qcred']"


@pytest.mark.parametrize(
    "what",
    [
        "%reset -f",
        "%reset -f --aggressive",
        "import importlib, jupyter_qcred; importlib.reload(jupyter_qcred)",
        f"import importlib, sys\nfor m in {ALL}: importlib.reload(m)",
        f"import sys\nfor m in {ALL}: del sys.modules[m.__name__]",
    ],
)
def test_the_store_survives_and_stays_single(kernel: Kernel, what: str) -> None:
    """The namespace is emptied, modules are executed again or forgotten; twice."""
    for _ in range(2):
        run(kernel, what)
        assert_single(kernel)


def edited(server: JupyterServer, kernel: Kernel, how: str) -> Result:
    """Edit every module of ours, as an upgrade does, and run a cell; it tells what is not new."""
    run(kernel, f"%load_ext autoreload\n%autoreload {how}")
    assert_single(kernel)
    for path in (server.home / "copy" / "jupyter_qcred").rglob("*.py"):
        path.write_text(path.read_text() + f"\nCHANGED = {how!r}\n")
        later = path.stat().st_mtime + 10
        os.utime(path, (later, later))
    return kernel.execute(f"import sys\nprint([m.__name__ for m in {ALL} if m.CHANGED != {how!r}])")


def test_it_survives_autoreload_of_changed_files(server: JupyterServer, kernel: Kernel) -> None:
    """An upgrade of the server's installation while a notebook runs."""
    assert edited(server, kernel, "2").text == "[]\n"
    for _ in range(2):
        assert_single(kernel)


def test_a_full_autoreload_shows_nothing(server: JupyterServer, kernel: Kernel) -> None:
    """It breaks instances of every class with slots, also ours; what can't be checked stays in."""
    edited(server, kernel, "2 --full")
    for show in ("kept.value", "print(kept.value)", "raise ValueError(kept.value)"):
        shown = kernel.execute(show)
        assert texts_with(CANARY, [shown.text]) == []


def test_subshells_share_the_store_and_redact(kernel: Kernel) -> None:
    """A cell of a subshell runs beside one of the main shell, each with its own output."""
    subshell = kernel.request("create_subshell_request", {}, "control")[0]["content"]["subshell_id"]
    show = f"import jupyter_qcred as qcred; print('{{}}', qcred.get({KEY!r}).reveal())"
    wait = "import threading; kept.other.wait(20)"
    run(kernel, "import threading; kept.other = threading.Event()")
    first = send(kernel, f"{wait}\n{show.format('main')}")
    second = send(kernel, f"{show.format('sub')}\nkept.other.set()", subshell)
    said = outputs(kernel, first, second)
    assert said == {first: f"main {MASK}\n", second: f"sub {MASK}\n"}
    checked = send(kernel, CHECK, subshell)
    assert outputs(kernel, checked) == {checked: f"single {MASK}\n"}
    kernel.request("delete_subshell_request", {"subshell_id": subshell}, "control")
    assert_single(kernel)


def send(kernel: Kernel, code: str, subshell: str | None = None) -> str:
    """Send an execute request and do not wait; return its number."""
    assert kernel._socket is not None
    number = uuid.uuid4().hex
    header = {"msg_id": number, "msg_type": "execute_request", "username": "", "session": number,
              "version": "5.5", "date": "", "subshell_id": subshell}  # fmt: skip
    content = {"code": code, "silent": False, "store_history": True, "user_expressions": {},
               "allow_stdin": True, "stop_on_error": True}  # fmt: skip
    kernel._socket.send(
        json.dumps({"header": header, "parent_header": {}, "metadata": {}, "content": content,
                    "channel": "shell"})
    )  # fmt: skip
    return number


def outputs(kernel: Kernel, *numbers: str, answers: tuple[str, ...] = ()) -> dict[str, str]:
    """Return what requests wrote until each was done; input they ask for is given in order."""
    assert kernel._socket is not None
    said = dict.fromkeys(numbers, "")
    missing, lines = {(n, what) for n in numbers for what in ("reply", "idle")}, list(answers)
    while missing:
        raw = kernel._socket.recv()
        kernel.received.append(str(raw))
        message = json.loads(raw)
        parent, content = message["parent_header"].get("msg_id"), message["content"]
        if parent not in said:
            continue
        if message["msg_type"] == "input_request":
            answer(kernel, message, lines.pop(0))
        elif message["msg_type"] == "execute_reply":
            assert content["status"] == "ok", content
            missing.discard((parent, "reply"))
        elif message["msg_type"] == "status" and content["execution_state"] == "idle":
            missing.discard((parent, "idle"))
        elif message["msg_type"] == "stream":
            said[parent] += content["text"]
    return said


def answer(kernel: Kernel, request: dict[str, Any], line: str) -> None:
    """Type a line where the kernel asks for one."""
    assert kernel._socket is not None
    header = request["header"] | {"msg_id": uuid.uuid4().hex, "msg_type": "input_reply"}
    message = {"header": header, "parent_header": request["header"], "metadata": {},
               "content": {"value": line, "status": "ok"}, "channel": "stdin"}  # fmt: skip
    kernel._socket.send(json.dumps(message))


def test_an_embedded_ipython_has_the_same_store(kernel: Kernel) -> None:
    """``IPython.embed()`` asks for lines, and what it shows is redacted as well."""
    number = send(kernel, "import IPython; IPython.embed(colors='NoColor')")
    lines = (
        f"import jupyter_qcred as qcred; print('embedded', qcred.get({KEY!r}).reveal())",
        "print(qcred.get('ibm-quantum').lease_id == kept.cred.lease_id)",
        "exit",
    )
    said = outputs(kernel, number, answers=lines)[number]
    assert f"embedded {MASK}\n" in said
    assert "True\n" in said
    assert_single(kernel)


def test_threads_and_tasks_share_it(kernel: Kernel) -> None:
    """Each may ask; what any of them prints is redacted."""
    run(
        kernel,
        f"""
        import asyncio, threading
        import jupyter_qcred as qcred
        def show(name):
            qcred.renew({LIVE!r})
            print(name + ' ' + qcred.get({KEY!r}).reveal() + ';')
        async def task(name):
            await asyncio.sleep(0)
            await asyncio.to_thread(show, name)
        threads = [threading.Thread(target=show, args=("thread",)) for _ in range(8)]
        """,
    )
    said = run(kernel, "for t in threads: t.start()\nfor t in threads: t.join()\n"
                       "await asyncio.gather(*(task('task') for _ in range(8)))\nNone")  # fmt: skip
    assert said.count(f"thread {MASK};") == said.count(f"task {MASK};") == 8
    assert_single(kernel)


CHILD = """
import sys
import jupyter_qcred as qcred

def ask(name):
    try:
        return qcred.get(name, timeout=5).reveal()
    except qcred.QcredError as error:
        return f"{type(error).__name__}"

def show(value):
    print("the child shows", value, flush=True)
"""


def test_a_forked_child_has_nothing_and_hurts_nothing(kernel: Kernel) -> None:
    """Its copy of the store is empty; its end does not end the channel; it redacts as well."""
    said = run(
        kernel,
        f"""
        import os
        import jupyter_qcred as qcred
        pid = os.fork()
        if pid == 0:
            try:
                qcred.get({KEY!r})
            except qcred.NotOnPlatformError as error:
                os.write(1, f"{{type(error).__name__}} {{kept.value}}\\n".encode())
            os._exit(7)
        print(f"ended with {{os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}}")
        """,
    )
    assert "ended with 7" in said
    assert_single(kernel)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_children_of_multiprocessing_hold_nothing(
    server: JupyterServer, kernel: Kernel, method: str
) -> None:
    """They say so; what they are handed and print is redacted; the kernel's store stays."""
    (server.root / "child.py").write_text(CHILD)
    said = run(
        kernel,
        f"""
        import multiprocessing, child
        context = multiprocessing.get_context({method!r})
        with context.Pool(2) as pool:
            print(pool.map(child.ask, [{KEY!r}, {LIVE!r}]))
        process = context.Process(target=child.show, args=(kept.value,))
        process.start()
        process.join()
        print(f"ended with {{process.exitcode}}")
        """,
    )
    assert "['NotOnPlatformError', 'NotOnPlatformError']" in said
    assert "ended with 0" in said
    assert_single(kernel)


def test_after_all_of_this_renewals_come_by_themselves(
    server: JupyterServer, kernel: Kernel, openbao: OpenBao
) -> None:
    """One kernel goes through it all, and nobody asks for the renewal."""
    for what in ("%reset -f", f"import importlib, sys\nfor m in {ALL}: importlib.reload(m)",
                 f"import sys\nfor m in {ALL}: del sys.modules[m.__name__]"):  # fmt: skip
        run(kernel, what)
    run(kernel, "import os, time\nif not (pid := os.fork()): os._exit(0)\nos.waitpid(pid, 0)")
    waiting = (
        "first, end = kept.live.lease_id, time.monotonic() + 30\n"
        "while kept.live.lease_id == first and time.monotonic() < end: time.sleep(0.05)\n"
        "print(kept.live.lease_id != first)"
    )
    assert run(kernel, waiting) == "True\n"
    assert_single(kernel)
    (session,) = events(server.home, "issued", what="session token", kernel=kernel.id)
    kernel.delete()
    wait_until("its token is dead", lambda: openbao.lookup_accessor(session["accessor"]) is None)
    assert files_with(CANARY, server.home) == []

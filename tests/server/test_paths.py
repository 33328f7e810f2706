"""Every path into a file, on real servers: no value that is known gets there."""

from __future__ import annotations

import base64
import json
import subprocess
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
import requests
from support import deployment
from support.deployment import CANARY, KEY, events
from support.jupyter import TOKEN
from support.openbao import wait_until
from support.packages import Environment
from support.sweep import files_with, texts_with

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.jupyter import JupyterServer
    from support.openbao import OpenBao

MASK = f"[redacted:{KEY}]"
UNKNOWN = "hvs.CAESIJ1kQ0mV7yWbX3rT9pLz2uNfHd8sKcE4aGxYoRtBvMqPGh4KHGh2cy5KbWlXc0ZtU2dQ"


def notebook(text: str) -> dict[str, Any]:
    output = nbformat.v4.new_output("stream", name="stdout", text=f"{text}\n")
    svg = f"<svg xmlns='http://www.w3.org/2000/svg'><text>{text}</text></svg>"
    figure = nbformat.v4.new_output("display_data", {"image/svg+xml": svg})
    cell = nbformat.v4.new_code_cell(f"key = '{text}'", outputs=[output, figure])
    return json.loads(nbformat.writes(nbformat.v4.new_notebook(cells=[cell])))


def arm(server: JupyterServer) -> JupyterServer:
    kernel = server.open_notebook("arming.ipynb")
    kernel.execute("import jupyter_qcred as qcred")
    kernel.execute(f"qcred.get('{KEY}')")
    return server


def get(server: JupyterServer, path: str) -> requests.Response:
    headers = {"Authorization": f"token {TOKEN}"}
    return requests.get(server.url + path, headers=headers, timeout=120)


@pytest.fixture(scope="module")
def server(openbao: OpenBao, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    deployment.provide(openbao)
    made = deployment.server(openbao, tmp_path_factory.mktemp("paths"))
    try:
        yield arm(made.start())
        swept(made)
    finally:
        made.close()


def swept(server: JupyterServer) -> None:
    """No file below the server's root has the value, but old ones."""
    found = files_with(CANARY, server.root)
    assert [path for path in found if "/old" not in path] == []


def test_what_browsers_put_is_redacted(server: JupyterServer) -> None:
    """Saved, saved again as autosave does, copied, renamed, uploaded at once and in pieces."""
    server.save("a.ipynb", notebook(CANARY))
    server.save("a.ipynb", notebook(f"{CANARY} {CANARY}"))
    server.api("POST", "api/contents/a.ipynb/checkpoints")
    server.api("POST", "api/contents", {"copy_from": "a.ipynb"})
    server.api("PATCH", "api/contents/a.ipynb", {"path": "b.ipynb"})
    data = f"one {CANARY} two".encode()
    body = {"type": "file", "format": "base64", "content": base64.b64encode(data).decode()}
    server.api("PUT", "api/contents/up.txt", body)
    for chunk, piece in ((1, data[:20]), (2, data[20:30]), (-1, data[30:])):
        part = {**body, "content": base64.b64encode(piece).decode(), "chunk": chunk}
        server.api("PUT", "api/contents/pieces.txt", part)
    assert (server.root / "pieces.txt").read_text() == f"one {MASK} two"
    assert MASK in (server.root / "b.ipynb").read_text()
    assert MASK in (server.root / "a-Copy1.ipynb").read_text()


def test_an_old_file_is_redacted_when_it_is_copied_or_restored(server: JupyterServer) -> None:
    """A file from before the value was known does not multiply."""
    (server.root / "old.ipynb").write_text(json.dumps(notebook(CANARY)))
    server.api("POST", "api/contents/elsewhere", {"copy_from": "old.ipynb"}, check=False)
    server.api("POST", "api/contents", {"copy_from": "old.ipynb"})
    (copied,) = server.root.glob("*old-Copy1.ipynb")
    assert MASK in copied.read_text()
    server.api("POST", "api/contents/old.ipynb/checkpoints")
    server.api("POST", "api/contents/old.ipynb/checkpoints/checkpoint")
    assert CANARY not in (server.root / "old.ipynb").read_text()


@pytest.mark.parametrize("form", ["html", "script", "markdown", "notebook", "rst", "asciidoc"])
def test_exports_of_an_old_file_are_redacted(server: JupyterServer, form: str) -> None:
    """Through the server's nbconvert, with the files that go along with the text."""
    (server.root / "old-export.ipynb").write_text(json.dumps(notebook(CANARY)))
    answer = get(server, f"nbconvert/{form}/old-export.ipynb?download=true")
    assert answer.ok, answer.text
    data = answer.content
    if data.startswith(b"PK"):
        import io
        import zipfile

        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            data = b"\n".join(packed.read(name) for name in packed.namelist())
    assert texts_with(CANARY, [data.decode()]) == []
    assert MASK in data.decode()


def test_an_unknown_secret_is_redacted_and_told(server: JupyterServer) -> None:
    """By its format; event and log name cell, output and rule, and no secret."""
    server.save("unknown.ipynb", notebook(UNKNOWN))
    saved = (server.root / "unknown.ipynb").read_text()
    assert UNKNOWN not in saved
    wait_until("it is recorded", lambda: events(server.home, "redacted", path="unknown.ipynb"), 10)
    (event,) = events(server.home, "redacted", path="unknown.ipynb")
    assert event["places"] == ["cell 1 source", "cell 1 output 1", "cell 1 output 2"]
    assert event["sources"] == ["1"]
    assert event["credential"] in saved
    (line,) = [line for line in server.log().splitlines() if "'unknown.ipynb' was saved" in line]
    assert "source on the disk differs from the screen in cell 1" in line
    assert UNKNOWN not in server.log()


def test_what_was_issued_is_known_to_the_next_server(
    server: JupyterServer, openbao: OpenBao
) -> None:
    """The next server of this user has the fingerprint, and no credential of its own."""
    file = server.home / "data" / "qcred" / "issued.json"
    wait_until("it is remembered", lambda: file.exists() and KEY in file.read_text(), 10)
    later = deployment.server(openbao, server.home.parent / "later")
    (later.home / "data" / "qcred").mkdir(parents=True)
    for name in ("issued.json", "fingerprint.key"):
        source = server.home / "data" / "qcred" / name
        (later.home / "data" / "qcred" / name).write_bytes(source.read_bytes())
    try:
        later.start().save("pasted.ipynb", notebook(CANARY))
        assert MASK in (later.root / "pasted.ipynb").read_text()
        assert files_with(CANARY, later.home) == []
    finally:
        later.close()


# -- with packages of others


HYBRID = """
from hybridcontents import HybridContentsManager
from jupyter_server.services.contents.largefilemanager import LargeFileManager

c.ServerApp.contents_manager_class = HybridContentsManager
c.HybridContentsManager.manager_classes = {"": LargeFileManager, "second": LargeFileManager}
c.HybridContentsManager.manager_kwargs = {
    "": {"root_dir": %(root)r}, "second": {"root_dir": %(second)r}
}
"""


@pytest.fixture
def hybrid(openbao: OpenBao, tmp_path: Path) -> Iterator[JupyterServer]:
    # Its requirements are those of a notebook of 2019; it works with what is here.
    own = Environment(tmp_path / "hybrid", "--no-deps", "hybridcontents==0.4.0", "six")
    deployment.provide(openbao)
    made = deployment.server(openbao, tmp_path / "home")
    second = made.root / "second-root"
    second.mkdir()
    config = HYBRID % {"root": str(made.root), "second": str(second)}
    (made.config_dir / "jupyter_server_config.py").write_text(config)
    try:
        yield arm(own.of(made).start())
        swept(made)
    finally:
        made.close()


def test_a_manager_that_never_calls_hooks_is_redacted(hybrid: JupyterServer) -> None:
    """hybridcontents passes saves on to managers of its own; moving between them is a save."""
    hybrid.save("second/a.ipynb", notebook(CANARY))
    hybrid.save("b.ipynb", notebook(CANARY))
    (hybrid.root / "old-moved.ipynb").write_text(json.dumps(notebook(CANARY)))
    hybrid.api("PATCH", "api/contents/old-moved.ipynb", {"path": "second/moved.ipynb"})
    for path in ("second-root/a.ipynb", "b.ipynb", "second-root/moved.ipynb"):
        assert MASK in (hybrid.root / path).read_text()


EDIT = """
import json, sys, time, urllib.request
import websocket
from jupyter_ydoc import YNotebook
from pycrdt import YMessageType, create_sync_message, create_update_message, handle_sync_message

url, token, path, value, file = sys.argv[1:]
request = urllib.request.Request(
    f"{url}api/collaboration/session/{path}", method="PUT",
    data=json.dumps({"format": "json", "type": "notebook"}).encode(),
    headers={"Authorization": f"token {token}", "Content-Type": "application/json"})
session = json.load(urllib.request.urlopen(request))
room = f"json:notebook:{session['fileId']}"
socket = websocket.create_connection(
    f"{url.replace('http', 'ws', 1)}api/collaboration/room/{room}"
    f"?sessionId={session['sessionId']}&token={token}", timeout=20)
document = YNotebook()
socket.send_binary(create_sync_message(document.ydoc))
updates = []
while not document.ycells:
    message = socket.recv()
    if isinstance(message, bytes) and message[0] == YMessageType.SYNC:
        answer = handle_sync_message(message[1:], document.ydoc)
        if answer is not None:
            socket.send_binary(answer)
keep = document.ydoc.observe(lambda event: socket.send_binary(create_update_message(event.update)))
pasted = {"cell_type": "markdown", "source": f"pasted {value}", "metadata": {}, "id": "x"}
document.append_cell(pasted)
text = document.ycells[0]["source"]
for letter in value:  # typed
    text.insert(len(text), letter)
deadline = time.monotonic() + 30
while open(file).read().count("[redacted:") < 2 and time.monotonic() < deadline:
    time.sleep(0.05)
socket.close()
"""


@pytest.fixture
def shared(openbao: OpenBao, tmp_path: Path) -> Iterator[JupyterServer]:
    own = Environment(tmp_path / "collaboration", "jupyter-collaboration==5.0.4")
    deployment.provide(openbao)
    made = deployment.server(openbao, tmp_path / "home")
    try:
        yield arm(own.of(made).start())
        swept(made)
    finally:
        made.close()


def test_a_document_edited_together_leaves_no_value_on_the_disk(shared: JupyterServer) -> None:
    """Neither in the file that the server saves, nor in a database of all that was ever typed."""
    (shared.root / "together.ipynb").write_text(json.dumps(notebook("nothing")))
    saved = shared.root / "together.ipynb"
    arguments = [shared.url, TOKEN, "together.ipynb", CANARY, str(saved)]
    ran = subprocess.run(
        [shared.python, "-c", EDIT, *arguments], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert saved.read_text().count(MASK) == 2
    assert files_with(CANARY, shared.root, shared.home / "data", shared.runtime_dir) == []
    assert not list(shared.home.rglob(".jupyter_ystore.db"))

"""The whole story on real parts: issue → deliver → use → redact → revoke → audit, and a sweep."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from support import deployment
from support.deployment import CANARY, KEY, LIVE, events
from support.loopback import Scripted
from support.openbao import wait_until
from support.sweep import files_with, processes_with, texts_with

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.jupyter import JupyterServer, Kernel
    from support.openbao import OpenBao

MASK = f"[redacted:{KEY}]"

# Each line is run as a cell of its own. None may show the value, whatever it does with it.
SLIPS = [
    "print(value)",
    "value",
    "print('split ', end='', flush=True); print(value[:11], end='', flush=True); print(value[11:])",
    "import sys; print(value, file=sys.stderr)",
    "import json; print(json.dumps({'nested': json.dumps({'key': value})}))",
    "import base64; print([base64.b64encode(b'x' * n + value.encode()) for n in range(3)])",
    "print(value.encode().hex(), value.encode().hex().upper())",
    "import urllib.parse; print(urllib.parse.urlencode({'key': value}))",
    "from IPython.display import HTML, Javascript; HTML(f'<b>{value}</b>')",
    "{'list': [value], 'tuple': (value,), 'bytes': value.encode()}",
    "import subprocess; subprocess.run(['echo', value])",
    "import os; os.system(f'echo {value}')",
    "import os; os.write(1, value.encode()); os.write(2, value.encode())",
    "import logging; logging.error('the key is %s', value)",
    "get_ipython().run_line_magic('xmode', 'Verbose')",
    "raise RuntimeError(f'refused: {value}')",
    "def call(key):\n    return 1 / 0\ncall(value)",
    "import threading; t = threading.Thread(target=print, args=(value,)); t.start(); t.join()",
    (
        "import os\npid = os.fork()\n"
        "if pid == 0:\n    print(value, flush=True)\n    os._exit(0)\n_ = os.waitpid(pid, 0)"
    ),
    "print(value.upper() if False else '', value)",
    "%whos",
    "%history -o",
]

# What a handle that a user holds must not give away.
REFUSALS = {
    "import pickle; pickle.dumps(cred)": "SecretLeakError",
    "import cloudpickle; cloudpickle.dumps(cred)": "SecretLeakError",
    "import copy; copy.copy(cred)": "SecretLeakError",
    "import copy; copy.deepcopy({'a': cred})": "SecretLeakError",
    "vars(cred)": "TypeError",
    "import json; json.dumps(cred)": "TypeError",
}

USE = f"""
import json, urllib.request
request = urllib.request.Request(
    "{{url}}/jobs", data=b'{{{{"circuit": "h 0; cx 0 1"}}}}',
    headers={{{{"Authorization": "Bearer " + qcred.get("{LIVE}").reveal()}}}})
print(json.load(urllib.request.urlopen(request))["status"])
"""


class Cloud:
    """A vendor's endpoint which asks OpenBao whether a credential is alive."""

    def __init__(self, openbao: OpenBao) -> None:
        self._openbao = openbao
        self.presented = ""
        self._server = Scripted(self._answer)

    def _answer(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        self.presented = self._server.headers["Authorization"].removeprefix("Bearer ")
        return (200, {"status": "queued"}) if self.accepts() else (401, {"status": "refused"})

    def accepts(self) -> bool:
        """Whether the credential presented last would be accepted now."""
        answer = self._openbao.client(self.presented).adapter
        try:
            return bool(self._openbao.client(self.presented).is_authenticated())
        finally:
            answer.close()

    @property
    def url(self) -> str:
        return self._server.address

    def close(self) -> None:
        self._server.close()


@pytest.fixture
def cloud(fresh_openbao: OpenBao) -> Iterator[Cloud]:
    made = Cloud(fresh_openbao)
    yield made
    made.close()


@pytest.fixture
def server(fresh_openbao: OpenBao, tmp_path: Path) -> Iterator[JupyterServer]:
    """A server at DEBUG, enabled by nothing but the installed files."""
    deployment.provide(fresh_openbao)
    made = deployment.server(
        fresh_openbao, tmp_path / "home", args=("--debug",), env={"VAULT_TOKEN": "not-for-kernels"}
    )
    try:
        yield made.start()
    finally:
        made.close()


def test_the_life_of_a_credential(
    server: JupyterServer, fresh_openbao: OpenBao, cloud: Cloud
) -> None:
    """A researcher opens a notebook, uses a credential, slips, saves; nothing is left behind."""
    home, before = server.home, fresh_openbao.accessors()

    # Issue and deliver: nothing to configure in the notebook, nothing to see in it.
    kernel = server.open_notebook("tutorial.ipynb")
    kernel.execute("import jupyter_qcred as qcred")
    shown = kernel.execute(f"cred = qcred.get('{KEY}'); print(cred, repr(cred), f'{{cred}}')")
    assert shown.text.count("value hidden") == 3
    assert kernel.execute(f"len(qcred.get('{KEY}').reveal())").text == str(len(CANARY))
    assert (
        kernel.execute("import os; print([k for k in os.environ if 'VAULT' in k])").text == "[]\n"
    )

    # Use: the vendor accepts it.
    used = kernel.execute(USE.format(url=cloud.url))
    assert used.text == "queued\n"

    # Redact, live.
    outputs = slips(kernel)
    refusals(kernel)
    look_from_outside(kernel)

    # Redact, on save: also what a person pasted into a cell.
    save(server, outputs)

    # Revoke: the kernel ends, and with it all that it had.
    (session,) = events(home, "issued", what="session token")
    assert fresh_openbao.lookup_accessor(session["accessor"]) is not None
    kernel.delete()
    wait_until(
        "the session token is dead",
        lambda: fresh_openbao.lookup_accessor(session["accessor"]) is None,
        seconds=2,
    )
    assert not cloud.accepts()
    assert server.terminate() == 0
    assert fresh_openbao.accessors() <= before

    # Audit: every step left its record.
    audit(home, session)

    # Sweep.
    for value in (CANARY, cloud.presented):
        assert files_with(value, home) == []
        assert texts_with(value, [*server.answers, *kernel.received]) == []
        assert processes_with(value) == []


def slips(kernel: Kernel) -> list[tuple[str, list[dict[str, Any]]]]:
    """Do everything a person may do by mistake; return the cells with their outputs."""
    kernel.execute("value = cred.reveal()")
    cells = [(code, kernel.execute(code).outputs) for code in SLIPS]
    text = json.dumps(cells)
    # Tools that cut a long value in the middle show its ends.
    assert CANARY[:25] not in text
    assert CANARY[-25:] not in text
    assert text.count(MASK) >= len(SLIPS) - 3
    return cells


def refusals(kernel: Kernel) -> None:
    """The handle refuses to be written anywhere."""
    for code, error in REFUSALS.items():
        result = kernel.execute(code)
        assert error in result.text, code


def look_from_outside(kernel: Kernel) -> None:
    """Inspection, completion and history answer a front-end; none may carry the value."""
    for name in ("cred", "value"):
        kernel.request("inspect_request", {"code": name, "cursor_pos": 4, "detail_level": 1})
    kernel.request("complete_request", {"code": "cred.", "cursor_pos": 5})
    kernel.request("complete_request", {"code": "value.", "cursor_pos": 6})
    kernel.request(
        "history_request",
        {"hist_access_type": "tail", "n": 100, "output": True, "raw": True},
    )
    reply, _ = kernel.request(
        "execute_request",
        {"code": "1", "silent": False, "user_expressions": {"v": "value"}, "allow_stdin": False},
    )
    assert MASK in json.dumps(reply["content"]["user_expressions"])


def save(server: JupyterServer, outputs: list[tuple[str, list[dict[str, Any]]]]) -> None:
    """Save what the browser shows, with a key pasted into a cell, and make a checkpoint."""
    cells = [
        nbformat.v4.new_code_cell(code, outputs=out, execution_count=number)
        for number, (code, out) in enumerate(outputs, 1)
    ]
    cells.append(nbformat.v4.new_markdown_cell(f"my key is `{CANARY}`, don't tell"))
    server.save("tutorial.ipynb", nbformat.v4.new_notebook(cells=cells))
    server.api("POST", "api/contents/tutorial.ipynb/checkpoints")
    saved = nbformat.read(server.root / "tutorial.ipynb", as_version=4)
    nbformat.validate(saved)
    assert saved.cells[-1].source == f"my key is `{MASK}`, don't tell"


def audit(home: Path, session: dict[str, Any]) -> None:
    """The record tells who had what, and how it ended."""
    about = {"session": session["session"], "credential": KEY}
    assert session["narrowed"] is True
    assert len(events(home, "issued", **about)) == 1
    assert len(events(home, "delivered", **about)) == 1
    assert events(home, "redacted", credential=KEY, where="stream")
    assert events(home, "redacted", credential=KEY, where="save")[0]["path"] == "tutorial.ipynb"
    # Honest: the session is over, the vendor's static key is not.
    assert [e["outcome"] for e in events(home, "revoked", **about)] == ["unsupported"]
    live = events(home, "revoked", session=session["session"], credential=LIVE)
    assert [e["outcome"] for e in live] == ["confirmed"]
    ended = events(home, "revoked", what="session token", accessor=session["accessor"])
    assert [e["outcome"] for e in ended] == ["confirmed"]

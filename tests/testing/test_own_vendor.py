"""A package of somebody else, as the guide shows it: installed, tested, and used in a kernel."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support import deployment
from support.jupyter import isolated_environment
from support.packages import Environment

from jupyter_qcred.testing import Scripted, Vendor, bearer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.jupyter import JupyterServer
    from support.openbao import OpenBao

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "how-to" / "examples" / "own-vendor"
KEY = "the-long-lived-key-of-acme-0123456789"

WORK = """
import jupyter_qcred as qcred
session = qcred.client("acme")
url = qcred.get("acme").public["url"]
print([session.get(url + "/devices").json(), session.headers, session.auth])
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with the example, installed as pip installs it."""
    return Environment(tmp_path_factory.mktemp("acme") / "venv", str(EXAMPLE))


def test_its_own_tests_pass(environment: Environment, tmp_path: Path) -> None:
    """The contracts find nothing, in the environment that its author has."""
    (tmp_path / "tmp").mkdir()
    ran = subprocess.run(
        [environment.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null",
         "--rootdir", EXAMPLE, EXAMPLE / "tests"],
        cwd=tmp_path, env=isolated_environment(tmp_path), capture_output=True, text=True,
        timeout=150, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-2000:]
    assert "skipped" not in ran.stdout


class Acme:
    """Both ends of the vendor: gives tokens for the key, and takes no other."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.login = Scripted(self._token)
        self.service = Vendor(bearer, lambda *_: {"devices": ["anvil-1"]})

    def _token(self, _method: str, _path: str, body: bytes) -> tuple[int, dict[str, Any]]:
        self.keys.append(json.loads(body)["key"])
        self.service.alive = f"acme-token-{len(self.keys)}-0123456789"
        return 200, {"token": self.service.alive, "expires_in": 900}

    def close(self) -> None:
        """Stop both."""
        self.login.close()
        self.service.close()


@pytest.fixture
def acme() -> Iterator[Acme]:
    """The vendor."""
    made = Acme()
    yield made
    made.close()


def test_a_notebook_uses_it_and_never_sees_the_key(
    environment: Environment,
    make_server: Callable[..., JupyterServer],
    fresh_openbao: OpenBao,
    acme: Acme,
) -> None:
    """The server hands the key in, the kernel gets a client with what came out."""
    deployment.provide(fresh_openbao)
    fresh_openbao.put("acme", api_key=KEY)
    source = {
        "kind": "exchange", "exchange": "acme", "from": "kv2:qcred/acme",
        "options": {"url": f"{acme.login.address}/v1/tokens", "team": "physics"},
        "settings": {"url": acme.service.url},
    }  # fmt: skip
    profiles = {"acme": {"vendor": "acme", "source": source}}
    server = environment.of(make_server(fresh_openbao, profiles=profiles, start=False)).start()
    kernel = server.open_notebook("work.ipynb")
    done = kernel.execute(WORK)
    assert done.ok, done.text
    assert "anvil-1" in done.text
    assert acme.keys == [KEY]
    assert acme.service.presented == [acme.service.alive]
    assert acme.service.alive not in done.text
    assert KEY not in kernel.execute("print(qcred.get('acme').reveal_all())").text
    kernel.delete()

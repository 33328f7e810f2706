"""`jupyter qcred revoke`: from one's own kernels, and at the issuer for operators."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from support import deployment
from support.command import command, on_terminal
from support.deployment import CANARY, KEY, LIVE, PROFILES, events
from support.jupyter import TOKEN, JupyterServer
from support.leases import ONCE, ONCE_PROFILE, live_leases, provide_once
from support.openbao import wait_until
from support.sweep import texts_with

from jupyter_qcred.issue.vault.roles import OPERATOR_POLICY, policy_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.jupyter import Kernel
    from support.openbao import OpenBao

BEARER = {
    "vendor": KEY,
    "source": {"kind": "exchange", "exchange": "ibm-iam", "from": f"kv2:qcred/{KEY}"},
}

USE = "import jupyter_qcred as qcred; held = [qcred.get(name) for name in %r]"


@pytest.fixture(scope="module")
def bao(openbao: OpenBao) -> OpenBao:
    provide_once(openbao)
    openbao.policy(OPERATOR_POLICY, policy_text(OPERATOR_POLICY))
    return openbao


@pytest.fixture(scope="module")
def server(bao: OpenBao, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    profiles = PROFILES | {ONCE: ONCE_PROFILE}
    made = deployment.server(
        bao, tmp_path_factory.mktemp("revoke"), profiles, env={"JUPYTERHUB_USER": "alice"}
    )
    try:
        yield made.start()
    finally:
        made.close()


@pytest.fixture
def kernel(server: JupyterServer) -> Iterator[Kernel]:
    """A kernel that holds three credentials; gone at the end."""
    opened = server.open_notebook("work.ipynb")
    used = opened.execute(USE % ((KEY, LIVE, ONCE),))
    assert used.ok, used.text
    yield opened
    server.api("DELETE", f"api/sessions/{opened.session_id}")


def server_accessor(server: JupyterServer) -> str:
    return str(events(server.home, "issued", what="server token")[-1]["accessor"])


def accessor_of(server: JupyterServer, kernel: Kernel) -> str:
    return str(
        events(server.home, "issued", what="session token", kernel=kernel.id)[-1]["accessor"]
    )


# -- one's own kernels ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words", [("--kernel", "{id}"), ("--notebook", "work.ipynb"), ("--all", "--yes")]
)
def test_a_kernel_s_session_is_ended(
    server: JupyterServer, bao: OpenBao, kernel: Kernel, words: tuple[str, ...]
) -> None:
    """By its id, by its notebook's path as it is here, or all of them."""
    accessor = accessor_of(server, kernel)
    done = command(server, "revoke", *(word.format(id=kernel.id) for word in words))
    assert done.returncode == 0, done.stdout + done.stderr
    lines = {line.split()[0]: line for line in done.stdout.splitlines() if kernel.id in line}
    assert lines[ONCE].endswith("  revoked")
    assert lines[LIVE].endswith("  revoked")
    assert "static key lives on until its vendor revokes it" in lines[KEY]
    assert bao.lookup_accessor(accessor) is None
    assert texts_with(CANARY, [done.stdout, done.stderr]) == []
    assert TOKEN not in done.stdout


def test_one_credential_is_taken_from_every_kernel(
    server: JupyterServer, bao: OpenBao, kernel: Kernel
) -> None:
    """The session goes on; programs get the outcome as JSON."""
    done = command(server, "revoke", "--credential", ONCE, "--json")
    assert done.returncode == 0, done.stderr
    (told,) = json.loads(done.stdout)["servers"]
    (one,) = told["revoked"]["credentials"]
    assert (one["credential"], one["kernel"], one["outcome"]) == (ONCE, kernel.id, "confirmed")
    assert live_leases(bao) == set()
    assert bao.lookup_accessor(accessor_of(server, kernel)) is not None


def test_what_the_issuer_has_not_confirmed_is_exit_code_1(
    server: JupyterServer, bao: OpenBao, kernel: Kernel
) -> None:
    """The command ends while the issuer hangs, and says that it is outstanding."""
    bao.pause()
    try:
        done = command(server, "revoke", "--credential", ONCE)
        assert done.returncode == 1
        assert "withdrawn; its revocation is outstanding" in done.stdout
        assert "jupyter qcred status" in done.stdout
    finally:
        bao.resume()
    wait_until("it is confirmed", lambda: live_leases(bao) == set(), 60)


@pytest.mark.parametrize("words", [("--kernel", "nobody"), ("--notebook", "other.ipynb")])
def test_a_kernel_that_is_not_there_is_exit_code_1(
    server: JupyterServer, bao: OpenBao, kernel: Kernel, words: tuple[str, ...]
) -> None:
    """A slip in the id must not look like a success."""
    done = command(server, "revoke", *words)
    assert (done.returncode, done.stderr) == (1, "No kernel of a running server matches that.\n")
    assert bao.lookup_accessor(accessor_of(server, kernel)) is not None


def test_everything_is_asked_for_first(server: JupyterServer, bao: OpenBao, kernel: Kernel) -> None:
    """On a terminal a no revokes nothing, a yes everything; without one, --yes is needed."""
    accessor = accessor_of(server, kernel)
    assert "Nothing was revoked" in on_terminal(server, "revoke", "--all", given="n\n")
    done = command(server, "revoke", "--all")
    assert done.returncode == 2
    assert "--yes" in done.stderr
    assert bao.lookup_accessor(accessor) is not None
    assert "revoked" in on_terminal(server, "revoke", "--all", given="y\n")
    assert bao.lookup_accessor(accessor) is None


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--kernel", "a", "--all"),
        ("--kernel", "a", "--credential", "b"),
        ("--user", "alice"),
        ("--role", "qcred-kernel"),
        ("--all", "--dry-run"),
        ("--at-issuer",),
        ("--at-issuer", "--all", "--yes"),
        ("--at-issuer", "--kernel", "a", "--yes"),
        ("--at-issuer", "--user", "a", "--credential", "b", "--yes"),
        ("--at-issuer", "--user", "a"),
    ],
)
def test_what_is_not_clear_is_a_usage_error(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Exit code 2, before anybody is asked."""
    done = command(JupyterServer(tmp_path / "home"), "revoke", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("jupyter qcred revoke: ")


def test_without_a_server_nothing_is_held(tmp_path: Path) -> None:
    """That is fine, and said."""
    done = command(JupyterServer(tmp_path / "home"), "revoke", "--all", "--yes")
    assert done.returncode == 0
    assert "nothing is held" in done.stdout


# -- at the issuer --------------------------------------------------------------------------------


@pytest.fixture
def operator(bao: OpenBao, tmp_path: Path) -> JupyterServer:
    """An operator at a machine of their own: no server, and a token in a file."""
    home = JupyterServer(tmp_path / "operator")
    config = {
        "VaultIssuer": {"address": bao.address},
        "CredentialService": {"profiles": PROFILES | {ONCE: ONCE_PROFILE, "bearer": BEARER}},
    }
    (home.config_dir / "jupyter_qcred_config.json").write_text(json.dumps(config))
    token = home.home / ".vault-token"
    token.touch(mode=0o600)
    token.write_text(bao.login_token([OPERATOR_POLICY]))
    return home


def at_issuer(operator: JupyterServer, *words: str) -> Any:
    done = command(operator, "revoke", "--at-issuer", "--json", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (operator.home / ".vault-token").read_text() not in done.stdout
    return json.loads(done.stdout)


def test_a_user_s_sessions_are_ended_wherever_they_run(
    server: JupyterServer, bao: OpenBao, kernel: Kernel, operator: JupyterServer
) -> None:
    """Shown, asked for, revoked and counted, servers' own included; another user's are left."""
    accessor, above = accessor_of(server, kernel), server_accessor(server)
    bystander = bao.root.write_data(
        "auth/token/create/qcred-kernel", data={"meta": {"user": "bob"}}
    )["auth"]["accessor"]
    dry = command(operator, "revoke", "--at-issuer", "--user", "alice", "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert "this was a dry run" in dry.stdout
    rows = [line for line in dry.stdout.splitlines() if "alice" in line]
    assert sorted(row.split()[0] for row in rows) == ["qcred-kernel", "qcred-server"]
    (row,) = [line for line in rows if kernel.id in line]
    assert "qcred-kernel" in row
    assert "alice" in row
    assert bao.lookup_accessor(accessor) is not None
    no = on_terminal(operator, "revoke", "--at-issuer", "--user", "alice", given="n\n")
    assert "Nothing was revoked" in no
    assert bao.lookup_accessor(accessor) is not None
    yes = on_terminal(operator, "revoke", "--at-issuer", "--user", "alice", given="y\n")
    assert "Revoke all 2 of 1 user" in yes
    assert "Revoked 2 of 2." in yes
    assert bao.lookup_accessor(accessor) is None
    assert bao.lookup_accessor(above) is None
    assert bao.lookup_accessor(bystander) is not None
    again = at_issuer(operator, "--user", "bob", "--yes")
    assert (again["confirmed"], again["failed"]) == (1, [])
    assert at_issuer(operator, "--user", "bob", "--yes")["found"] == []
    # Nobody was locked out here: the next use logs in again.
    assert kernel.execute(f"print(bool(qcred.renew('{KEY}').reveal()))").text == "True\n"
    assert server_accessor(server) != above


def test_a_role_s_tokens_are_ended(
    server: JupyterServer, bao: OpenBao, kernel: Kernel, operator: JupyterServer
) -> None:
    """The server tokens, and with them everything below; the server logs in again at need."""
    accessor = accessor_of(server, kernel)
    told = at_issuer(operator, "--role", "qcred-server", "--yes")
    assert told["confirmed"] == len(told["found"]) >= 1
    assert {found["path"] for found in told["found"]} == {"auth/token/create/qcred-server"}
    assert bao.lookup_accessor(accessor) is None
    assert kernel.execute(f"print(bool(qcred.renew('{KEY}').reveal()))").text == "True\n"


@pytest.mark.parametrize("name", [ONCE, LIVE])
def test_a_credential_s_leases_are_ended(
    server: JupyterServer, bao: OpenBao, kernel: Kernel, operator: JupyterServer, name: str
) -> None:
    """By the profile's source: leases of an engine, or tokens of a role; sessions go on."""
    told = at_issuer(operator, "--credential", name, "--yes")
    assert told["confirmed"] == len(told["found"]) >= 1
    assert told["failed"] == []
    assert (live_leases(bao) == set()) is (name == ONCE)
    assert bao.lookup_accessor(accessor_of(server, kernel)) is not None


@pytest.mark.parametrize(
    ("name", "words"), [(KEY, "static key"), ("bearer", "ends by itself"), ("nope", "No profile")]
)
def test_a_credential_that_the_issuer_cannot_end_is_refused(
    operator: JupyterServer, name: str, words: str
) -> None:
    """Nothing is called revoked that is not."""
    done = command(operator, "revoke", "--at-issuer", "--credential", name, "--yes")
    assert done.returncode == 1
    assert words in done.stderr


def test_each_right_of_the_shipped_policy_is_needed_and_enough(
    server: JupyterServer, bao: OpenBao, kernel: Kernel, operator: JupyterServer
) -> None:
    """Without any one of them the command says which policy is missing, and revokes nothing."""
    whole = policy_text(OPERATOR_POLICY)
    accessor = accessor_of(server, kernel)
    needs = {
        "auth/token/accessors": "--user",
        "auth/token/lookup-accessor": "--user",
        "auth/token/revoke-accessor": "--user",
        "sys/leases/lookup/*": "--credential",
        "sys/leases/revoke": "--credential",
    }
    try:
        for path, by in needs.items():
            less = whole.replace(f'path "{path}"', f'path "nothing/{path}"')
            assert less != whole
            bao.policy(OPERATOR_POLICY, less)
            value = "alice" if by == "--user" else ONCE
            done = command(operator, "revoke", "--at-issuer", by, value, "--yes")
            assert done.returncode == 1, path
            told = done.stderr + done.stdout
            assert OPERATOR_POLICY in told or "may not revoke it" in told, path
            assert bao.lookup_accessor(accessor) is not None
            assert live_leases(bao) != set()
    finally:
        bao.policy(OPERATOR_POLICY, whole)


def test_a_login_of_the_command_s_own_is_dropped(
    server: JupyterServer, bao: OpenBao, operator: JupyterServer
) -> None:
    """By an AppRole whose tokens have the shipped policy and no other: none of them is left."""
    login = bao.approle_login("operator", [OPERATOR_POLICY])
    bao.root.write_data("auth/approle/role/operator", data={"token_no_default_policy": True})
    secret_id = operator.home / "secret-id"
    secret_id.write_text(login["secret_id"])
    issuer = {
        "address": bao.address,
        "auth_method": "approle",
        "role_id": login["role_id"],
        "secret_id_file": str(secret_id),
    }
    file = operator.config_dir / "jupyter_qcred_config.json"
    file.write_text(json.dumps({"VaultIssuer": issuer}))
    before = bao.accessors()
    at_issuer(operator, "--user", "nobody", "--yes")
    assert bao.accessors() <= before


@pytest.mark.parametrize(("why", "code"), [("no token", 1), ("no address", 1), ("away", 3)])
def test_an_operator_who_cannot_log_in_is_told_why(
    operator: JupyterServer, why: str, code: int
) -> None:
    """The reason and the next step, and the code for an issuer that cannot be reached."""
    if why == "no token":
        (operator.home / ".vault-token").unlink()
    elif why == "no address":
        (operator.config_dir / "jupyter_qcred_config.json").write_text("{}")
    words = ("--address", "http://127.0.0.1:9") if why == "away" else ()
    done = command(operator, "revoke", "--at-issuer", "--user", "alice", "--yes", *words)
    assert done.returncode == code, done.stderr
    assert done.stderr.strip().endswith(".")
    option = {"no token": "--token-file FILE", "no address": "--address URL", "away": ""}[why]
    assert option in done.stderr

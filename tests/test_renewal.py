"""Credentials are kept alive while their kernel lives, and the kernel never notices."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest
from support import deployment
from support.deployment import CANARY, CLOUD_POLICY, KEY, LIVE, PROFILES, events
from support.openbao import wait_until

from jupyter_qcred.issue.vault.roles import kernel_role

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.jupyter import JupyterServer, Kernel
    from support.openbao import OpenBao

    MakeServer = Callable[..., JupyterServer]

POLICIES = ["qcred-kernel", "qcred-sources", "test-cloud"]


def with_role(openbao: OpenBao, **role: Any) -> None:
    """Install everything, then give session tokens a life of their own."""
    deployment.provide(openbao)
    body = kernel_role(POLICIES, 86400) | role
    openbao.root.write_data("auth/token/roles/qcred-kernel", data=body)


def short_lived(seconds: int) -> dict[str, Any]:
    source = PROFILES[LIVE]["source"] | {"parameters": {"ttl": f"{seconds}s"}}
    return PROFILES | {LIVE: PROFILES[LIVE] | {"source": source}}


def lease(kernel: Kernel) -> str:
    return kernel.execute("cred.lease_id").text


def test_a_value_that_cannot_be_extended_is_replaced_in_time(
    make_server: MakeServer, fresh_openbao: OpenBao
) -> None:
    """The same handle serves the new value; every value it served was alive at that moment."""
    deployment.provide(fresh_openbao)
    server = make_server(fresh_openbao, profiles=short_lived(6))
    kernel = server.open_notebook("work.ipynb")
    kernel.execute(f"import jupyter_qcred as qcred; cred = qcred.get('{LIVE}')")
    first = lease(kernel)
    twice = len(renewals(server)) + 2
    wait_until("the value was replaced twice", lambda: len(renewals(server)) >= twice, seconds=30)
    assert lease(kernel) != first
    assert all(event["replaced"] for event in renewals(server))
    left = float(kernel.execute("cred.expires_in").text)
    assert 0 < left <= 6
    kernel.delete()
    assert_nothing_is_left(server, fresh_openbao)


def renewals(server: JupyterServer) -> list[dict[str, Any]]:
    return events(server.home, "renewed", credential=LIVE)


def test_the_session_token_is_renewed(make_server: MakeServer, fresh_openbao: OpenBao) -> None:
    """A periodic session token lives on, and the kernel's credentials with it."""
    with_role(fresh_openbao, token_period="4s")
    server = make_server(fresh_openbao)
    kernel = server.open_notebook("work.ipynb")
    kernel.execute(f"import jupyter_qcred as qcred, time; cred = qcred.get('{KEY}')")
    first = lease(kernel)
    later = kernel.execute("time.sleep(9); print(len(cred.reveal()) > 0, cred.expires_in <= 4)")
    assert later.text == "True True\n"
    assert lease(kernel) == first
    assert len(events(server.home, "issued", what="session token")) == 1


def test_past_its_maximum_the_session_goes_on_with_a_new_token(
    make_server: MakeServer, fresh_openbao: OpenBao
) -> None:
    """The issuer extends no further: a new token, new leases, and the old one is revoked."""
    with_role(fresh_openbao, token_explicit_max_ttl="6s")
    server = make_server(fresh_openbao)
    kernel = server.open_notebook("work.ipynb")
    kernel.execute(f"import jupyter_qcred as qcred; cred = qcred.get('{KEY}')")
    wait_until(
        "a second session token",
        lambda: len(events(server.home, "issued", what="session token")) > 1,
        30,
    )
    wait_until("it serves the kernel", lambda: "value hidden" in kernel.execute("cred").text)
    kernel.delete()
    assert_nothing_is_left(server, fresh_openbao)


@pytest.mark.parametrize("which", ["session token", "server token"])
def test_a_token_revoked_by_an_operator_is_replaced_at_the_next_use(
    make_server: MakeServer, fresh_openbao: OpenBao, which: str
) -> None:
    """Somebody revoked it at the issuer: the next request gets new ones."""
    deployment.provide(fresh_openbao)
    server = make_server(fresh_openbao)
    kernel = server.open_notebook("work.ipynb")
    kernel.execute(f"import jupyter_qcred as qcred; qcred.get('{KEY}')")
    accessor = events(server.home, "issued", what=which)[0]["accessor"]
    fresh_openbao.root.write_data("auth/token/revoke-accessor", data={"accessor": accessor})
    renewed = kernel.execute(f"print(qcred.renew('{KEY}'))")
    assert "value hidden" in renewed.text
    assert len(events(server.home, "issued", what=which)) == 2
    kernel.delete()
    assert_nothing_is_left(server, fresh_openbao)


def test_vault_away_at_a_renewal(make_server: MakeServer, fresh_openbao: OpenBao) -> None:
    """What can't be renewed in time is wiped with a clear error, and comes back by itself."""
    deployment.provide(fresh_openbao)
    server = make_server(fresh_openbao, profiles=short_lived(5))
    kernel = server.open_notebook("work.ipynb")
    kernel.execute(f"import jupyter_qcred as qcred; cred = qcred.get('{LIVE}')")
    fresh_openbao.stop()
    wait_until("it has ended", lambda: "ended" in kernel.execute("cred").text, seconds=30)
    refused = kernel.execute("cred.reveal()")
    assert "LeaseExpiredError" in refused.text
    fresh_openbao.start()
    wait_until("it is back", lambda: "left" in kernel.execute("cred").text, seconds=60)


# Asks OpenBao in the kernel whether the value that it was served is alive; shows the answer only.
ALIVE = """
import urllib.error, urllib.request
request = urllib.request.Request({address!r} + "/v1/auth/token/lookup-self")
request.add_header("X-Vault-Token", cred.reveal())
try:
    print("alive", urllib.request.urlopen(request).status)
except urllib.error.HTTPError as error:
    print("dead", error.code)
"""


def test_a_machine_that_sleeps(make_server: MakeServer, fresh_openbao: OpenBao) -> None:
    """Server and kernel stand still until all is dead upstream: the next use gets a live value."""
    deployment.provide(fresh_openbao, period="3s")
    server = make_server(fresh_openbao)
    kernel = server.open_notebook("work.ipynb")
    kernel.execute(f"import jupyter_qcred as qcred; cred = qcred.get('{LIVE}')")
    first = lease(kernel)
    tree = [event["accessor"] for event in events(server.home, "issued") if event["accessor"]]
    sleepers = [server.pid, kernel.pid()]
    for pid in sleepers:
        os.kill(pid, signal.SIGSTOP)
    wait_until(
        "the tree is dead",
        lambda: all(fresh_openbao.lookup_accessor(accessor) is None for accessor in tree),
        20,
    )
    for pid in reversed(sleepers):
        os.kill(pid, signal.SIGCONT)
    assert kernel.execute(ALIVE.format(address=fresh_openbao.address)).text == "alive 200\n"
    assert lease(kernel) != first
    assert len(events(server.home, "issued", what="server token")) == 2
    kernel.delete()
    assert_nothing_is_left(server, fresh_openbao)


def test_vault_restarted_sealed_and_rate_limited(
    make_server: MakeServer, fresh_openbao: OpenBao
) -> None:
    """What it holds, a kernel keeps; what it lacks, it gets; the log has two lines an outage."""
    deployment.provide(fresh_openbao)
    server = make_server(fresh_openbao, profiles=short_lived(20))
    kernel = server.open_notebook("work.ipynb")
    kernel.execute(f"import jupyter_qcred as qcred; cred = qcred.get('{KEY}')")
    first = lease(kernel)
    fresh_openbao.restart()
    fresh_openbao.seal()
    before = len(renewals(server))
    wait_until("the cause is known", lambda: "is sealed or not initialised" in server.log(), 30)
    # Now and then it is the one request that finds out.
    renew = f"qcred.renew('{LIVE}')"
    wait_until("it says when", lambda: "the next try is in" in kernel.execute(renew).text)
    assert "IssuerSealedError" in kernel.execute(renew).text
    fresh_openbao.unseal()
    quota = {"rate": 3, "interval": "1s", "path": "auth/token/"}
    fresh_openbao.root.write_data("sys/quotas/rate-limit/few", data=quota)
    wait_until("it was renewed", lambda: len(renewals(server)) > before, 60)
    assert lease(kernel) == first
    assert kernel.execute("print(len(cred.reveal()) > 0)").text == "True\n"
    lines = [line for line in server.log().splitlines() if "OpenBao at" in line]
    assert len(lines) <= 4, lines
    kernel.delete()
    fresh_openbao.root.delete("sys/quotas/rate-limit/few")
    assert_nothing_is_left(server, fresh_openbao)


def test_vault_that_lost_its_data(make_server: MakeServer, fresh_openbao: OpenBao) -> None:
    """Set up again from scratch: the same handle works at its next use, by new tokens."""
    deployment.provide(fresh_openbao)
    server = make_server(fresh_openbao)
    kernel = server.open_notebook("work.ipynb")
    kernel.execute(f"import jupyter_qcred as qcred; cred = qcred.get('{LIVE}')")
    role_id = settings(server)["VaultIssuer"]["role_id"]
    secret_id = (server.config_dir / "secret-id").read_text()
    fresh_openbao.lose_data()
    deployment.provide(fresh_openbao)
    fresh_openbao.approle_login()
    role = "auth/approle/role/jupyter"
    fresh_openbao.root.write_data(f"{role}/role-id", data={"role_id": role_id})
    fresh_openbao.root.write_data(f"{role}/custom-secret-id", data={"secret_id": secret_id})
    renewed = kernel.execute(f"qcred.renew('{LIVE}')")
    assert "value hidden" in renewed.text
    assert kernel.execute(ALIVE.format(address=fresh_openbao.address)).text == "alive 200\n"
    kernel.delete()
    assert_nothing_is_left(server, fresh_openbao)


def settings(server: JupyterServer) -> dict[str, Any]:
    text = (server.config_dir / "jupyter_qcred_config.json").read_text()
    return dict(json.loads(text))


def test_a_permission_taken_away_mid_session(
    make_server: MakeServer, fresh_openbao: OpenBao
) -> None:
    """Told before the end by %qcred and by one warning; the state stays until it is granted."""
    deployment.provide(fresh_openbao)
    server = make_server(fresh_openbao, profiles=short_lived(12))
    kernel = server.open_notebook("work.ipynb")
    kernel.execute(f"import jupyter_qcred as qcred; cred = qcred.get('{LIVE}')")
    fresh_openbao.policy("test-cloud", 'path "auth/token/lookup-self" { capabilities = ["read"] }')
    wait_until("it is told", lambda: events(server.home, "alert", kind="ending"), 30)
    shown = kernel.execute("%qcred").text
    assert "not_entitled" in shown
    assert "Ask your operator for a policy" in shown
    used = kernel.execute("print(len(cred.reveal()) > 0)").text
    assert "True" in used
    assert "QcredWarning: test-cloud ends in" in used
    assert "QcredWarning" not in kernel.execute("print(len(cred.reveal()) > 0)").text
    wait_until("it has ended", lambda: "ended" in kernel.execute("cred").text, 30)
    assert "NotEntitledError" in kernel.execute("cred.reveal()").text
    fresh_openbao.policy("test-cloud", CLOUD_POLICY)
    assert kernel.execute("print(len(cred.reveal()) > 0)").text.endswith("True\n")
    assert "not_entitled" not in kernel.execute("%qcred").text


def test_where_only_a_person_can_log_in(
    make_server: MakeServer, fresh_openbao: OpenBao, tmp_path: Path
) -> None:
    """The server token is lost and the login with it: the state and the next step are shown."""
    deployment.provide(fresh_openbao)
    server = make_server(fresh_openbao, start=False)
    file = tmp_path / "vault-token"
    login = fresh_openbao.login_token()
    file.write_text(login)
    changed = settings(server)
    changed["VaultIssuer"] = {
        "address": fresh_openbao.address, "auth_method": "token_file", "token_file": str(file),
    }  # fmt: skip
    (server.config_dir / "jupyter_qcred_config.json").write_text(json.dumps(changed))
    server.start()
    kernel = server.open_notebook("work.ipynb")
    kernel.execute(f"import jupyter_qcred as qcred; cred = qcred.get('{KEY}')")
    (token,) = events(server.home, "issued", what="server token")
    fresh_openbao.root.auth.token.revoke(login)
    fresh_openbao.root.auth.token.revoke_accessor(token["accessor"])
    assert "NeedsLoginError" in kernel.execute(f"qcred.renew('{KEY}')").text
    shown = kernel.execute("print(qcred.status())").text
    assert "needs_login" in shown
    assert "bao login" in shown
    file.write_text(fresh_openbao.login_token())
    wait_until(
        "it works again", lambda: "True" in kernel.execute("print(len(cred.reveal()) > 0)").text
    )
    wait_until(
        "all is well", lambda: "needs_login" not in kernel.execute("print(qcred.status())").text
    )
    assert CANARY not in server.log()


def assert_nothing_is_left(server: JupyterServer, openbao: OpenBao) -> None:
    issued = {event["accessor"] for event in events(server.home, "issued", what="session token")}
    wait_until("all session tokens are dead", lambda: not issued & openbao.accessors())

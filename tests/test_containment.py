"""What a user's groups allow does not reach that user's kernels."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from support.deployment import events

from jupyter_qcred.issue.vault.roles import server_role

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.jupyter import JupyterServer
    from support.openbao import OpenBao

PROFILES = {name: {"vendor": "test-cloud", "source": f"kv2:qcred/{name}", "deliver": "use"}
            for name in ("alice", "bob")}  # fmt: skip


def alices_server(openbao: OpenBao, make_server: Callable[..., JupyterServer]) -> JupyterServer:
    """Alice may read everybody's keys by her group; her kernels are meant to read hers alone."""
    for name in PROFILES:
        openbao.put(name, token=f"the key of {name}, which is long")
    openbao.policy("wide", 'path "qcred/data/*" { capabilities = ["read"] }')
    openbao.policy("alice-only", 'path "qcred/data/alice" { capabilities = ["read"] }')
    openbao.install_qcred(kernel_policies=["qcred-kernel", "alice-only"])
    user = openbao.add_userpass("alice")
    login = openbao.client().auth.userpass.login("alice", user["password"], use_token=False)
    members = {"member_entity_ids": [login["auth"]["entity_id"]]}
    openbao.root.write_data("identity/group", data={"name": "t", "policies": ["wide"], **members})
    server = make_server(openbao, profiles=PROFILES, start=False)
    password = server.config_dir / "password"
    password.touch(mode=0o600)
    password.write_text(user["password"])
    file = server.config_dir / "jupyter_qcred_config.json"
    settings: dict[str, Any] = json.loads(file.read_text())
    settings["VaultIssuer"] = {
        "address": openbao.address,
        "auth_method": "userpass",
        "username": "alice",
        "password_file": str(password),
    }
    file.write_text(json.dumps(settings))
    return server


def get(name: str) -> str:
    return f"import jupyter_qcred as qcred; print(qcred.get('{name}'))"


def test_an_orphan_role_contains_a_user_with_wide_groups(
    make_server: Callable[..., JupyterServer], fresh_openbao: OpenBao
) -> None:
    """Her own key comes, her colleague's doesn't, and the audit says narrowed."""
    server = alices_server(fresh_openbao, make_server).start()
    kernel = server.open_notebook("work.ipynb")
    assert "value hidden" in kernel.execute(get("alice")).text
    refused = kernel.execute(get("bob")).text
    assert "NotEntitledError" in refused
    (session,) = events(server.home, "issued", what="session token")
    assert session["narrowed"] is True
    assert events(server.home, "denied", credential="bob", reason="not_entitled")


def test_without_it_the_audit_says_not_narrowed(
    make_server: Callable[..., JupyterServer], fresh_openbao: OpenBao
) -> None:
    """Nobody is led to believe that the session was limited: record and log say it was not."""
    server = alices_server(fresh_openbao, make_server)
    role = server_role(600) | {"orphan": False}
    fresh_openbao.root.write_data("auth/token/roles/qcred-server", data=role)
    server.start()
    kernel = server.open_notebook("work.ipynb")
    assert "value hidden" in kernel.execute(get("alice")).text
    (session,) = events(server.home, "issued", what="session token")
    assert session["narrowed"] is False
    assert "wide" in session["policies"]
    assert "orphan=true" in server.log()

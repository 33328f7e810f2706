"""Where an operator grants no token roles: everything hangs on the login token itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import hvac
import pytest
from support.deployment import events
from support.openbao import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.jupyter import JupyterServer
    from support.openbao import OpenBao

NAME = "certificate"
PROFILES = {
    NAME: {
        "vendor": "test-cloud",
        "source": {
            "kind": "dynamic",
            "path": "pki/issue/kernel",
            "parameters": {"common_name": "kernel.example.com", "ttl": "10m"},
        },
        "main": "private_key",
        "public": ["certificate", "issuing_ca", "serial_number", "private_key_type"],
    }
}
READ = 'path "pki/issue/kernel" { capabilities = ["update"] }\n'
REVOKE = 'path "sys/leases/revoke" { capabilities = ["update"] }\n'


def server_without_roles(
    openbao: OpenBao, make_server: Callable[..., JupyterServer], policy: str
) -> JupyterServer:
    """A certificate authority as the dynamic engine, and a login that may use it and no more."""
    root = openbao.root
    root.sys.enable_secrets_engine("pki")
    root.write_data("pki/root/generate/internal", data={"common_name": "example.com"})
    role = {"allow_any_name": True, "generate_lease": True, "max_ttl": "1h"}
    root.write_data("pki/roles/kernel", data=role)
    for token_role in ("qcred-server", "qcred-kernel"):
        root.delete(f"auth/token/roles/{token_role}")
    server = make_server(openbao, profiles=PROFILES, start=False)
    openbao.policy("direct", policy)
    token = server.config_dir / "token"
    token.touch(mode=0o600)
    token.write_text(openbao.login_token(policies=["direct", "default"]))
    file = server.config_dir / "jupyter_qcred_config.json"
    settings: dict[str, Any] = json.loads(file.read_text())
    settings["VaultIssuer"] = {
        "address": openbao.address,
        "auth_method": "token_file",
        "token_file": str(token),
    }
    file.write_text(json.dumps(settings))
    return server.start()


@pytest.mark.parametrize(
    ("policy", "outcome"), [(READ + REVOKE, "confirmed"), (READ, "unsupported")]
)
def test_each_lease_is_revoked_by_itself_where_that_is_granted(
    make_server: Callable[..., JupyterServer], fresh_openbao: OpenBao, policy: str, outcome: str
) -> None:
    """The login token is the user's and lives on; the audit says what became of the lease."""
    server = server_without_roles(fresh_openbao, make_server, policy)
    kernel = server.open_notebook("work.ipynb")
    got = kernel.execute(f"import jupyter_qcred as qcred; qcred.get('{NAME}').public")
    assert "serial_number" in got.text
    (session,) = events(server.home, "issued", what="session token")
    assert session["narrowed"] is None
    assert leases(fresh_openbao) == 1
    kernel.delete()
    wait_until("the end is on record", lambda: events(server.home, "revoked", credential=NAME))
    (lease,) = events(server.home, "revoked", credential=NAME)
    assert lease["outcome"] == outcome
    assert leases(fresh_openbao) == (0 if outcome == "confirmed" else 1)
    (ended,) = events(server.home, "revoked", what="session token")
    assert ended["outcome"] == "unsupported"
    assert fresh_openbao.lookup_accessor(session["accessor"]) is not None


def leases(openbao: OpenBao) -> int:
    try:
        listed = openbao.root.adapter.list("/v1/sys/leases/lookup/pki/issue/kernel/")
    except hvac.exceptions.InvalidPath:
        return 0
    return len(listed["data"]["keys"])

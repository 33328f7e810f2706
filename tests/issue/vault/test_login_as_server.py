"""Where no token role is named, the login itself is the server token, and keeps its identity."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from jupyter_qcred.core.errors import ConfigError, NotEntitledError
from jupyter_qcred.core.lease import Outcome
from jupyter_qcred.issue.profile import Profile, Source, SourceKind

if TYPE_CHECKING:
    from support.openbao import OpenBao

OWN = """path "qcred/data/users/{{identity.entity.aliases.%s.metadata.role_name}}/*" {
  capabilities = ["read"]
}"""


def kv(name: str) -> Profile:
    return Profile("ibm-quantum", "ibm", Source(SourceKind.KV2, f"qcred/{name}", "qcred"))


def approle(openbao: OpenBao, name: str, **role: object) -> dict[str, str]:
    """Make an AppRole whose login can be the server token."""
    login = openbao.approle_login(name)
    data = {
        "token_policies": ["qcred-server"], "token_no_default_policy": True,
        "token_ttl": 0, "token_period": "10m", **role,
    }  # fmt: skip
    openbao.root.write_data(f"auth/{login['auth_mount']}/role/{name}", data=data)
    return {"auth_method": "approle", "server_role": "", **login}


def test_the_login_is_the_server_token(openbao, make_issuer, launch):
    """It is the only token, it can be renewed, and its end is the end of all sessions."""
    before = openbao.accessors()
    issuer = make_issuer(openbao, **approle(openbao, "alice"))
    server = issuer.open_server()
    assert openbao.accessors() - before == {server.accessor}
    facts = openbao.lookup_accessor(server.accessor)
    assert facts["orphan"] is True
    assert facts["policies"] == ["qcred-server"] == list(server.policies)
    assert 590 < issuer.renew_token(server) <= 600
    session = issuer.open_session(server, launch)
    assert openbao.lookup_accessor(session.accessor)["entity_id"] == facts["entity_id"] != ""
    assert issuer.revoke_token(server) is Outcome.CONFIRMED
    assert openbao.accessors() == before


def test_policies_can_be_templated_by_the_identity(openbao, make_issuer, launch):
    """One policy for all users: each reads what is theirs, and nothing of anybody else."""
    openbao.enable_auth("approle")
    mount = openbao.root.read("sys/auth/approle")["data"]["accessor"]
    openbao.policy("own", OWN % mount)
    openbao.install_qcred(kernel_policies=["qcred-kernel", "own"])
    for user in ("alice", "bob"):
        openbao.put(f"users/{user}/ibm", value=f"the key of {user}")
    for user, other in (("alice", "bob"), ("bob", "alice")):
        issuer = make_issuer(openbao, **approle(openbao, user))
        session = issuer.open_session(issuer.open_server(), launch)
        issued = issuer.issue(session, kv(f"users/{user}/ibm"))
        assert issued.values[issued.main].reveal() == f"the key of {user}"
        assert session.narrowed is True
        with pytest.raises(NotEntitledError):
            issuer.issue(session, kv(f"users/{other}/ibm"))


def test_a_login_that_cannot_be_the_server_token_is_refused(openbao, make_issuer):
    """A batch token has no children, and nobody can revoke it."""
    role = {"token_type": "batch", "token_period": 0, "token_ttl": "10m"}
    issuer = make_issuer(openbao, **approle(openbao, "batch", **role))
    with pytest.raises(ConfigError, match="token_type=service"):
        issuer.open_server()


def test_a_given_token_is_not_taken_for_the_server_token(openbao, make_issuer):
    """It is the user's: the end of a server must not end it."""
    given = openbao.login_token(["qcred-server"])
    issuer = make_issuer(openbao, auth_method="token", token=given, server_role="")
    with pytest.raises(ConfigError, match="set server_role"):
        issuer.open_server()
    assert openbao.client(given).lookup_token()["data"]["ttl"] > 0


def test_a_login_that_lives_long_is_warned_about(openbao, make_issuer, caplog):
    """Without a period a killed server's tokens would live for weeks."""
    issuer = make_issuer(openbao, **approle(openbao, "long", token_period=0))
    with caplog.at_level(logging.WARNING):
        issuer.open_server()
    assert "Set token_period" in caplog.text

"""The shipped policies and roles: enough for a whole life, and not a right too many."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from jupyter_qcred.core.errors import LeaseExpiredError, NotEntitledError, QcredError
from jupyter_qcred.core.lease import Outcome
from jupyter_qcred.issue.profile import Profile, Source, SourceKind
from jupyter_qcred.issue.vault import roles
from jupyter_qcred.issue.vault.issuer import VaultIssuer

if TYPE_CHECKING:
    from support.openbao import OpenBao

STORED = Profile("ibm", "ibm", Source(SourceKind.KV2, "qcred/ibm", "qcred"))
OTP = Profile(
    "otp", "x", Source(SourceKind.DYNAMIC, "otp/creds/one", parameters={"ip": "10.0.0.1"}), "key"
)

STANZA = re.compile(r'path "([^"]+)" \{[^}]*\}\n')


@pytest.fixture(scope="module")
def bao(openbao):
    """Everything an operator sets up: roles, policies, engines, and the sweep."""
    openbao.install_qcred(
        sweep=True, kernel_policies=[roles.KERNEL_ROLE, roles.SOURCES_POLICY, "otp"]
    )
    openbao.put("ibm", token="key")
    openbao.root.sys.enable_secrets_engine("ssh", path="otp")
    otp = {"key_type": "otp", "default_user": "u", "cidr_list": "10.0.0.0/8"}
    openbao.root.write_data("otp/roles/one", data=otp)
    openbao.policy("otp", 'path "otp/creds/one" { capabilities = ["update"] }')
    mount = openbao.enable_auth("approle")
    # No default policy anywhere: what is needed stands in ours.
    role = {"token_policies": [roles.USER_POLICY], "token_no_default_policy": True}
    openbao.root.write_data(f"auth/{mount}/role/bare", data=role)
    return openbao


def settings_of_login(bao: OpenBao) -> dict[str, str]:
    path = "auth/approle/role/bare"
    role_id = bao.root.read(f"{path}/role-id")["data"]["role_id"]
    secret_id = bao.root.write_data(f"{path}/secret-id", data={})["data"]["secret_id"]
    return {"auth_method": "approle", "role_id": role_id, "secret_id": secret_id}


def live(bao: OpenBao, launch) -> None:
    """Do once whatever an issuer ever does."""
    issuer = VaultIssuer(address=bao.address, **settings_of_login(bao))
    body = {"policies": [roles.USER_POLICY], "no_default_policy": True}
    given = bao.root.write_data("auth/token/create-orphan", data=body)["auth"]["client_token"]
    by_token = VaultIssuer(address=bao.address, auth_method="token", token=given)
    try:
        server, left_behind = issuer.open_server(), by_token.open_server()
        issuer.renew_token(server)
        session = issuer.open_session(server, launch)
        other = issuer.open_session(server, launch)
        issuer.renew_token(session)
        issuer.issue(session, STORED)
        one, two = (issuer.issue(token, OTP).upstream_lease for token in (session, other))
        with pytest.raises(LeaseExpiredError):  # one-time passwords cannot be renewed; allowed
            issuer.renew_lease(session, one)
        issuer.revoke_lease(session, one)
        issuer.revoke_token(session)
        issuer.revoke_token(other)
        issuer.revoke_lease(server, two)
        issuer.revoke_accessor(server, left_behind.accessor)
        issuer.revoke_token(server)
        with bao.identity_passed_on():  # what it adds is looked up
            server = issuer.open_server()
            issuer.open_session(server, launch)
            issuer.revoke_token(server)
    finally:
        issuer.close()
        by_token.close()


def refusals(bao: OpenBao, since: int) -> list[str]:
    """Return the paths that OpenBao refused, by its own audit log."""
    lines = [json.loads(line) for line in bao.audit_text().splitlines()[since:]]
    return [
        line["request"]["path"]
        for line in lines
        if line["type"] == "response" and "permission denied" in line.get("error", "")
    ]


def test_the_shipped_policies_suffice(bao, launch):
    """A whole life, without the default policy, and OpenBao refuses nothing."""
    since = len(bao.audit_text().splitlines())
    live(bao, launch)
    assert refusals(bao, since) == []


RIGHTS = [
    (name, path) for name in roles.POLICIES for path in STANZA.findall(roles.policy_text(name))
]


@pytest.mark.parametrize(("name", "path"), RIGHTS, ids=lambda value: value)
def test_each_right_is_needed(bao, launch, name, path):
    """Take any one away, and OpenBao refuses something in that life."""
    whole = roles.policy_text(name)
    less = STANZA.sub(lambda stanza: "" if stanza[1] == path else stanza[0], whole)
    assert less != whole
    since = len(bao.audit_text().splitlines())
    bao.policy(name, less)
    try:
        live(bao, launch)
    except (QcredError, pytest.fail.Exception):
        pass
    finally:
        bao.policy(name, whole)
    assert refusals(bao, since)


def test_no_token_can_do_more_than_its_place_in_the_tree(bao, make_issuer, launch):
    """A login reads nothing, a server token reads nothing, a session makes no tokens."""
    issuer = make_issuer(bao, **settings_of_login(bao))
    server = issuer.open_server()
    session = issuer.open_session(server, launch)
    with pytest.raises(NotEntitledError):
        issuer.issue(server, STORED)
    with pytest.raises(NotEntitledError):
        issuer.open_session(session, launch)
    assert issuer.revoke_accessor(session, server.accessor) is Outcome.UNSUPPORTED
    for token in (server, session):
        for path in ("sys/policies/acl/root", "auth/token/accessors", "qcred/metadata"):
            client = bao.client(token.token.reveal())
            with pytest.raises(Exception, match="permission denied"):
                client.list(path)
            client.adapter.close()


def test_without_the_sweep_the_server_token_cannot_revoke_others(
    fresh_openbao, make_issuer, launch
):
    """revoke-accessor could end anybody's token: it is granted knowingly or not at all."""
    issuer = make_issuer(fresh_openbao)
    server = issuer.open_server()
    session = issuer.open_session(server, launch)
    assert issuer.revoke_accessor(server, session.accessor) is Outcome.UNSUPPORTED
    assert fresh_openbao.lookup_accessor(session.accessor)


def test_a_policy_that_is_not_shipped_is_refused():
    """No path of the machine can be read through the name."""
    for name in ("nope", "../../../etc/passwd", ""):
        with pytest.raises(ValueError, match="qcred-server"):
            roles.policy_text(name)


def test_the_roles_say_what_the_tree_needs():
    """Orphan and periodic above, bounded and no orphan below; never the default policy."""
    server = roles.server_role(120, sweep=True)
    assert server["orphan"] is True
    assert server["token_period"] == 120
    assert server["allowed_policies"] == ["qcred-server", "qcred-sweep"]
    kernel = roles.kernel_role(["qcred-kernel", "mine"], 3600)
    assert kernel["orphan"] is False
    assert kernel["token_explicit_max_ttl"] == 3600
    assert kernel["allowed_policies"] == ["qcred-kernel", "mine"]
    assert server["token_no_default_policy"] is kernel["token_no_default_policy"] is True

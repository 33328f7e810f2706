"""Each identity can do its own work and nothing else."""

from __future__ import annotations

import pytest

from jupyter_qcred.core.errors import LeaseExpiredError, NotEntitledError, NotStoredError
from jupyter_qcred.core.lease import Outcome
from jupyter_qcred.core.secret import Secret
from jupyter_qcred.issue.builtin import builtin_profiles
from jupyter_qcred.issue.embedded.client import BadRequestError, Client
from jupyter_qcred.issue.embedded.openbao import EmbeddedOpenBao
from jupyter_qcred.issue.embedded.plan import JUPYTER, KEEPER, PUT
from jupyter_qcred.issue.issuer import SessionRequest
from jupyter_qcred.issue.vault.issuer import VaultIssuer


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One instance for all tests of this module, with a key stored."""
    embedded = EmbeddedOpenBao(directory=str(tmp_path_factory.mktemp("e") / "o"), linger=0.0)
    with embedded.hold() as hold:
        embedded.put("ibm-quantum", {"value": Secret("the-key")})
        yield embedded, hold


@pytest.fixture
def logged_in(shared):
    """Log in as an identity."""
    embedded, hold = shared

    def log_in(identity):
        client = Client(hold.address)
        client.login(identity, Secret(embedded.layout.secret_id(identity).read_text()))
        return client

    return log_in


ADMIN = [
    ("POST", "sys/policies/acl/mine", {"policy": 'path "*" { capabilities = ["read"] }'}),
    ("LIST", "auth/token/accessors", None),
    ("POST", "sys/seal", {}),
    ("POST", "auth/token/create", {}),
    ("GET", "sys/mounts", None),
    ("POST", "auth/approle/role/qcred-put/secret-id", {}),
    ("POST", "sys/rotate/root/init", {}),
]


@pytest.mark.parametrize(("method", "path", "body"), ADMIN)
@pytest.mark.parametrize("identity", [JUPYTER, PUT, KEEPER])
def test_no_identity_administers_openbao(logged_in, identity, method, path, body):
    """Policies, other tokens, secret ids, seal and root are out of reach of all three."""
    with pytest.raises(NotEntitledError):
        logged_in(identity).request(method, path, body)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "qcred/data/ibm-quantum", None),
        ("POST", "qcred/data/ibm-quantum", {"data": {"value": "x"}}),
        ("LIST", "qcred/metadata", None),
        ("DELETE", "qcred/metadata/ibm-quantum", None),
        ("POST", "auth/token/create/qcred-kernel", {}),
    ],
)
def test_a_jupyter_servers_login_neither_reads_nor_writes_keys(logged_in, method, path, body):
    """All it can do is to open a server token."""
    with pytest.raises(NotEntitledError):
        logged_in(JUPYTER).request(method, path, body)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "qcred/data/ibm-quantum", None),
        ("GET", "qcred/metadata/ibm-quantum", None),
        ("POST", "auth/token/create/qcred-server", {}),
        ("POST", "auth/token/create/qcred-kernel", {}),
        ("POST", "qcred/config", {"max_versions": 9}),
    ],
)
def test_the_put_login_reads_no_key_and_opens_no_session(logged_in, method, path, body):
    """It stores, lists and deletes; what is stored does not come back out through it."""
    with pytest.raises(NotEntitledError):
        logged_in(PUT).request(method, path, body)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "qcred/data/ibm-quantum", None),
        ("LIST", "qcred/metadata", None),
        ("POST", "auth/token/create/qcred-server", {}),
    ],
)
def test_the_keeper_itself_reads_no_key(logged_in, method, path, body):
    """It updates policies and roles; using them is not its work."""
    with pytest.raises(NotEntitledError):
        logged_in(KEEPER).request(method, path, body)


def test_a_wrong_secret_id_is_refused(shared):
    """The role id alone is no credential."""
    with pytest.raises(NotEntitledError):
        Client(shared[1].address).login(JUPYTER, Secret("wrong"))


def test_the_issuer_reads_a_stored_key_through_a_session_of_its_own(shared):
    """From hold() to the vendor key, by the issuer that also serves a company's Vault."""
    embedded, hold = shared
    issuer = VaultIssuer(
        address=hold.address,
        auth_method="approle",
        role_id=hold.role_id,
        secret_id_file=hold.secret_id_file,
    )
    try:
        server = issuer.open_server()
        assert 0 <= embedded.server_token_period - server.ttl < 30
        assert set(server.policies) == {"qcred-server", "qcred-sweep"}
        session = issuer.open_session(server, SessionRequest("i1", "ada", "s1", "k1"))
        assert session.narrowed is True
        issued = issuer.issue(session, builtin_profiles()["ibm-quantum"])
        assert issued.values[issued.main] == Secret("the-key")
        with pytest.raises(NotStoredError):
            issuer.issue(session, builtin_profiles()["ionq"])
        assert issuer.revoke_accessor(server, session.accessor) is Outcome.CONFIRMED
        with pytest.raises(LeaseExpiredError):
            issuer.issue(session, builtin_profiles()["ibm-quantum"])
    finally:
        issuer.close()


def test_a_replaced_key_leaves_no_older_version(shared, logged_in):
    """One version is kept: the value that was replaced can't be asked for."""
    embedded, hold = shared
    embedded.put("ionq", {"value": Secret("old")})
    embedded.put("ionq", {"value": Secret("new")})
    server = logged_in(JUPYTER).request("POST", "auth/token/create/qcred-server", {})
    reader = Client(hold.address)
    reader._token = Secret(server["auth"]["client_token"])
    session = reader.request("POST", "auth/token/create/qcred-kernel", {})
    reader._token = Secret(session["auth"]["client_token"])
    assert reader.request("GET", "qcred/data/ionq")["data"]["data"] == {"value": "new"}
    assert reader.request("GET", "qcred/data/ionq?version=1") == {}


def test_a_request_that_makes_no_sense_is_said_to_be_so(logged_in):
    """A 400 is ours to mend, and a retry would change nothing."""
    with pytest.raises(BadRequestError):
        logged_in(PUT).request("POST", "qcred/data/ionq", {"nonsense": 1})

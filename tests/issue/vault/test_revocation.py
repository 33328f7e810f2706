"""Ending tokens and leases: what an answer proves, seen in a real database."""

from __future__ import annotations

import pytest
from support.openbao import wait_until

from jupyter_qcred.core.errors import (
    IssuerSealedError,
    IssuerUnreachableError,
    LeaseExpiredError,
    NotEntitledError,
)
from jupyter_qcred.core.lease import Accessor, Outcome
from jupyter_qcred.issue.profile import Profile, Source, SourceKind

DATABASE = Profile(
    "db",
    "postgres",
    Source(SourceKind.DYNAMIC, "database/creds/quantum"),
    public=frozenset({"username"}),
)

CREATE = "create role \"{{name}}\" login password '{{password}}' valid until '{{expiration}}'"


@pytest.fixture(scope="module")
def database(openbao, postgres):
    """OpenBao's database engine on a real PostgreSQL; sessions may read from it."""
    openbao.root.sys.enable_secrets_engine("database")
    connection = {
        "plugin_name": "postgresql-database-plugin",
        "connection_url": postgres.connection_url,
        "allowed_roles": ["*"],
        "username": "root",
        "password": postgres.password,
    }
    openbao.root.write_data("database/config/postgres", data=connection)
    role = {"db_name": "postgres", "creation_statements": [CREATE], "default_ttl": "5m",
            "max_ttl": "10m"}  # fmt: skip
    openbao.root.write_data("database/roles/quantum", data=role)
    openbao.policy("db", 'path "database/creds/quantum" { capabilities = ["read"] }')
    openbao.install_qcred(kernel_policies=["qcred-kernel", "db"], sweep=True)
    return openbao


@pytest.fixture
def issuer(database, make_issuer):
    """An issuer that reads from the database engine."""
    return make_issuer(database)


@pytest.fixture
def server(issuer):
    """Its server token."""
    return issuer.open_server()


@pytest.fixture
def session(issuer, server, launch):
    """A session below it."""
    return issuer.open_session(server, launch)


def works(postgres, credential) -> bool:
    password = credential.values["password"].reveal()
    return postgres.query("select 1", credential.public["username"], password) == "1"


def test_a_database_login_lives_and_ends_with_its_lease(issuer, session, postgres):
    """It works until it is revoked; afterwards the database does not know it."""
    credential = issuer.issue(session, DATABASE)
    assert (credential.main, credential.ttl) == ("password", 300)
    assert (credential.renewable, credential.revocable) == (True, True)
    assert works(postgres, credential)
    assert issuer.revoke_lease(session, credential.upstream_lease) is Outcome.CONFIRMED
    assert not works(postgres, credential)


def test_a_lease_can_be_revoked_twice(issuer, session):
    """Shutdown and sweep may both try."""
    lease = issuer.issue(session, DATABASE).upstream_lease
    outcomes = [issuer.revoke_lease(session, lease) for _ in range(2)]
    assert outcomes == [Outcome.CONFIRMED, Outcome.CONFIRMED]


def test_the_end_of_a_session_ends_its_leases(issuer, session, postgres):
    """revoke-self queues the end of the leases; Vault carries it out at once."""
    credentials = [issuer.issue(session, DATABASE) for _ in range(3)]
    assert issuer.revoke_token(session) is Outcome.CONFIRMED
    wait_until("the logins are gone", lambda: not any(works(postgres, c) for c in credentials))


def test_the_server_token_makes_sure_of_a_dead_sessions_lease(issuer, server, session, postgres):
    """The session's own token is gone; the server's may confirm the end of its leases."""
    credential = issuer.issue(session, DATABASE)
    issuer.revoke_token(session)
    with pytest.raises(LeaseExpiredError):
        issuer.revoke_lease(session, credential.upstream_lease)
    assert issuer.revoke_lease(server, credential.upstream_lease) is Outcome.CONFIRMED
    assert not works(postgres, credential)


def test_a_lease_that_the_engine_cannot_end_is_not_called_revoked(
    issuer, server, session, postgres, database
):
    """With the database down the token dies, the lease does not: FAILED, until it is proved."""
    credential = issuer.issue(session, DATABASE)
    lease = credential.upstream_lease
    postgres.stop()
    try:
        assert issuer.revoke_lease(session, lease) is Outcome.FAILED
        assert issuer.revoke_token(session) is Outcome.CONFIRMED
        assert issuer.revoke_lease(server, lease) is Outcome.FAILED
        assert database.root.write_data("sys/leases/lookup", data={"lease_id": lease})
    finally:
        postgres.start()
    # OpenBao's connections to the database are dead at first.
    wait_until(
        "the lease is ended", lambda: issuer.revoke_lease(server, lease) is Outcome.CONFIRMED
    )
    assert not works(postgres, credential)


def test_a_lease_can_be_renewed_up_to_its_maximum(issuer, session):
    """The engine's own TTL again."""
    lease = issuer.issue(session, DATABASE).upstream_lease
    assert issuer.renew_lease(session, lease) == 300


def test_a_lease_that_is_gone_or_cannot_be_renewed_is_issued_anew(issuer, session, database):
    """LeaseExpiredError either way: the caller issues again."""
    lease = issuer.issue(session, DATABASE).upstream_lease
    issuer.revoke_lease(session, lease)
    with pytest.raises(LeaseExpiredError):
        issuer.renew_lease(session, lease)
    database.root.sys.enable_secrets_engine("ssh", path="otp")
    otp = {"key_type": "otp", "default_user": "u", "cidr_list": "10.0.0.0/8"}
    database.root.write_data("otp/roles/one", data=otp)
    fixed = database.root.write_data("otp/creds/one", data={"ip": "10.0.0.1"})["lease_id"]
    with pytest.raises(LeaseExpiredError):
        issuer.renew_lease(session, fixed)


def test_a_token_can_be_revoked_twice(issuer, session):
    """A dead token shows as 403; a look-up tells that it is dead, and so the work is done."""
    assert issuer.revoke_token(session) is Outcome.CONFIRMED
    assert issuer.revoke_token(session) is Outcome.CONFIRMED


def test_a_token_that_may_not_revoke_itself_is_no_success(fresh_openbao, make_issuer, launch):
    """403 with a live token: UNSUPPORTED, and the token lives."""
    fresh_openbao.install_qcred(kernel_policies=["qcred-sources"])
    issuer = make_issuer(fresh_openbao)
    session = issuer.open_session(issuer.open_server(), launch)
    assert issuer.revoke_token(session) is Outcome.UNSUPPORTED
    assert fresh_openbao.lookup_accessor(session.accessor)


def test_leases_that_may_not_be_revoked_are_unsupported(fresh_openbao, make_issuer, launch):
    """Lease-only by a login without the right: said as it is."""
    given = fresh_openbao.login_token(policies=["qcred-sources"])
    issuer = make_issuer(fresh_openbao, auth_method="token", token=given)
    session = issuer.open_session(issuer.open_server(), launch)
    assert issuer.revoke_lease(session, "otp/creds/one/abc") is Outcome.UNSUPPORTED


def test_the_sweep_revokes_by_accessor_where_granted(issuer, server, session, database, launch):
    """A live one dies; dead and unknown ones are done already."""
    other = issuer.open_session(issuer.open_server(), launch)
    assert issuer.revoke_accessor(server, other.accessor) is Outcome.CONFIRMED
    assert database.lookup_accessor(other.accessor) is None
    assert issuer.revoke_accessor(server, other.accessor) is Outcome.CONFIRMED
    assert issuer.revoke_accessor(server, Accessor("never-was")) is Outcome.CONFIRMED
    assert database.lookup_accessor(session.accessor)


def test_the_sweep_is_unsupported_where_not_granted(issuer, session, server, database):
    """A session may not end its parent."""
    assert issuer.revoke_accessor(session, server.accessor) is Outcome.UNSUPPORTED
    assert database.lookup_accessor(server.accessor)


def test_the_sweep_by_a_dead_token_decides_nothing(issuer, server, session, database, launch):
    """Else a token that lives would be taken for revoked."""
    other = issuer.open_session(issuer.open_server(), launch)
    issuer.revoke_token(server)
    with pytest.raises(LeaseExpiredError):
        issuer.revoke_accessor(server, other.accessor)
    assert database.lookup_accessor(other.accessor)


@pytest.mark.parametrize("fault", ["stopped", "sealed"])
def test_a_revocation_that_does_not_arrive_is_still_owed(fresh_openbao, make_issuer, launch, fault):
    """No outcome at all: an error that may be retried, and the retry succeeds."""
    issuer = make_issuer(fresh_openbao)
    server = issuer.open_server()
    session = issuer.open_session(server, launch)
    fresh_openbao.seal() if fault == "sealed" else fresh_openbao.stop()
    expected = IssuerSealedError if fault == "sealed" else IssuerUnreachableError
    for attempt in (
        lambda: issuer.revoke_token(session),
        lambda: issuer.revoke_lease(session, "a/b/c"),
        lambda: issuer.revoke_accessor(server, session.accessor),
    ):
        with pytest.raises(expected) as caught:
            attempt()
        assert caught.value.retryable is True
    fresh_openbao.unseal() if fault == "sealed" else fresh_openbao.start()
    assert issuer.revoke_token(session) is Outcome.CONFIRMED
    assert fresh_openbao.lookup_accessor(session.accessor) is None


def test_a_token_can_be_renewed_until_the_roles_maximum(fresh_openbao, make_issuer, launch):
    """The maximum on the role holds at each renewal; past it only a new issue helps."""
    fresh_openbao.install_qcred(max_ttl="3s")
    issuer = make_issuer(fresh_openbao)
    session = issuer.open_session(issuer.open_server(), launch)
    assert 0 < issuer.renew_token(session) <= 3

    def renewal_is_refused() -> bool:
        try:
            issuer.renew_token(session)
        except LeaseExpiredError as error:
            return "restart the kernel" in error.next_step
        return False

    wait_until("the maximum is used up", renewal_is_refused, 10)
    wait_until("it is dead", lambda: fresh_openbao.lookup_accessor(session.accessor) is None, 10)


def test_a_token_that_may_not_renew_itself_is_an_operators_matter(
    fresh_openbao, make_issuer, launch
):
    """NotEntitledError with the right to add."""
    fresh_openbao.install_qcred(kernel_policies=["qcred-sources"])
    issuer = make_issuer(fresh_openbao)
    session = issuer.open_session(issuer.open_server(), launch)
    with pytest.raises(NotEntitledError, match="auth/token/renew-self"):
        issuer.renew_token(session)

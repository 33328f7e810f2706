"""The token tree on a real OpenBao: who dies with whom, and who may do what."""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.leaks import assert_shows_nothing_of
from support.loopback import Relay, Scripted
from support.openbao import OpenBao, wait_until

from jupyter_qcred.core.errors import (
    ConfigError,
    IssuerError,
    IssuerSealedError,
    IssuerUnreachableError,
    LeaseExpiredError,
    NotEntitledError,
    NotStoredError,
)
from jupyter_qcred.core.lease import Accessor, Outcome
from jupyter_qcred.core.secret import Secret
from jupyter_qcred.issue.issuer import IssuedToken, ServerRequest, SessionRequest
from jupyter_qcred.issue.profile import Profile, Source, SourceKind
from jupyter_qcred.issue.vault import roles


def kv(name: str) -> Profile:
    return Profile(name, "ibm", Source(SourceKind.KV2, f"qcred/{name}", "qcred"))


def write_server_role(server: OpenBao, **changes: object) -> None:
    body = {**roles.server_role(600), **changes}
    server.root.write_data("auth/token/roles/qcred-server", data=body)


def test_login_ends_with_an_orphan_and_drops_the_login_token(openbao, make_issuer):
    """After an AppRole login only the server token is left, and it belongs to nobody's entity."""
    before = openbao.accessors()
    approle = openbao.approle_login()
    issuer = make_issuer(openbao, auth_method="approle", **approle)
    server = issuer.open_server()
    assert openbao.accessors() - before == {server.accessor}
    facts = openbao.lookup_accessor(server.accessor)
    assert facts["orphan"] is True
    assert facts["entity_id"] == ""
    assert facts["policies"] == ["qcred-server"] == list(server.policies)
    assert server.narrowed is True
    assert server.own is True
    assert server.renewable is True
    assert 590 < server.ttl <= 600


def test_a_token_given_by_the_user_is_never_revoked(openbao, make_issuer):
    """It is the user's: other programs may hang on it."""
    given = openbao.login_token()
    issuer = make_issuer(openbao, auth_method="token", token=given)
    server = issuer.open_server()
    assert issuer.revoke_token(server) is Outcome.CONFIRMED
    assert openbao.client(given).lookup_token()["data"]["ttl"] > 0


def test_session_token_says_in_its_metadata_what_it_is_for(openbao, make_issuer, launch):
    """An operator who finds the token can tell whose it is."""
    issuer = make_issuer(openbao)
    session = issuer.open_session(issuer.open_server(), launch)
    facts = openbao.lookup_accessor(session.accessor)
    assert facts["meta"] == {
        "intent": "intent-1",
        "user": "alice",
        "server": "server-1",
        "kernel": "kernel-1",
        "label_project": "qaoa",
    }
    assert facts["orphan"] is False
    assert session.policies == ("qcred-kernel", "qcred-sources")
    assert session.narrowed is True


def test_server_token_says_in_its_metadata_whose_it_is(openbao, make_issuer):
    """By the words that its sessions have: an operator finds all of one user's tokens."""
    server = make_issuer(openbao).open_server(ServerRequest("intent-0", "alice", "server-1"))
    meta = openbao.lookup_accessor(server.accessor)["meta"]
    assert meta == {"intent": "intent-0", "user": "alice", "server": "server-1"}


def test_metadata_is_cut_to_what_an_audit_log_can_hold(openbao, make_issuer):
    """Kernel ids and labels come from clients: they may be long and hold control characters."""
    issuer = make_issuer(openbao)
    labels = {f"name{n}": "v" for n in range(100)}
    wild = SessionRequest("i", "alice\n\x1b[31m", "s", "k" * 10_000, labels)
    session = issuer.open_session(issuer.open_server(), wild)
    meta = openbao.lookup_accessor(session.accessor)["meta"]
    assert meta["user"] == "alice??[31m"
    assert len(meta["kernel"]) == 256
    assert len(meta) == 4 + 32


def test_sessions_die_with_the_server_token(openbao, make_issuer, launch):
    """One revocation ends every session below."""
    issuer = make_issuer(openbao)
    server = issuer.open_server()
    sessions = [issuer.open_session(server, launch) for _ in range(3)]
    assert issuer.revoke_token(server) is Outcome.CONFIRMED
    gone = {server.accessor, *(session.accessor for session in sessions)}
    wait_until("the tree is gone", lambda: not gone & openbao.accessors())


def test_a_session_ends_alone(openbao, make_issuer, launch):
    """Its neighbours and the server token live on."""
    issuer = make_issuer(openbao)
    server = issuer.open_server()
    one, other = (issuer.open_session(server, launch) for _ in range(2))
    assert issuer.revoke_token(one) is Outcome.CONFIRMED
    assert {server.accessor, other.accessor} <= openbao.accessors()
    assert one.accessor not in openbao.accessors()


def test_without_heartbeat_the_tree_expires(fresh_openbao, make_issuer, launch):
    """The dead-man's switch: nobody renews, and all is gone after the period."""
    fresh_openbao.install_qcred(period="2s")
    issuer = make_issuer(fresh_openbao)
    server = issuer.open_server()
    session = issuer.open_session(server, launch)
    both = {server.accessor, session.accessor}
    assert both <= fresh_openbao.accessors()
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline:  # longer than the period, and still alive
        assert issuer.renew_token(server) == 2
        assert issuer.renew_token(session) == 2
        threading.Event().wait(0.5)
    assert both <= fresh_openbao.accessors()
    wait_until("both expired", lambda: not both & fresh_openbao.accessors(), 10)


def test_a_session_that_nobody_renews_dies_below_a_living_server_token(
    fresh_openbao, make_issuer, launch
):
    """As one does whose answer was lost."""
    fresh_openbao.install_qcred(period="2s")
    issuer = make_issuer(fresh_openbao)
    server = issuer.open_server()
    session = issuer.open_session(server, launch)

    def renewed_alone() -> bool:
        assert issuer.renew_token(server) == 2
        return session.accessor not in fresh_openbao.accessors()

    wait_until("it has expired", renewed_alone, 5, pause=0.5)
    assert server.accessor in fresh_openbao.accessors()


def test_sessions_outlive_the_login_token(openbao, make_issuer, launch):
    """The server token is an orphan: the end of the login ends no running kernel."""
    given = openbao.login_token()
    issuer = make_issuer(openbao, auth_method="token", token=given)
    server = issuer.open_server()
    openbao.root.write_data("auth/token/revoke", data={"token": given})
    session = issuer.open_session(server, launch)
    assert issuer.renew_token(server) == 600
    assert session.accessor in openbao.accessors()


# ---- narrowed is the truth ----------------------------------------------------------------------


@pytest.fixture
def alice(fresh_openbao, tmp_path):
    """A user whose group may read everybody's keys, while sessions may read alice's alone."""
    server = fresh_openbao
    server.put("alice", token="key of alice")
    server.put("bob", token="key of bob")
    server.policy("wide", 'path "qcred/data/*" { capabilities = ["read"] }')
    server.policy("alice-only", 'path "qcred/data/alice" { capabilities = ["read"] }')
    server.install_qcred(kernel_policies=["qcred-kernel", "alice-only"])
    user = server.add_userpass("alice")
    login = server.client().auth.userpass.login("alice", user["password"], use_token=False)
    entity = login["auth"]["entity_id"]
    group = {"name": "team", "policies": ["wide"], "member_entity_ids": [entity]}
    server.root.write_data("identity/group", data=group)
    secret = tmp_path / "password"
    secret.write_text(user["password"])
    settings = {"auth_method": "userpass", "username": "alice", "password_file": str(secret)}
    return server, settings, entity


def test_the_policies_of_the_users_groups_do_not_reach_a_session(alice, make_issuer, launch):
    """The orphan role sheds the entity, so narrowed is True and bob's key stays closed."""
    server, settings, _ = alice
    issuer = make_issuer(server, **settings)
    session = issuer.open_session(issuer.open_server(), launch)
    assert session.narrowed is True
    assert issuer.issue(session, kv("alice")).values["token"].reveal() == "key of alice"
    with pytest.raises(NotEntitledError):
        issuer.issue(session, kv("bob"))


def test_a_role_without_orphan_is_told_apart(alice, make_issuer, launch, caplog):
    """Entity and groups pass through both generations: narrowed is False, and bob's key opens."""
    server, settings, entity = alice
    write_server_role(server, orphan=False)
    issuer = make_issuer(server, **settings)
    issuer.log = logging.getLogger("test.issuer")
    with caplog.at_level(logging.WARNING):
        parent = issuer.open_server()
    session = issuer.open_session(parent, launch)
    assert (parent.narrowed, session.narrowed) == (False, False)
    assert "wide" in session.policies
    assert issuer.issue(session, kv("bob")).values["token"].reveal() == "key of bob"
    assert server.lookup_accessor(session.accessor)["entity_id"] == entity
    assert "orphan=true" in caplog.text


def test_an_entity_of_ones_own_widens_nothing(alice, make_issuer, launch):
    """An alias that leads to a fresh entity without policies keeps the session narrow."""
    server, settings, _ = alice
    write_server_role(server, allowed_entity_aliases=["jupyter-*"])
    issuer = make_issuer(server, entity_alias="jupyter-alice", **settings)
    session = issuer.open_session(issuer.open_server(), launch)
    assert server.lookup_accessor(session.accessor)["entity_id"]
    assert session.narrowed is True


def test_an_alias_of_the_users_entity_brings_the_groups_back(alice, make_issuer, launch):
    """The same setting with the user's own entity behind it is told apart by the read-back."""
    server, settings, entity = alice
    write_server_role(server, allowed_entity_aliases=["alice"])
    mount = server.root.sys.list_auth_methods()["data"]["token/"]["accessor"]
    alias = {"name": "alice", "canonical_id": entity, "mount_accessor": mount}
    server.root.write_data("identity/entity-alias", data=alias)
    issuer = make_issuer(server, entity_alias="alice", **settings)
    session = issuer.open_session(issuer.open_server(), launch)
    assert session.narrowed is False
    assert "wide" in session.policies


def test_an_alias_that_the_role_does_not_allow_is_named(alice, make_issuer):
    """The operator's next step is in the message; nothing falls back silently."""
    server, settings, _ = alice
    issuer = make_issuer(server, entity_alias="bob", **settings)
    with pytest.raises(IssuerError, match="allowed_entity_aliases"):
        issuer.open_server()


def test_a_role_that_takes_nothing_away_is_told_apart(fresh_openbao, make_issuer):
    """Without allowed_policies the server token gets all that the login has."""
    write_server_role(fresh_openbao, allowed_policies=[])
    issuer = make_issuer(fresh_openbao, token=fresh_openbao.login_token(), auth_method="token")
    assert issuer.open_server().narrowed is False


def test_a_role_without_lookup_self_is_read_from_the_creation(fresh_openbao, make_issuer, launch):
    """What cannot look itself up is still described by the answer that made it."""
    fresh_openbao.install_qcred(kernel_policies=["qcred-sources"])
    issuer = make_issuer(fresh_openbao)
    session = issuer.open_session(issuer.open_server(), launch)
    assert session.policies == ("qcred-sources",)
    assert session.narrowed is True
    assert 590 < session.ttl <= 600
    with pytest.raises(NotStoredError):
        issuer.issue(session, kv("nothing"))


# ---- lease-only ---------------------------------------------------------------------------------


@pytest.mark.parametrize("cause", ["no role", "no right", "batch token"])
def test_without_a_server_token_the_login_token_serves(
    fresh_openbao, make_issuer, launch, cause, caplog
):
    """Lease-only: nothing is pretended about a token that is not ours to end."""
    server = fresh_openbao
    server.put("ibm", token="key")
    if cause == "no role":
        server.root.delete("auth/token/roles/qcred-server")
    policies = ["qcred-sources"] if cause == "no right" else ["qcred-user", "qcred-sources"]
    kind = "batch" if cause == "batch token" else "service"
    body = {"policies": policies, "ttl": "1h", "type": kind}
    given = server.root.write_data("auth/token/create-orphan", data=body)["auth"]["client_token"]
    issuer = make_issuer(server, auth_method="token", token=given)
    issuer.log = logging.getLogger("test.issuer")
    with caplog.at_level(logging.WARNING):
        parent = issuer.open_server()
    session = issuer.open_session(parent, launch)
    for token in (parent, session):
        assert token.own is False
        assert token.narrowed is None
        assert 3500 < token.ttl <= 3600
    assert issuer.issue(session, kv("ibm")).values["token"].reveal() == "key"
    assert issuer.revoke_token(session) is Outcome.UNSUPPORTED
    assert server.client(given).lookup_token()["data"]["ttl"] > 0
    assert "login token" in caplog.text
    assert given not in caplog.text


def test_lease_only_by_a_login_of_ours_keeps_the_login_token(fresh_openbao, make_issuer, launch):
    """The AppRole's token is all there is: it must not be dropped."""
    fresh_openbao.put("ibm", token="key")
    approle = fresh_openbao.approle_login(policies=["qcred-sources"])
    issuer = make_issuer(fresh_openbao, auth_method="approle", **approle)
    session = issuer.open_session(issuer.open_server(), launch)
    assert session.own is False
    assert issuer.issue(session, kv("ibm")).values["token"].reveal() == "key"
    assert issuer.renew_token(session) == 3600


@pytest.mark.parametrize("cause", ["no role", "no right"])
def test_lease_only_never_refuses_instead(fresh_openbao, make_issuer, cause):
    """An operator who wants the tree or nothing gets an error with the missing piece."""
    server = fresh_openbao
    before = server.accessors()
    if cause == "no role":
        server.root.delete("auth/token/roles/qcred-server")
    policies = ["default"] if cause == "no right" else ["qcred-user"]
    approle = server.approle_login(policies=policies)
    issuer = make_issuer(server, lease_only="never", auth_method="approle", **approle)
    with pytest.raises(ConfigError if cause == "no role" else NotEntitledError) as caught:
        issuer.open_server()
    named = "auth/token/roles/" if cause == "no role" else "auth/token/create/"
    assert f"{named}qcred-server" in caught.value.next_step
    assert_shows_nothing_of(caught.value, approle["secret_id"])
    assert server.accessors() == before  # the login token is dropped, too


def test_a_missing_kernel_role_is_the_operators_to_write(fresh_openbao, make_issuer, launch):
    """The server token may do nothing but make sessions: there is nothing to fall back to."""
    fresh_openbao.root.delete("auth/token/roles/qcred-kernel")
    issuer = make_issuer(fresh_openbao)
    server = issuer.open_server()
    with pytest.raises(ConfigError, match="auth/token/roles/qcred-kernel"):
        issuer.open_session(server, launch)


# ---- lost replies -------------------------------------------------------------------------------


def test_a_session_whose_reply_is_lost_is_ambiguous_and_dies_with_its_parent(
    openbao, make_issuer, launch
):
    """The token was made: its metadata show the intent, and the tree covers it."""
    with Relay(openbao.address) as relay:
        issuer = make_issuer(openbao, address=relay.address)
        server = issuer.open_server()
        before = openbao.accessors()
        relay.lose_reply_to("auth/token/create/qcred-kernel")
        with pytest.raises(IssuerUnreachableError) as caught:
            issuer.open_session(server, launch)
        assert caught.value.ambiguous is True
        assert caught.value.retryable is True
        assert_shows_nothing_of(caught.value, server.token.reveal())
        (orphaned,) = openbao.accessors() - before
        assert openbao.lookup_accessor(orphaned)["meta"]["intent"] == "intent-1"
        assert issuer.revoke_token(server) is Outcome.CONFIRMED
    wait_until("it is gone", lambda: orphaned not in openbao.accessors())


def test_a_token_that_cannot_be_read_back_is_revoked(openbao, make_issuer, launch):
    """Nobody would know it: it is ended at once, and the error is ambiguous all the same."""
    with Relay(openbao.address) as relay, openbao.identity_passed_on():
        login = {"auth_method": "approle", **openbao.approle_login()}
        issuer = make_issuer(openbao, address=relay.address, **login)
        server = issuer.open_server()
        before = openbao.accessors()
        relay.lose_reply_to("auth/token/lookup-self")
        with pytest.raises(IssuerUnreachableError) as caught:
            issuer.open_session(server, launch)
        assert relay.lost.is_set()
        assert caught.value.ambiguous is True
        assert openbao.accessors() == before


def test_a_token_without_an_identity_needs_no_look(openbao, make_issuer, launch):
    """Nothing can be added to its policies, so the answer to its creation says all."""
    issuer = make_issuer(openbao)
    server = issuer.open_server()
    lines = len(openbao.audit_text().splitlines())
    session = issuer.open_session(server, launch)
    assert session.narrowed is True
    assert "lookup-self" not in "".join(openbao.audit_text().splitlines()[lines:])
    seen = openbao.lookup_accessor(session.accessor)
    assert seen is not None
    assert sorted(seen["policies"]) == sorted(session.policies)
    assert not seen["entity_id"]
    issuer.revoke_token(server)


def test_a_read_back_that_is_refused_leaves_an_ambiguous_session(make_issuer, launch):
    """The look-up itself changed nothing, yet the token had been made before it."""
    created = {"auth": {"client_token": "s.Made", "accessor": "a", "policies": []}}

    def answer(_method: str, path: str, _body: bytes) -> tuple[int, object]:
        return (503, {"errors": ["Vault is sealed"]}) if "self" in path else (200, created)

    parent = IssuedToken(Secret("s.Parent"), Accessor("p"), 60.0, renewable=True, narrowed=True)
    with Scripted(answer) as server:
        issuer = make_issuer(address=server.address, auth_method="token", token="s.Login")
        with pytest.raises(IssuerSealedError) as caught:
            issuer.open_session(parent, launch)
        asked = [path.rpartition("/")[2] for _, path, _ in server.requests]
    assert asked == ["qcred-kernel", "lookup-self", "revoke-self"]
    assert caught.value.ambiguous is True
    assert_shows_nothing_of(caught.value, "s.Made", "s.Parent")


def test_a_dead_server_token_means_a_new_login(openbao, make_issuer, launch):
    """LeaseExpiredError: open the server anew; the given login token still serves."""
    issuer = make_issuer(openbao)
    server = issuer.open_server()
    issuer.revoke_token(server)
    with pytest.raises(LeaseExpiredError) as caught:
        issuer.open_session(server, launch)
    assert_shows_nothing_of(caught.value, server.token.reveal())
    assert issuer.open_session(issuer.open_server(), launch).own


def test_threads_share_one_issuer(openbao, make_issuer):
    """Eight threads at once: each gets its own session, with its own metadata."""
    issuer = make_issuer(openbao)
    server = issuer.open_server()

    def open_one(number: int) -> tuple[str, str]:
        request = SessionRequest(f"intent-{number}", "alice", "s", f"k{number}")
        return request.intent, issuer.open_session(server, request).accessor

    with ThreadPoolExecutor(8) as pool:
        made = dict(pool.map(open_one, range(40)))
    assert len(set(made.values())) == 40
    for intent, accessor in made.items():
        assert openbao.lookup_accessor(accessor)["meta"]["intent"] == intent


def test_the_whole_tree_works_over_a_unix_socket(tmp_path_factory, make_issuer, launch):
    """The embedded server listens on nothing else."""
    server = OpenBao(tmp_path_factory.mktemp("u"), unix=True).start()
    try:
        server.install_qcred()
        server.put("ibm", token="key")
        issuer = make_issuer(server)
        assert server.address in issuer.describe()
        session = issuer.open_session(issuer.open_server(), launch)
        assert issuer.issue(session, kv("ibm")).values["token"].reveal() == "key"
        server.kill()
        server.start()
        assert issuer.revoke_token(session) is Outcome.CONFIRMED
    finally:
        server.stop()

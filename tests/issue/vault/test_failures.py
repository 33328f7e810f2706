"""What every failure becomes: the class, the advice, and nothing of what was sent or answered."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.leaks import assert_shows_nothing_of
from support.loopback import Scripted
from support.openbao import OpenBao, free_port, wait_until

from jupyter_qcred.core.errors import (
    ConfigError,
    IssuerBrokenError,
    IssuerError,
    IssuerSealedError,
    IssuerThrottledError,
    IssuerUnreachableError,
    LeaseExpiredError,
    NeedsLoginError,
    NotEntitledError,
)
from jupyter_qcred.core.secret import Secret
from jupyter_qcred.issue.issuer import IssuedToken
from jupyter_qcred.issue.profile import Profile, Source, SourceKind

TOKEN = "s.ThisTokenMustNotBeSeen0000"
BODY = "this body must not be seen"
KEY = Profile("ibm", "ibm", Source(SourceKind.KV2, "qcred/ibm", "qcred"))
DYNAMIC = Profile("db", "postgres", Source(SourceKind.DYNAMIC, "database/creds/x"))


def token(text: str = TOKEN) -> IssuedToken:
    return IssuedToken(Secret(text), "accessor", 60.0, True, True)


# ---- real faults of a real server ---------------------------------------------------------------


def test_a_refused_port_is_unreachable_and_provably_nothing_was_done(make_issuer, launch):
    """Safe to retry: no connection, no token."""
    issuer = make_issuer(
        address=f"http://127.0.0.1:{free_port()}", auth_method="token", token=TOKEN
    )
    for attempt in (issuer.open_server, lambda: issuer.open_session(token(), launch)):
        with pytest.raises(IssuerUnreachableError) as caught:
            attempt()
        assert caught.value.ambiguous is False
        assert caught.value.retryable is True
        assert "address" in caught.value.next_step
        assert issuer.describe() in caught.value.reason
        assert_shows_nothing_of(caught.value, TOKEN)


def test_a_missing_socket_is_unreachable_likewise(make_issuer, launch, tmp_path):
    """The embedded server is not up yet."""
    address = f"unix://{tmp_path}/none.sock"
    issuer = make_issuer(address=address, auth_method="token", token=TOKEN)
    with pytest.raises(IssuerUnreachableError) as caught:
        issuer.open_session(token(), launch)
    assert caught.value.ambiguous is False
    assert_shows_nothing_of(caught.value, TOKEN)


def test_a_full_backlog_runs_into_the_connect_timeout(make_issuer, launch):
    """Nobody accepts: the connection is given up in time, and nothing was sent."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port = listener.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        issuer = make_issuer(
            address=f"http://127.0.0.1:{port}",
            auth_method="token",
            token=TOKEN,
            connect_timeout=0.3,
        )
        started = time.monotonic()
        with pytest.raises(IssuerUnreachableError, match="in time") as caught:
            issuer.open_session(token(), launch)
        assert time.monotonic() - started < 5
        assert caught.value.ambiguous is False
        for filler in fillers:
            filler.close()


def test_a_hanging_server_runs_into_the_read_timeout(fresh_openbao, make_issuer, launch):
    """Frozen after it accepted: unreachable, and ambiguous since it may go on later."""
    issuer = make_issuer(fresh_openbao, read_timeout=0.3)
    server = issuer.open_server()
    session = issuer.open_session(server, launch)
    fresh_openbao.pause()
    try:
        started = time.monotonic()
        with pytest.raises(IssuerUnreachableError, match="in time") as caught:
            issuer.open_session(server, launch)
        assert time.monotonic() - started < 5
        assert caught.value.ambiguous is True
        assert_shows_nothing_of(caught.value, server.token.reveal())
        with pytest.raises(IssuerUnreachableError) as caught:
            issuer.issue(session, KEY)
        assert caught.value.ambiguous is False  # reading a stored key changes nothing
        assert caught.value.credential == "ibm"
        with pytest.raises(IssuerUnreachableError) as caught:
            issuer.issue(session, DYNAMIC)
        assert caught.value.ambiguous is True  # it may have made a login
    finally:
        fresh_openbao.resume()
    wait_until("it answers again", lambda: issuer.renew_token(server) == 600)


def test_the_revocations_have_more_time(fresh_openbao, make_issuer, launch):
    """A tree of tokens takes a while: only revoke_timeout counts."""
    issuer = make_issuer(fresh_openbao, read_timeout=0.2, revoke_timeout=20)
    server = issuer.open_server()
    fresh_openbao.pause()
    with ThreadPoolExecutor(1) as pool:
        try:
            with pytest.raises(IssuerUnreachableError):
                issuer.renew_token(server)
            revocation = pool.submit(issuer.revoke_token, server)
            with pytest.raises(IssuerUnreachableError):
                issuer.renew_token(server)  # a whole read timeout later it still waits
            assert not revocation.done()
        finally:
            fresh_openbao.resume()
        assert revocation.result(20).value == "confirmed"


TCP_TABLE = Path("/proc/net/tcp")


def unread_bytes(server: OpenBao) -> int:
    """Return how many bytes wait in the server's sockets."""
    port = f"{int(server.address.rpartition(':')[2]):04X}"
    rows = [line.split() for line in TCP_TABLE.read_text().splitlines()[1:]]
    return sum(int(row[4].split(":")[1], 16) for row in rows if row[1].endswith(f":{port}")
               and row[3] == "01")  # fmt: skip


@pytest.mark.skipif(not TCP_TABLE.exists(), reason="the system does not show its sockets")
def test_a_server_killed_in_the_middle_of_a_request_is_ambiguous(
    fresh_openbao, make_issuer, launch
):
    """The request was taken; nobody knows whether it was carried out."""
    issuer = make_issuer(fresh_openbao)
    server = issuer.open_server()
    fresh_openbao.pause()
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(issuer.open_session, server, launch)
        wait_until("the request is there", lambda: unread_bytes(fresh_openbao) > 0)
        fresh_openbao.process.kill()
        error = asked.exception(10)
    assert isinstance(error, IssuerUnreachableError)
    assert error.ambiguous is True
    assert_shows_nothing_of(error, server.token.reveal())
    fresh_openbao.kill()
    fresh_openbao.start()
    assert issuer.open_session(server, launch).own  # the tree survived, and so did the issuer


def test_a_restart_between_two_requests_is_not_noticed(fresh_openbao, make_issuer, launch):
    """Kept connections are dead then: they are replaced, not reported."""
    issuer = make_issuer(fresh_openbao)
    server = issuer.open_server()
    for _ in range(3):
        fresh_openbao.restart()
        assert issuer.open_session(server, launch).own


def test_a_sealed_server_asks_for_the_operator(fresh_openbao, make_issuer, launch):
    """Retried slowly; nothing was done."""
    issuer = make_issuer(fresh_openbao)
    server = issuer.open_server()
    fresh_openbao.seal()
    for attempt in (
        issuer.open_server,
        lambda: issuer.open_session(server, launch),
        lambda: issuer.issue(server, KEY),
        lambda: issuer.renew_token(server),
    ):
        with pytest.raises(IssuerSealedError) as caught:
            attempt()
        assert "unseal" in caught.value.next_step
        assert caught.value.retryable is True
        assert caught.value.ambiguous is False
        assert_shows_nothing_of(caught.value, server.token.reveal())
    fresh_openbao.unseal()
    assert issuer.renew_token(server) == 600


def test_a_rate_quota_throttles(fresh_openbao, make_issuer, launch):
    """OpenBao's own limit; the request was not carried out."""
    issuer = make_issuer(fresh_openbao)
    server = issuer.open_server()
    quota = {"rate": 1, "interval": "60s", "path": "auth/token"}
    fresh_openbao.root.write_data("sys/quotas/rate-limit/test", data=quota)

    def renew_often() -> None:
        for _ in range(5):
            issuer.renew_token(server)

    with pytest.raises(IssuerThrottledError) as caught:
        renew_often()
    assert "slowly" in caught.value.next_step
    assert caught.value.retryable is True
    assert caught.value.ambiguous is False
    assert_shows_nothing_of(caught.value, server.token.reveal())


def test_both_kinds_of_403_are_told_apart(openbao, make_issuer, launch):
    """Same status: a live token lacks a right, a dead one has to be obtained anew."""
    issuer = make_issuer(openbao)
    server = issuer.open_server()
    session = issuer.open_session(server, launch)
    with pytest.raises(NotEntitledError) as caught:
        issuer.open_session(session, launch)
    assert "`update` on `auth/token/create/qcred-kernel`" in caught.value.next_step
    assert_shows_nothing_of(caught.value, session.token.reveal(), "permission denied")
    issuer.revoke_token(session)
    for attempt in (
        lambda: issuer.issue(session, KEY),
        lambda: issuer.renew_token(session),
        lambda: issuer.renew_lease(session, "database/creds/x/y"),
    ):
        with pytest.raises(LeaseExpiredError) as caught:
            attempt()
        assert "dead" in caught.value.reason
        assert_shows_nothing_of(caught.value, session.token.reveal(), "permission denied")


def test_a_namespace_that_is_not_there_is_a_setting(openbao, make_issuer):
    """404 for the whole API."""
    issuer = make_issuer(openbao, namespace="no/such")
    with pytest.raises(ConfigError, match="namespace"):
        issuer.open_server()


def test_namespaces_are_passed_on(fresh_openbao, make_issuer, launch):
    """Policies, roles and login of a namespace of its own."""
    root = fresh_openbao.root
    root.write_data("sys/namespaces/lab", data={})
    root.adapter.namespace = "lab"
    fresh_openbao.install_qcred()
    inside = fresh_openbao.login_token()
    root.adapter.namespace = None
    settings = {"auth_method": "token", "token": inside}
    server = make_issuer(fresh_openbao, namespace="lab", **settings).open_server()
    assert server.narrowed is True
    assert server.policies == ("qcred-server",)
    with pytest.raises((NeedsLoginError, NotEntitledError)):
        make_issuer(fresh_openbao, lease_only="never", **settings).open_server()


# ---- TLS ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    """An OpenBao with a certificate of its own."""
    server = OpenBao(tmp_path_factory.mktemp("tls"), tls=True)
    try:
        server.start().install_qcred()
        yield server
    finally:
        server.stop()


def test_a_trusted_certificate(tls, make_issuer, launch):
    """ca_file names the authority."""
    issuer = make_issuer(tls, ca_file=str(tls.ca_file))
    assert issuer.open_session(issuer.open_server(), launch).own


@pytest.mark.parametrize("why", ["unknown authority", "other host", "empty bundle"])
def test_a_certificate_that_is_not_trusted(tls, make_issuer, why, tmp_path, openbao):
    """Nothing was sent; the advice is ca_file."""
    settings = {"ca_file": str(tls.ca_file)} if why == "other host" else {}
    if why == "other host":
        settings["address"] = tls.address.replace("127.0.0.1", "localhost")
    if why == "empty bundle":
        (tmp_path / "ca.pem").write_text("no certificate")
        settings["ca_file"] = str(tmp_path / "ca.pem")
    issuer = make_issuer(tls, auth_method="token", token=TOKEN, **settings)
    with pytest.raises(IssuerUnreachableError) as caught:
        issuer.open_server()
    assert "ca_file" in caught.value.next_step
    assert caught.value.ambiguous is False
    assert_shows_nothing_of(caught.value, TOKEN)


def test_http_to_a_tls_port(tls, make_issuer, launch):
    """The server says so in a text of its own; the address is to be corrected."""
    address = tls.address.replace("https", "http")
    issuer = make_issuer(address=address, auth_method="token", token=TOKEN)
    with pytest.raises(ConfigError, match="https://") as caught:
        issuer.open_server()
    assert_shows_nothing_of(caught.value, TOKEN)


def test_https_to_a_plain_port(openbao, make_issuer):
    """The scheme is named in the advice."""
    address = openbao.address.replace("http", "https")
    issuer = make_issuer(address=address, auth_method="token", token=TOKEN)
    with pytest.raises(IssuerUnreachableError, match="scheme") as caught:
        issuer.open_server()
    assert_shows_nothing_of(caught.value, TOKEN)


# ---- answers that a healthy server does not give ------------------------------------------------

HTML = {"Content-Type": "text/html"}
ANSWERS = [
    # What a raft cluster says while it has no leader, and other states of a cluster.
    ((400, {"errors": [f"{BODY}: leadership lost while committing log"]}),
     IssuerUnreachableError, True),
    ((500, {"errors": [f"local node not active but active cluster node not found {BODY}"]}),
     IssuerUnreachableError, True),
    ((412, {"errors": [BODY]}), IssuerUnreachableError, True),
    ((501, {"errors": [f"Vault is not initialized {BODY}"]}), IssuerSealedError, False),
    ((503, {"errors": [f"OpenBao is sealed {BODY}"]}), IssuerSealedError, False),
    # Balancers and proxies in front of it.
    ((502, BODY.encode(), HTML), IssuerUnreachableError, True),
    ((503, BODY.encode(), HTML), IssuerUnreachableError, True),
    ((504, BODY.encode(), HTML), IssuerUnreachableError, True),
    ((307, b"", {"Location": f"http://127.0.0.1:1/{TOKEN}"}), IssuerUnreachableError, False),
    ((429, BODY.encode(), HTML), IssuerThrottledError, False),
    # Failures of its own, and nonsense.
    ((500, {"errors": [BODY]}), IssuerBrokenError, True),
    ((500, BODY.encode(), HTML), IssuerBrokenError, True),
    ((200, BODY.encode(), HTML), IssuerBrokenError, True),
    ((200, b'{"auth": ' + BODY.encode()), IssuerBrokenError, True),
    ((200, [BODY]), IssuerBrokenError, True),
    ((200, {}), IssuerBrokenError, True),
    ((200, {"auth": BODY}), IssuerBrokenError, True),
    ((200, {"auth": {"client_token": 5}}), IssuerBrokenError, True),
    ((200, b"\xff\xfe\x00"), IssuerBrokenError, True),
    ((204, b""), IssuerBrokenError, True),
    ((200, b'{"auth": {}}', {"Content-Length": "5000"}), IssuerUnreachableError, True),
    ((200, BODY.encode(), {"Content-Encoding": "gzip"}), IssuerUnreachableError, True),
    # Terminal refusals.
    ((400, {"errors": [BODY]}), IssuerError, False),
    ((404, {"errors": [BODY]}), ConfigError, False),
    ((405, {"errors": [BODY]}), ConfigError, False),
    ((418, BODY.encode(), HTML), IssuerError, False),
    ((500, {"errors": [f"past the max TTL, cannot renew {BODY}"]}), LeaseExpiredError, False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "kind", "ambiguous"), ANSWERS, ids=lambda value: repr(value)[:60]
)
def test_an_answer_becomes_exactly_one_error(make_issuer, launch, answer, kind, ambiguous):
    """Class and ambiguity by status and known phrases; no word of the body gets out."""
    with Scripted(lambda *_: answer) as server:
        issuer = make_issuer(address=server.address, auth_method="token", token=TOKEN)
        with pytest.raises(kind) as caught:
            issuer.open_session(token(), launch)
        assert len(server.requests) == 1  # nothing is retried behind the caller's back
    assert type(caught.value) is kind
    assert getattr(caught.value, "ambiguous", False) is ambiguous
    assert len(caught.value.next_step) > 10
    assert_shows_nothing_of(caught.value, TOKEN, BODY)


@pytest.mark.parametrize(("answer", "kind", "_ambiguous"), ANSWERS, ids=lambda v: repr(v)[:60])
def test_a_login_shows_nothing_of_its_proof(make_issuer, answer, kind, _ambiguous):
    """The same answers to a login: secret id and body stay unseen, refusals ask for a login."""
    with Scripted(lambda *_: answer) as server:
        issuer = make_issuer(
            address=server.address, auth_method="approle", role_id="r", secret_id=TOKEN
        )
        with pytest.raises(NeedsLoginError if kind is IssuerError else kind) as caught:
            issuer.open_server()
    assert_shows_nothing_of(caught.value, TOKEN, BODY)


def test_a_403_whose_look_up_fails_is_that_failure(make_issuer, launch):
    """While it cannot be told which 403 it was, it is neither."""

    def answer(_method: str, path: str, _body: bytes) -> tuple[int, object]:
        if path.endswith("lookup-self"):
            return 503, {"errors": [f"Vault is sealed {BODY}"]}
        return 403, {"errors": [BODY]}

    with Scripted(answer) as server:
        issuer = make_issuer(address=server.address, auth_method="token", token=TOKEN)
        with pytest.raises(IssuerSealedError) as caught:
            issuer.open_session(token(), launch)
    assert_shows_nothing_of(caught.value, TOKEN, BODY)


def test_a_second_factor_needs_a_person(make_issuer):
    """The login is good so far, and holds no token."""
    mfa = {"auth": {"client_token": "", "mfa_requirement": {"mfa_request_id": BODY}}}
    with Scripted(lambda *_: (200, mfa)) as server:
        issuer = make_issuer(address=server.address, auth_method="approle", role_id="r")
        with pytest.raises(NeedsLoginError, match="second factor") as caught:
            issuer.open_server()
    assert_shows_nothing_of(caught.value, BODY)


def test_no_token_follows_a_redirect(make_issuer, launch):
    """A redirect could lead the token anywhere."""
    seen = threading.Event()

    def elsewhere(*_: object) -> tuple[int, object]:
        seen.set()
        return 200, {}

    with (
        Scripted(elsewhere) as other,
        Scripted(lambda *_: (307, b"", {"Location": f"{other.address}/v1/x"})) as server,
    ):
        issuer = make_issuer(address=server.address, auth_method="token", token=TOKEN)
        with pytest.raises(IssuerUnreachableError, match="active node"):
            issuer.open_session(token(), launch)
    assert not seen.is_set()


def test_cookies_are_not_kept(make_issuer, launch):
    """Nothing of one session's answer goes along with the next request."""
    with Scripted(lambda *_: (500, b"{}", {"Set-Cookie": "a=b"})) as server:
        issuer = make_issuer(address=server.address, auth_method="token", token=TOKEN)
        for _ in range(2):
            with pytest.raises(IssuerBrokenError):
                issuer.open_session(token(), launch)
        assert "cookie" not in {name.lower() for name in server.headers}


def test_nothing_secret_is_logged_at_any_level(openbao, make_issuer, launch, caplog):
    """A whole life at DEBUG, urllib3's own lines included."""
    openbao.put("ibm", token="the-vendor-key-of-this-test")
    approle = openbao.approle_login()
    with caplog.at_level(0):
        issuer = make_issuer(openbao, auth_method="approle", **approle)
        server = issuer.open_server()
        session = issuer.open_session(server, launch)
        value = issuer.issue(session, KEY).values["token"].reveal()
        issuer.renew_token(server)
        issuer.revoke_token(session)
        issuer.revoke_token(server)
    assert "auth/token/create/qcred-kernel" in caplog.text  # it did log
    for secret in (value, approle["secret_id"], server.token.reveal(), session.token.reveal()):
        assert secret not in caplog.text

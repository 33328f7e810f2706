"""What every exchange promises, whatever its vendor says or does."""

from __future__ import annotations

import json
import logging
from email.utils import formatdate
from time import time

import pytest
from support.leaks import assert_shows_nothing_of
from support.loopback import Scripted
from support.openbao import free_port

from jupyter_qcred.core.errors import (
    ConfigError,
    IssuerBrokenError,
    IssuerError,
    IssuerThrottledError,
    IssuerUnreachableError,
    NotEntitledError,
)
from jupyter_qcred.issue.exchange.line import Limits
from jupyter_qcred.issue.exchange.registry import NAMES, exchange_named

from .cases import BODY, CASES, KEY, NAME, script
from .stubs import Dated, Raw, Tls, certificate

ALL = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
FAIR = Limits(body=64 * 1024)
"""Time enough for a machine that is busy."""
SHORT = Limits(read=0.3, whole=0.6)
"""For vendors that do not come to an end."""
HTML = {"Content-Type": "text/html; charset=utf-8"}
PAGE = f"<html><body>Sign in to the hotel's network {BODY} {KEY}</body></html>".encode()


def test_every_exchange_has_its_cases():
    """Nobody adds an exchange that this suite does not look at."""
    assert {case.exchange for case in CASES.values()} == set(NAMES)
    for name in NAMES:
        exchange = exchange_named(name)
        assert exchange.name == name
        assert exchange.title
        assert exchange.takes


@ALL
def test_what_comes_out_is_short_lived_and_holds_nothing_of_what_went_in(case, caplog):
    """A value with its end, neither renewable nor revocable; one request for each answer."""
    with Scripted(script(*case.good())) as vendor, caplog.at_level(logging.DEBUG):
        credential = case.run(vendor.address)
    revealed = {name: value.reveal() for name, value in credential.values.items()}
    assert revealed == case.values
    assert credential.main in revealed
    assert case.ttl - 180 < credential.ttl <= case.ttl + 1
    assert (credential.renewable, credential.revocable) == (False, False)
    assert credential.upstream_lease is None
    assert credential.public["region"] == "here"
    assert len(vendor.requests) == len(case.good())
    for name, secret in case.fields.items():
        assert name.endswith("_id") or secret not in str(
            [*revealed.values(), *credential.public.values()]
        )
    for secret in case.secrets:
        assert secret not in repr(credential) + caplog.text
    assert credential.public.keys() <= {"region", "token_type"}


def refused(case, kind, *answers, **options) -> IssuerError:
    """Let the vendor answer; return the error, which shows nothing."""
    with Scripted(script(*answers)) as vendor:
        with pytest.raises(kind) as caught:
            case.run(vendor.address, FAIR, **options)
        assert len(vendor.requests) == 1  # nothing is retried behind the caller's back
    return looked_at(caught.value, case)


def looked_at(error, case):
    assert_shows_nothing_of(error, *case.secrets)
    assert error.credential == NAME
    assert len(error.next_step) > 20
    return error


@ALL
def test_a_key_that_is_not_taken_is_said_to_be_so(case):
    """In the vendor's own words, which only we read; the next step is about the key."""
    error = refused(case, NotEntitledError, case.refusal)
    assert "does not accept" in error.reason
    assert ("identity token" if case.federated else "jupyter qcred put") in str(error)


@ALL
@pytest.mark.parametrize(("status", "words"), [(401, "does not accept"), (403, "grants nothing")])
def test_401_and_403_are_refusals(case, status, words):
    """The key is wrong, or it lacks a right."""
    error = refused(case, NotEntitledError, (status, {"message": BODY + KEY}))
    assert words in error.reason


@ALL
@pytest.mark.parametrize("status", [404, 405, 410, 301, 302, 307, 308])
def test_an_endpoint_that_is_not_there_is_a_setting(case, status):
    """A redirect is not followed: it could lead a key anywhere."""
    with Scripted(script((200, {}))) as other:
        answer = (status, BODY.encode(), {"Location": f"{other.address}/x"})
        error = refused(case, ConfigError, answer)
        assert other.requests == []
    assert "options of the exchange" in error.next_step


@ALL
def test_another_refusal_is_not_tried_again(case):
    """A 400 that says nothing we know."""
    error = refused(case, IssuerError, (418, {"error": BODY}))
    assert type(error) is IssuerError
    assert not error.retryable


WAITS = [("7", 7.0), ("999999", 300.0), ("soon", None), ("-3", None), ("", None)]


@ALL
@pytest.mark.parametrize(("asked", "wait"), WAITS)
def test_a_rate_limit_is_waited_out(case, asked, wait):
    """As long as the vendor asks, within reason."""
    answer = (429, PAGE, {"Retry-After": asked, **HTML})
    error = refused(case, IssuerThrottledError, answer)
    assert error.retry_after == wait
    assert error.code == "issuer_throttled"


def test_a_rate_limit_may_name_a_date():
    """By the vendor's clock, not ours."""
    vendors = time() - 86400
    answer = script((429, b"", {"Retry-After": formatdate(vendors + 40)}))
    with (
        Dated(answer, formatdate(vendors)) as vendor,
        pytest.raises(IssuerThrottledError) as caught,
    ):
        CASES["ibm-iam key"].run(vendor.address)
    assert caught.value.retry_after == 40.0


@ALL
@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_vendor_that_fails_is_tried_again(case, status):
    """What it sends instead of an answer is not looked at."""
    error = refused(case, IssuerBrokenError, (status, PAGE, {"Retry-After": "9", **HTML}))
    assert error.retryable
    assert error.retry_after == 9.0


NONSENSE = {
    "malformed": b'{"access_token": "' + KEY.encode(),
    "a list": b"[]",
    "nothing": b"",
    "not UTF-8": b"\xff\xfe\x00",
    "deep": b'{"a":' * 10_000,
    "an empty object": b"{}",
    "a number": b"1",
}


@ALL
@pytest.mark.parametrize("body", NONSENSE.values(), ids=NONSENSE.keys())
def test_a_success_without_sense_is_no_credential(case, body):
    """Never half a credential, never a value without an end."""
    error = refused(case, IssuerBrokenError, (200, body))
    assert "makes no sense" in error.reason


@ALL
@pytest.mark.parametrize("kind", ["text/html", "text/plain", "application/octet-stream", ""])
def test_an_answer_of_another_kind_is_no_credential(case, kind):
    """A sign-in page, or a good answer that does not say what it is."""
    _, good, *_ = case.good()[0]
    body = good if isinstance(good, bytes) else json.dumps(good).encode()
    refused(case, IssuerBrokenError, (200, body, {"Content-Type": kind}))
    refused(case, IssuerBrokenError, (200, PAGE, {"Content-Type": kind}))


@ALL
def test_a_body_without_an_end_is_not_read(case):
    """Nor one that is compressed: it was not asked for."""
    huge = b'{"access_token": "' + b"x" * FAIR.body
    assert "without an end" in refused(case, IssuerBrokenError, (200, huge)).reason
    refused(case, IssuerBrokenError, (200, huge, {"Content-Encoding": "gzip"}))


@ALL
def test_a_truncated_answer_is_none(case):
    """The connection ends before the answer does."""
    status, good, *more = case.good()[0]
    body = good if isinstance(good, bytes) else json.dumps(good).encode()
    headers = {**(more[0] if more else {}), "Content-Length": str(len(body) + 10)}
    error = refused(case, IssuerUnreachableError, (status, body, headers))
    assert "broke the connection" in error.reason
    assert error.ambiguous


def silent(connection, closing):
    closing.wait(20)


def dripping(connection, closing):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    while not closing.wait(0.05):
        connection.sendall(b" ")


def hanging_up(connection, _closing):
    connection.sendall(b"HTTP")


def babbling(connection, _closing):
    connection.sendall(BODY.encode() + b"\r\n\r\n")


SLOW = {
    "silent": (silent, SHORT, "did not answer in time"),
    "dripping": (dripping, SHORT, "did not answer in time"),
    "hanging up": (hanging_up, FAIR, "broke the connection"),
    "babbling": (babbling, FAIR, "broke the connection"),
}


@ALL
@pytest.mark.parametrize(("serve", "limits", "words"), SLOW.values(), ids=SLOW.keys())
def test_a_vendor_that_does_not_come_to_an_end_is_left(case, serve, limits, words):
    """Within our own time, whatever it sends in between."""
    with Raw(serve) as vendor, pytest.raises(IssuerUnreachableError, match=words) as caught:
        case.run(vendor.address, limits)
    looked_at(caught.value, case)
    assert caught.value.ambiguous


@ALL
def test_a_vendor_out_of_reach_is_said_to_be_so(case):
    """Nothing was sent."""
    with pytest.raises(IssuerUnreachableError, match="cannot be reached") as caught:
        case.run(f"http://127.0.0.1:{free_port()}", FAIR)
    looked_at(caught.value, case)
    assert caught.value.code == "issuer_unreachable"
    assert not caught.value.ambiguous


@ALL
def test_a_clock_that_is_wrong_is_named(case):
    """A refusal while two clocks are apart says by how much."""
    with (
        Dated(script(case.refusal), formatdate(time() - 600)) as vendor,
        pytest.raises(NotEntitledError, match="s ahead of the vendor's") as caught,
    ):
        case.run(vendor.address, FAIR)
    looked_at(caught.value, case)


@ALL
def test_a_vendor_that_returns_what_it_got_is_not_believed(case):
    """The kernel would get the long-lived key."""
    kept = KEY if KEY in case.fields.values() else next(iter(case.fields.values()))
    bearer = next(iter(case.values.values()))

    def swapped(content):
        if isinstance(content, bytes):
            return content.replace(bearer.encode(), kept.encode())
        return json.loads(json.dumps(content).replace(bearer, kept))

    answers = [
        (status, swapped(body), *({n: v.replace(bearer, kept) for n, v in h.items()} for h in more))
        for status, body, *more in case.good()
    ]
    with Scripted(script(*answers)) as vendor, pytest.raises(IssuerBrokenError) as caught:
        case.run(vendor.address, FAIR)
    looked_at(caught.value, case)


@ALL
def test_nothing_of_the_environment_is_used(case, monkeypatch, tmp_path):
    """No proxy, no netrc, no CA variables: only what the profile says."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password somebodys-password\n")
    nowhere = f"http://127.0.0.1:{free_port()}"
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, nowhere)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none"))
    with Scripted(script(*case.good())) as vendor:
        case.run(vendor.address)
        assert "somebodys-password" not in str(vendor.headers)
        assert "Basic bWU6" not in str(vendor.headers)


@pytest.fixture(scope="module")
def cert(tmp_path_factory):
    return certificate(tmp_path_factory.mktemp("cert"))


@ALL
def test_tls_is_verified(case, cert, monkeypatch, tmp_path):
    """An authority has to be known by the profile; the environment's does not count."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(cert[0]))
    monkeypatch.setenv("SSL_CERT_FILE", str(cert[0]))
    with Tls(script(*case.good()), *cert) as vendor:
        with pytest.raises(IssuerUnreachableError, match="no trusted TLS") as caught:
            case.run(vendor.address)
        assert "ca_file" in looked_at(caught.value, case).next_step
        assert vendor.requests == []
        assert case.run(vendor.address, ca_file=str(cert[0])).main
        elsewhere = vendor.address.replace("127.0.0.1", "localhost")
        with pytest.raises(IssuerUnreachableError, match="no trusted TLS"):
            case.run(elsewhere, ca_file=str(cert[0]))
    with pytest.raises(ConfigError, match="there is no file"):
        case.run("https://127.0.0.1:1", ca_file=str(tmp_path / "none"))

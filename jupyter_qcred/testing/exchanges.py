"""What every exchange promises, whatever its vendor says or does."""

from __future__ import annotations

import json
import logging
import shutil
from email.utils import formatdate
from time import time
from typing import TYPE_CHECKING, Any, ClassVar, Final

import pytest

from jupyter_qcred.core.errors import (
    ConfigError,
    IssuerBrokenError,
    IssuerError,
    IssuerThrottledError,
    IssuerUnreachableError,
    NotEntitledError,
    QcredError,
)
from jupyter_qcred.issue.exchange.endpoint import is_endpoint
from jupyter_qcred.issue.exchange.line import Limits
from jupyter_qcred.issue.exchange.options import COMMON
from jupyter_qcred.issue.exchange.registry import exchange_named
from jupyter_qcred.issue.profile import is_name
from jupyter_qcred.testing.case import BODY, CREDENTIAL, ExchangeCase, script
from jupyter_qcred.testing.leaks import assert_shows_nothing_of
from jupyter_qcred.testing.loopback import Dated, Raw, Scripted, Tls, certificate, nowhere

if TYPE_CHECKING:
    import socket
    import threading
    from collections.abc import Callable, Mapping
    from pathlib import Path

FAIR: Final = Limits(connect=60.0, read=60.0, whole=60.0, body=64 * 1024)
"""Time enough for a machine that is busy."""
SHORT: Final = Limits(connect=60.0, read=0.3, whole=0.6)
"""For vendors that do not come to an end."""

_HTML: Final = {"Content-Type": "text/html; charset=utf-8"}
_WAITS: Final = [("7", 7.0), ("999999", 300.0), ("soon", None), ("-3", None), ("", None)]
_NONSENSE: Final = {
    "malformed": b'{"access_token": "' + BODY.encode(),
    "a list": b"[]",
    "nothing": b"",
    "not UTF-8": b"\xff\xfe\x00",
    "deep": b'{"a":' * 10_000,
    "an empty object": b"{}",
    "a number": b"1",
}


def _silent(_connection: socket.socket, closing: threading.Event) -> None:
    closing.wait(20)


def _dripping(connection: socket.socket, closing: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    while not closing.wait(0.05):
        connection.sendall(b" ")


def _hanging_up(connection: socket.socket, _closing: threading.Event) -> None:
    connection.sendall(b"HTTP")


def _babbling(connection: socket.socket, _closing: threading.Event) -> None:
    connection.sendall(BODY.encode() + b"\r\n\r\n")


_SLOW: Final = {
    "silent": (_silent, SHORT, "did not answer in time"),
    "dripping": (_dripping, SHORT, "did not answer in time"),
    "hanging up": (_hanging_up, FAIR, "broke the connection"),
    "babbling": (_babbling, FAIR, "broke the connection"),
}


class ExchangeContract:
    """Subclass it as ``Test…`` and give it cases; pytest runs each test with each case.

    It needs no network: each case's addresses are replaced by those of servers on the loopback
    interface. Exchanges that send their requests by ``Line`` and read refusals by ``of_answer``
    have most of it for nothing.

    Attributes:
        cases: by name; at least one for each way of each exchange of yours.
    """

    cases: ClassVar[Mapping[str, ExchangeCase]]

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run each test with each case."""
        if "case" in metafunc.fixturenames:
            metafunc.parametrize("case", self.cases.values(), ids=self.cases.keys())

    def test_it_is_found_by_its_name(self, case: ExchangeCase) -> None:
        """A profile can say it; what it takes, and what may be said about it, is told."""
        exchange = exchange_named(case.exchange)
        assert is_name(case.exchange)
        assert exchange.name == case.exchange
        assert exchange.title
        assert exchange.takes
        assert not exchange.options.keys() & COMMON.keys()
        assert {*case.urls, *case.options} <= exchange.options.keys()
        assert {name for name, it in exchange.options.items() if it.required} <= {
            *case.urls,
            *case.options,
        }

    def test_keys_are_sent_by_https_only(self, case: ExchangeCase) -> None:
        """Each option with an address takes those that do not show a key on their way."""
        options = exchange_named(case.exchange).options
        for name in case.urls:
            assert options[name].fits("https://iam.example.com/token")
            assert not options[name].fits("http://iam.example.com/token")
            assert is_endpoint(options[name].example)

    def test_what_comes_out_is_short_lived_and_holds_nothing_of_what_went_in(
        self, case: ExchangeCase, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A value with its end, neither renewable nor revocable; one request for each answer."""
        told = case.ttl if case.ends is None else case.ends - time()
        with Scripted(script(*case.good())) as vendor, caplog.at_level(logging.DEBUG):
            credential = case.run(vendor.address, FAIR)
        revealed = {name: value.reveal() for name, value in credential.values.items()}
        assert revealed == case.values
        assert credential.main in revealed
        assert credential.ttl is not None
        assert told - 180 < credential.ttl <= told + 1
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
        assert credential.public.keys() <= {"region", *case.public}

    def test_a_key_that_is_not_taken_is_said_to_be_so(self, case: ExchangeCase) -> None:
        """In the vendor's own words, which only we read; the next step is about the key."""
        error = self._refused(case, NotEntitledError, case.refusal)
        assert "does not accept" in error.reason
        assert ("identity token" if case.federated else "jupyter qcred put") in str(error)

    @pytest.mark.parametrize(
        ("status", "words"), [(401, "does not accept"), (403, "grants nothing")]
    )
    def test_401_and_403_are_refusals(self, case: ExchangeCase, status: int, words: str) -> None:
        """The key is wrong, or it lacks a right."""
        answer = (status, {"message": BODY + _key(case)})
        assert words in self._refused(case, NotEntitledError, answer).reason

    @pytest.mark.parametrize("status", [404, 405, 410, 301, 302, 307, 308])
    def test_an_endpoint_that_is_not_there_is_a_setting(
        self, case: ExchangeCase, status: int
    ) -> None:
        """A redirect is not followed: it could lead a key anywhere."""
        with Scripted(script((200, {}))) as other:
            answer = (status, BODY.encode(), {"Location": f"{other.address}/x"})
            error = self._refused(case, ConfigError, answer)
            assert other.requests == []
        assert "options of the exchange" in error.next_step

    def test_another_refusal_is_not_tried_again(self, case: ExchangeCase) -> None:
        """A 418 that says nothing we know."""
        error = self._refused(case, IssuerError, (418, {"error": BODY}))
        assert type(error) is IssuerError
        assert not error.retryable

    @pytest.mark.parametrize(("asked", "wait"), _WAITS)
    def test_a_rate_limit_is_waited_out(
        self, case: ExchangeCase, asked: str, wait: float | None
    ) -> None:
        """As long as the vendor asks, within reason."""
        answer = (429, _page(case), {"Retry-After": asked, **_HTML})
        error = self._refused(case, IssuerThrottledError, answer)
        assert isinstance(error, IssuerThrottledError)
        assert error.retry_after == wait
        assert error.code == "issuer_throttled"

    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    def test_a_vendor_that_fails_is_tried_again(self, case: ExchangeCase, status: int) -> None:
        """What it sends instead of an answer is not looked at."""
        answer = (status, _page(case), {"Retry-After": "9", **_HTML})
        error = self._refused(case, IssuerBrokenError, answer)
        assert isinstance(error, IssuerBrokenError)
        assert error.retryable
        assert error.retry_after == 9.0

    @pytest.mark.parametrize("body", _NONSENSE.values(), ids=_NONSENSE.keys())
    def test_a_success_without_sense_is_no_credential(
        self, case: ExchangeCase, body: bytes
    ) -> None:
        """Never half a credential, never a value without an end."""
        error = self._refused(case, IssuerBrokenError, (200, body))
        assert "makes no sense" in error.reason

    @pytest.mark.parametrize("kind", ["text/html", "text/plain", "application/octet-stream", ""])
    def test_an_answer_of_another_kind_is_no_credential(
        self, case: ExchangeCase, kind: str
    ) -> None:
        """A sign-in page, or a good answer that does not say what it is."""
        _, body, _ = _first(case)
        self._refused(case, IssuerBrokenError, (200, body, {"Content-Type": kind}))
        self._refused(case, IssuerBrokenError, (200, _page(case), {"Content-Type": kind}))

    def test_a_body_without_an_end_is_not_read(self, case: ExchangeCase) -> None:
        """Nor one that is compressed: it was not asked for."""
        huge = b'{"access_token": "' + b"x" * FAIR.body
        error = self._refused(case, IssuerBrokenError, (200, huge))
        assert "without an end" in error.reason
        self._refused(case, IssuerBrokenError, (200, huge, {"Content-Encoding": "gzip"}))

    def test_a_truncated_answer_is_none(self, case: ExchangeCase) -> None:
        """The connection ends before the answer does."""
        status, body, headers = _first(case)
        told = {**headers, "Content-Length": str(len(body) + 10)}
        error = self._refused(case, IssuerUnreachableError, (status, body, told))
        assert isinstance(error, IssuerError)
        assert "broke the connection" in error.reason
        assert error.ambiguous

    @pytest.mark.parametrize(("serve", "limits", "words"), _SLOW.values(), ids=_SLOW.keys())
    def test_a_vendor_that_does_not_come_to_an_end_is_left(
        self, case: ExchangeCase, serve: Callable[..., None], limits: Limits, words: str
    ) -> None:
        """Within our own time, whatever it sends in between."""
        with Raw(serve) as vendor, pytest.raises(IssuerUnreachableError, match=words) as caught:
            case.run(vendor.address, limits)
        self._looked_at(caught.value, case)
        assert caught.value.ambiguous

    def test_a_vendor_out_of_reach_is_said_to_be_so(self, case: ExchangeCase) -> None:
        """Nothing was sent."""
        with (
            nowhere() as address,
            pytest.raises(IssuerUnreachableError, match="cannot be reached") as caught,
        ):
            case.run(address, FAIR)
        self._looked_at(caught.value, case)
        assert caught.value.code == "issuer_unreachable"
        assert not caught.value.ambiguous

    def test_a_clock_that_is_wrong_is_named(self, case: ExchangeCase) -> None:
        """A refusal while two clocks are apart says by how much."""
        with (
            Dated(script(case.refusal), formatdate(time() - 600)) as vendor,
            pytest.raises(NotEntitledError, match="s ahead of the vendor's") as caught,
        ):
            case.run(vendor.address, FAIR)
        self._looked_at(caught.value, case)

    def test_a_vendor_that_returns_what_it_got_is_not_believed(self, case: ExchangeCase) -> None:
        """The kernel would get the long-lived key."""
        given = next(iter(case.values.values()))
        swap = (given, _key(case))
        answers = [_swapped(answer, *swap) for answer in case.good()]
        with Scripted(script(*answers)) as vendor, pytest.raises(IssuerBrokenError) as caught:
            case.run(vendor.address, FAIR)
        self._looked_at(caught.value, case)

    def test_nothing_of_the_environment_is_used(
        self, case: ExchangeCase, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """No proxy, no netrc, no CA variables: only what the profile says."""
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login me password somebodys-password\n")
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("NETRC", str(netrc))
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none"))
        with nowhere() as address, Scripted(script(*case.good())) as vendor:
            for name in ("http_proxy", "https_proxy", "all_proxy"):
                monkeypatch.setenv(name, address)
                monkeypatch.setenv(name.upper(), address)
            case.run(vendor.address, FAIR)
            assert "somebodys-password" not in str(vendor.headers)
            assert "Basic bWU6" not in str(vendor.headers)

    @pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
    def test_tls_is_verified(
        self, case: ExchangeCase, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """An authority has to be known by the profile; the environment's does not count."""
        cert = certificate(tmp_path)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(cert[0]))
        monkeypatch.setenv("SSL_CERT_FILE", str(cert[0]))
        with Tls(script(*case.good()), *cert) as vendor:
            with pytest.raises(IssuerUnreachableError, match="no trusted TLS") as caught:
                case.run(vendor.address, FAIR)
            assert "ca_file" in self._looked_at(caught.value, case).next_step
            assert vendor.requests == []
            assert case.run(vendor.address, FAIR, ca_file=str(cert[0])).main
            elsewhere = vendor.address.replace("127.0.0.1", "localhost")
            with pytest.raises(IssuerUnreachableError, match="no trusted TLS"):
                case.run(elsewhere, FAIR, ca_file=str(cert[0]))
        with pytest.raises(ConfigError, match="there is no file"):
            case.run("https://127.0.0.1:1", ca_file=str(tmp_path / "none"))

    def _refused(
        self, case: ExchangeCase, kind: type[QcredError], answer: tuple[Any, ...]
    ) -> QcredError:
        """Let the vendor answer; return the error, which shows nothing."""
        with Scripted(script(answer)) as vendor:
            with pytest.raises(kind) as caught:
                case.run(vendor.address, FAIR)
            assert len(vendor.requests) == 1  # nothing is retried behind the caller's back
        return self._looked_at(caught.value, case)

    def _looked_at(self, error: QcredError, case: ExchangeCase) -> QcredError:
        assert_shows_nothing_of(error, *case.secrets, also=(case.package,))
        assert error.credential == CREDENTIAL
        assert len(error.next_step) > 20
        return error


def _key(case: ExchangeCase) -> str:
    """Return the secret that is handed in: the longest, since ids and names are short."""
    secrets = [value for name, value in case.fields.items() if not name.endswith("_id")]
    return max(secrets, key=len)


def _page(case: ExchangeCase) -> bytes:
    page = f"<html><body>Sign in to the hotel's network {BODY} {_key(case)}</body></html>"
    return page.encode()


def _first(case: ExchangeCase) -> tuple[int, bytes, dict[str, str]]:
    status, content, *more = case.good()[0]
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return status, body, more[0] if more else {}


def _swapped(answer: tuple[Any, ...], given: str, kept: str) -> tuple[Any, ...]:
    status, content, *more = answer
    if isinstance(content, bytes):
        body: Any = content.replace(given.encode(), kept.encode())
    else:
        body = json.loads(json.dumps(content).replace(given, kept))
    headers = [{name: text.replace(given, kept) for name, text in it.items()} for it in more]
    return (status, body, *headers)

"""The circuit breaker: it stops what is in vain, finds out by one request, and tells twice."""

from __future__ import annotations

import logging
import random
import threading
from datetime import UTC, datetime

import pytest
from support.loopback import Scripted

from jupyter_qcred.core.errors import (
    IssuerBrokenError,
    IssuerSealedError,
    IssuerThrottledError,
    IssuerUnreachableError,
    NotEntitledError,
)
from jupyter_qcred.core.lease import Accessor
from jupyter_qcred.core.secret import Secret
from jupyter_qcred.issue.breaker import Breaker
from jupyter_qcred.issue.guard import GuardedIssuer
from jupyter_qcred.issue.issuer import IssuedToken
from jupyter_qcred.issue.profile_file import profiles_from_mapping
from jupyter_qcred.issue.vault.issuer import VaultIssuer

LOG = logging.getLogger("breaker")


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> float:
        return self.seconds

    def wall(self) -> datetime:
        return datetime(2026, 5, 1, 14, 2, 11, tzinfo=UTC)


class Calls:
    """An upstream that answers or fails as it is told, and counts."""

    def __init__(self) -> None:
        self.made = 0
        self.error: Exception | None = None

    def __call__(self) -> str:
        self.made += 1
        if self.error is not None:
            raise self.error
        return "fine"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def calls() -> Calls:
    return Calls()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(lambda: "OpenBao at https://bao", clock, LOG, rng=random.Random(1))


def fail(breaker: Breaker, calls: Calls, error: Exception, times: int = 1) -> None:
    calls.error = error
    for _ in range(times):
        with pytest.raises(type(error)):
            breaker.run("issuing", calls)


DOWN = IssuerUnreachableError("it cannot be reached")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (DOWN, "cannot be reached"),
        (IssuerSealedError("x"), "is sealed or not initialised"),
        (IssuerThrottledError("x"), "limits the rate of requests"),
        (IssuerBrokenError("x"), "fails, or gives answers that make no sense"),
    ],
)
def test_after_three_failures_nothing_is_asked_any_more(breaker, calls, clock, error, words):
    """The refusal is of the same kind, and says since when and when the next try is."""
    fail(breaker, calls, error, 3)
    with pytest.raises(type(error), match=f"{words}, since 14:02:11 UTC; the next try is in 1 s"):
        breaker.run("issuing", calls)
    assert calls.made == 3
    outage = breaker.outage()
    assert outage is not None
    assert (outage.code, outage.words, outage.failed) == (error.code, words, {"issuing": 4})


def test_failures_with_an_answer_between_them_open_nothing(breaker, calls):
    """Two failures are what happens on any network."""
    for _ in range(5):
        fail(breaker, calls, DOWN, 2)
        calls.error = None
        assert breaker.run("issuing", calls) == "fine"
    assert breaker.outage() is None


def test_a_refusal_is_an_answer(breaker, calls):
    """A right that is missing for one path says nothing about the issuer but that it is there."""
    fail(breaker, calls, NotEntitledError("no"), 10)
    assert breaker.outage() is None
    fail(breaker, calls, DOWN, 3)
    assert breaker.outage() is not None
    calls.error = NotEntitledError("no")
    with pytest.raises(NotEntitledError):
        breaker.run("revoking", calls, always=True)
    assert breaker.outage() is None


def test_one_request_finds_out(breaker, calls, clock):
    """When the wait is over one request is let through; meanwhile others are refused."""
    fail(breaker, calls, DOWN, 3)
    clock.seconds += 1.0
    under_way, go_on = threading.Event(), threading.Event()

    def slow() -> str:
        under_way.set()
        assert go_on.wait(10)
        return "fine"

    probe = threading.Thread(target=breaker.run, args=("issuing", slow))
    probe.start()
    assert under_way.wait(10)
    calls.error = None
    with pytest.raises(IssuerUnreachableError):
        breaker.run("issuing", calls)
    go_on.set()
    probe.join(10)
    assert breaker.run("issuing", calls) == "fine"


def test_waits_grow_and_stay_bounded(breaker, calls, clock):
    """Each probe that fails makes the next wait longer, up to fifteen seconds."""
    fail(breaker, calls, DOWN, 3)
    waits = []
    for _ in range(12):
        waits.append(breaker.outage().next_try)
        clock.seconds += waits[-1]
        fail(breaker, calls, DOWN)
    assert waits[0] < 1
    assert max(waits) <= 15
    assert sum(waits[-3:]) > 5 * sum(waits[:3])
    assert calls.made == 3 + 12


def test_a_probe_that_ends_by_our_own_fault_lets_the_next_one_through(breaker, calls, clock):
    """A bug of ours must not keep the issuer away for ever."""
    fail(breaker, calls, DOWN, 3)
    clock.seconds += 1.0
    fail(breaker, calls, ZeroDivisionError())
    calls.error = None
    assert breaker.run("issuing", calls) == "fine"


def test_what_the_issuer_asks_to_wait_is_waited(breaker, calls, clock):
    """Retry-After of a 429 is longer than our own wait: it counts."""
    fail(breaker, calls, IssuerThrottledError("x", retry_after=7.0), 3)
    assert breaker.outage().next_try == 7.0


def test_revocations_are_never_held_back(breaker, calls, clock):
    """They are made while it is open; what they hear is heard by all, without longer waits."""
    fail(breaker, calls, DOWN, 3)
    wait = breaker.outage().next_try
    for _ in range(20):
        with pytest.raises(IssuerUnreachableError):
            breaker.run("revoking", calls, always=True)
    assert calls.made == 23
    assert breaker.outage().next_try == wait
    calls.error = None
    changes = []
    breaker.on_change = lambda: changes.append(breaker.outage())
    assert breaker.run("revoking", calls, always=True) == "fine"
    assert changes == [None]


def test_an_outage_of_500_sessions_is_two_lines(breaker, calls, clock, caplog):
    """One when it begins, one when it is over: how long, how many, and what was affected."""
    fail(breaker, calls, DOWN, 3)
    for _ in range(40):
        clock.seconds += 3.0
        for what in ("renewing tokens", "issuing ionq"):
            for _ in range(500):
                with pytest.raises(IssuerUnreachableError):
                    breaker.run(what, calls)
    calls.error = None
    clock.seconds += 20
    breaker.run("issuing", calls)
    away, back = caplog.messages
    assert away.startswith("OpenBao at https://bao cannot be reached: nothing is issued or renewed")
    assert back == (
        "OpenBao at https://bao serves again after 2m 20s: 40003 requests failed or waited: "
        "issuing (3), issuing ionq (20000), renewing tokens (20000)."
    )
    assert {record.levelname for record in caplog.records} == {"WARNING"}


def test_an_issuer_that_comes_and_goes_is_told_once_in_a_while(breaker, calls, clock, caplog):
    """A rate limit flaps: two lines, not two a second; what lasts is told all the same."""
    for _ in range(30):
        fail(breaker, calls, IssuerThrottledError("x"), 3)
        clock.seconds += 1.0
        calls.error = None
        breaker.run("issuing", calls)
    assert len(caplog.messages) == 2
    fail(breaker, calls, DOWN, 3)
    assert len(caplog.messages) == 2
    clock.seconds += 11.0
    fail(breaker, calls, DOWN)
    assert "cannot be reached" in caplog.messages[2]


# -- the issuer behind it -------------------------------------------------------------------------

TOKEN = IssuedToken(Secret("s.token"), Accessor("a"), 60.0, renewable=True, narrowed=True)


def test_a_source_that_fails_does_not_keep_the_others_from_being_issued(clock, caplog):
    """5xx of one engine opens the breaker of that source; 5xx of all paths opens the whole."""
    everything_fails = False

    def answer(method, path, body):
        if "broken" in path or everything_fails:
            return 500, {"errors": ["pq: connection refused"]}
        if "renew-self" in path:
            return 200, {"auth": {"lease_duration": 60}}
        return 200, {"data": {"value": "12345678"}}

    profiles = profiles_from_mapping(
        {name: {"vendor": name, "source": f"kv1:kv/{name}"} for name in ("broken", "whole")}, "test"
    )
    with Scripted(answer) as server:
        vault = VaultIssuer(address=server.address, auth_method="token", token="s.x")
        guard = GuardedIssuer(lambda: vault, vault.describe, clock, LOG)
        for _ in range(5):
            with pytest.raises(IssuerBrokenError):
                guard.issue(TOKEN, profiles["broken"])
        assert len([1 for _, path, _ in server.requests if "broken" in path]) == 3
        assert guard.whole.outage() is None
        assert guard.issue(TOKEN, profiles["whole"]).main == "value"
        assert "the source of broken, fails" in caplog.text
        everything_fails = True
        for _ in range(3):
            with pytest.raises(IssuerBrokenError):
                guard.renew_token(TOKEN)
        with pytest.raises(IssuerBrokenError, match="the next try is in") as refused:
            guard.issue(TOKEN, profiles["whole"])
        assert refused.value.credential == "whole"
        assert guard.whole.outage() is not None
        vault.close()


def test_a_proxy_s_request_to_wait_reaches_the_breaker(clock):
    """Retry-After of a real answer."""
    with Scripted(lambda *_: (429, {"errors": ["slow down"]}, {"Retry-After": "9"})) as server:
        vault = VaultIssuer(address=server.address, auth_method="token", token="s.x")
        guard = GuardedIssuer(lambda: vault, vault.describe, clock, LOG)
        for _ in range(3):
            with pytest.raises(IssuerThrottledError):
                guard.renew_token(TOKEN)
        assert guard.whole.outage().next_try == 9.0
        vault.close()

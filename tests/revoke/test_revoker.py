"""Debts are paid until the upstream has answered, a few at a time, for everybody to see."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest
from support import deployment
from support.openbao import wait_until
from support.stack import HandClock

from jupyter_qcred.core.errors import IssuerThrottledError, IssuerUnreachableError
from jupyter_qcred.core.lease import Accessor, IntentId, Outcome
from jupyter_qcred.core.secret import Secret
from jupyter_qcred.issue.issuer import IssuedToken, SessionRequest
from jupyter_qcred.issue.vault.issuer import VaultIssuer
from jupyter_qcred.issue.workers import Workers
from jupyter_qcred.revoke.revoker import Debt, Revoker, Settled

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from support.openbao import OpenBao


class Upstream:
    """Answers revocations as it is told, and knows how many were under way at once."""

    def __init__(self) -> None:
        self.answer: Callable[[], Outcome] = lambda: Outcome.CONFIRMED
        self.asked = 0
        self.most = 0
        self._now = 0
        self._lock = threading.Lock()

    def revoke_token(self, token: IssuedToken) -> Outcome:
        with self._lock:
            self.asked += 1
            self._now += 1
            self.most = max(self.most, self._now)
        try:
            return self.answer()
        finally:
            with self._lock:
                self._now -= 1


def token(own: bool = True) -> IssuedToken:
    return IssuedToken(Secret("s.x"), Accessor("a"), 60.0, renewable=True, narrowed=True, own=own)


def debt(number: int = 0, bound: float = 1e12) -> Debt:
    return Debt(IntentId(f"intent-{number}"), token(), bound)


class Book:
    """A revoker with what it told."""

    def __init__(self, upstream: Any, clock: Any = None) -> None:
        self.settled: list[tuple[str, Settled]] = []
        self.refused: list[str] = []
        self.workers = Workers()
        self.revoker = Revoker(
            lambda: upstream,
            lambda: None,
            self.workers,
            clock or HandClock(),
            lambda debt, how: self.settled.append((debt.intent, how)),
            lambda debt: self.refused.append(debt.intent),
        )


def run(story: Coroutine[Any, Any, None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(30):
            await story

    asyncio.run(bounded())


async def until(condition: Callable[[], object]) -> None:
    while not condition():
        await asyncio.sleep(0.005)


def raises(error: Exception) -> Callable[[], Outcome]:
    def answer() -> Outcome:
        raise error

    return answer


def test_few_are_paid_at_once() -> None:
    """The end of 200 sessions takes eight of the sixteen workers: the others renew."""
    upstream = Upstream()
    gate = threading.Event()
    upstream.answer = lambda: Outcome.CONFIRMED if gate.wait(20) else Outcome.FAILED
    book = Book(upstream)

    async def story() -> None:
        for number in range(200):
            book.revoker.owe(debt(number))
        await until(lambda: upstream.asked == 8)
        assert await book.workers.run(lambda: "renewed") == "renewed"
        assert upstream.asked == 8
        gate.set()
        assert await book.revoker.drain(20)
        assert upstream.most == 8
        assert len(book.settled) == 200

    run(story())


def test_an_engine_that_hangs_keeps_no_token_alive() -> None:
    """The ends of leases take two workers at most: every token is revoked meanwhile."""
    upstream = Upstream()
    gate, ended = threading.Event(), []

    def revoke_lease(_by: IssuedToken, lease: str) -> Outcome:
        assert gate.wait(20)
        ended.append(lease)
        return Outcome.CONFIRMED

    upstream.revoke_lease = revoke_lease  # type: ignore[attr-defined]
    book = Book(upstream)
    book.revoker._server_token = token

    async def story() -> None:
        for number in range(20):
            lease = (f"database/creds/{number}",)
            book.revoker.owe(Debt(IntentId(f"intent-{number}"), token(), 1e12, lease))
        await until(lambda: upstream.asked == 20)
        assert book.settled == []
        gate.set()
        assert await book.revoker.drain(20)
        assert len(ended) == len(book.settled) == 20

    run(story())


def test_what_is_outstanding_says_how_often_and_why() -> None:
    """Attempts, the last reason and since when, until it is settled."""
    upstream = Upstream()
    upstream.answer = raises(IssuerUnreachableError("no connection"))
    book = Book(upstream)

    async def story() -> None:
        book.revoker.owe(debt())
        await until(lambda: upstream.asked >= 2)
        (left,) = book.revoker.open()
        assert left.attempts >= 2
        assert left.reason == "no connection"
        assert left.since.tzinfo is not None
        upstream.answer = lambda: Outcome.CONFIRMED
        book.revoker.hurry()
        assert await book.revoker.drain(5)
        assert book.revoker.open() == ()
        assert book.settled == [("intent-0", Settled.CONFIRMED)]

    run(story())


def test_a_refusal_is_told_once_and_tried_again() -> None:
    """A permission that was taken away settles nothing; when it is back, the token dies."""
    upstream = Upstream()
    upstream.answer = lambda: Outcome.UNSUPPORTED
    book = Book(upstream)

    async def story() -> None:
        book.revoker.owe(debt())
        await until(lambda: book.refused)
        for asked in (2, 3):
            book.revoker.hurry()
            await until(lambda asked=asked: upstream.asked >= asked)
        assert book.refused == ["intent-0"]
        assert book.settled == []
        upstream.answer = lambda: Outcome.CONFIRMED
        await asyncio.sleep(0)
        await until(lambda: book.revoker.hurry() or book.settled)
        assert book.settled == [("intent-0", Settled.CONFIRMED)]

    run(story())


def test_past_its_bound_it_has_expired() -> None:
    """What nobody answered for is dead when its time has passed, not before."""
    upstream = Upstream()
    upstream.answer = raises(IssuerUnreachableError("no connection"))
    clock = HandClock()
    book = Book(upstream, clock)

    async def story() -> None:
        book.revoker.owe(debt(bound=clock.now() + 3600))
        await until(lambda: upstream.asked >= 2)
        assert book.settled == []
        clock.add(3601)
        book.revoker.hurry()
        await until(lambda: book.settled)
        assert book.settled == [("intent-0", Settled.EXPIRED)]

    run(story())


def test_the_wait_that_is_asked_for_is_kept() -> None:
    """After a 429 with Retry-After nothing is asked until then, unless the issuer is back."""
    upstream = Upstream()
    upstream.answer = raises(IssuerThrottledError("slow down", retry_after=3600.0))
    book = Book(upstream)

    async def story() -> None:
        book.revoker.owe(debt())
        await until(lambda: book.revoker.open()[0].reason)
        # Without it, the waits of 0.2 s and 0.4 s would be over several times.
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(until(lambda: upstream.asked > 1), 1.2)
        book.revoker.hurry()
        await until(lambda: upstream.asked == 2)

    run(story())


@pytest.fixture
def issuer(fresh_openbao: OpenBao) -> Any:
    deployment.provide(fresh_openbao)
    made = VaultIssuer(
        address=fresh_openbao.address, auth_method="token", token=fresh_openbao.login_token()
    )
    yield made
    made.close()


def test_a_policy_that_was_changed_under_it(fresh_openbao: OpenBao, issuer: VaultIssuer) -> None:
    """Real OpenBao: the right to revoke is taken away, and the token dies when it is given back."""
    from jupyter_qcred.issue.vault import roles

    session = issuer.open_session(
        issuer.open_server(), SessionRequest("intent-0", "alice", "server", "kernel")
    )
    allowed = roles.policy_text(roles.KERNEL_ROLE)
    book = Book(issuer)

    async def story() -> None:
        fresh_openbao.policy(roles.KERNEL_ROLE, allowed.replace("auth/token/revoke-self", "no"))
        book.revoker.owe(Debt(IntentId("intent-0"), session, 1e12))
        await until(lambda: book.refused)
        assert fresh_openbao.lookup_accessor(session.accessor) is not None
        fresh_openbao.policy(roles.KERNEL_ROLE, allowed)
        book.revoker.hurry()
        await until(lambda: book.settled)

    run(story())
    wait_until("it is dead", lambda: fresh_openbao.lookup_accessor(session.accessor) is None)
    assert book.settled == [("intent-0", Settled.CONFIRMED)]

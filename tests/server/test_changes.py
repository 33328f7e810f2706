"""The long poll: one request while nothing changes, and an answer as soon as something does."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from jupyter_qcred.core.errors import QcredError
from jupyter_qcred.deliver.overview import (
    CredentialOverview,
    IssuerOverview,
    KernelOverview,
    OutstandingOverview,
    ServerOverview,
    TokenOverview,
)
from jupyter_qcred.server import changes as module
from jupyter_qcred.server.changes import Changes, News, StoppingError, TooManyError, same
from jupyter_qcred.server.receipt import Receipt, Receipts

SERVER = "4711-abcdef01"


class Clock:
    """Moves when it is told to."""

    at = 1000.0

    def now(self) -> float:
        return self.at

    def wall(self) -> datetime:
        return datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


LEASE = CredentialOverview("ionq", "ionq", "feed", "live", 600.0, 0, True, True, {"a": "b"})
KERNEL = KernelOverview("s", "i", "k", "", True, 600.0, (LEASE,))
ISSUER = IssuerOverview("OpenBao", "issuer_sealed", "is sealed", "2026", 3.0)
SERVER_NOW = ServerOverview("now", "1", "s", "u", True, True, ISSUER, None, None, (KERNEL,), (), ())
OWED = OutstandingOverview("credential", "i", "k", ("ionq",), "feed", "2026", 1, 60.0, "")


class World:
    """What a server shows, and how often it was looked at."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.ends = self.clock.at + 600.0
        self.user = "alice"
        self.looks = 0
        self.error: Exception | None = None
        self.receipts = Receipts()

    async def look(self) -> ServerOverview:
        self.looks += 1
        if self.error is not None:
            raise self.error
        lease = replace(LEASE, expires_in=max(0.0, self.ends - self.clock.at))
        kernel = replace(KERNEL, credentials=(lease,), token_expires_in=None)
        return replace(SERVER_NOW, now=str(self.clock.at), user=self.user, kernels=(kernel,))

    def changes(self) -> Changes:
        return Changes(self.look, self.receipts, self.clock, SERVER)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(module, "_TICK", 0.01)
    return World()


def saved(path: str, **findings: int) -> Receipt:
    return Receipt(path, findings)


def test_who_asks_first_gets_everything_at_once(world: World) -> None:
    """Without an id, with one of another server, or with a text that is none."""

    async def story() -> None:
        changes = world.changes()
        for since in ("", "99-other.1.0", "nonsense", f"{SERVER}.x.0", f"{SERVER}.1", "." * 100):
            news = await changes.after(since, 50)
            assert news.status is not None
            assert not news.resumed
        changes.close()

    asyncio.run(story())


def test_while_nothing_changes_the_answer_waits(world: World) -> None:
    """Time passes, deadlines come nearer, and the one request is held until its time is over."""

    async def story() -> News:
        changes = world.changes()
        first = await changes.after("", 0)
        waiting = asyncio.ensure_future(changes.after(first.id, 0.2))
        while not waiting.done():
            world.clock.at += 7.0
            await asyncio.sleep(0.02)
        changes.close()
        news = waiting.result()
        assert news.id == first.id
        return news

    news = asyncio.run(story())
    assert (news.status, news.resumed, news.redactions) == (None, True, ())
    assert world.looks > 3


@pytest.mark.parametrize("change", ["a lease is extended", "a state is new", "a save redacts"])
def test_a_change_is_told_to_all_who_wait(world: World, change: str) -> None:
    """Whatever it is: everybody has it, and the next question waits again."""

    async def story() -> None:
        changes = world.changes()
        first = await changes.after("", 0)
        waiting = [asyncio.ensure_future(changes.after(first.id, 50)) for _ in range(3)]
        await asyncio.sleep(0.05)
        assert not any(one.done() for one in waiting)
        if change == "a lease is extended":
            world.ends += 60.0
        elif change == "a state is new":
            world.user = "bob"
        else:
            world.receipts.add(saved("work.ipynb", ionq=1))
        told = await asyncio.wait_for(asyncio.gather(*waiting), 30)
        assert {news.redactions for news in told} == {
            ("work.ipynb",) if change == "a save redacts" else ()
        }
        assert {news.status is None for news in told} == {change == "a save redacts"}
        assert len({news.id for news in told}) == 1
        again = await changes.after(told[0].id, 0)
        assert not again.any
        changes.close()

    asyncio.run(story())


def test_whoever_was_away_gets_the_present_state(world: World) -> None:
    """An old id resumes: one answer holds what ten changes came to, and every file once."""

    async def story() -> None:
        changes = world.changes()
        first = await changes.after("", 0)
        for number in range(10):
            world.user = f"user {number}"
            world.receipts.add(saved(f"{number % 2}.ipynb", ionq=number + 1))
            await changes.after("", 0)
        news = await changes.after(first.id, 50)
        assert news.status is not None
        assert news.status.user == "user 9"
        assert news.resumed
        assert sorted(news.redactions) == ["0.ipynb", "1.ipynb"]
        for number in range(300):
            world.receipts.add(saved(f"{number}.ipynb", ionq=1))
        assert not (await changes.after(first.id, 50)).resumed
        changes.close()

    asyncio.run(story())


def test_nobody_waits_nobody_looks(world: World) -> None:
    """When the last client has its answer or is gone, the server's looking ends."""

    async def story() -> None:
        changes = world.changes()
        first = await changes.after("", 0)
        waiting = asyncio.ensure_future(changes.after(first.id, 50))
        await asyncio.sleep(0.05)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await asyncio.sleep(0.05)
        looks = world.looks
        await asyncio.sleep(0.1)
        assert world.looks == looks

    asyncio.run(story())


def test_the_end_of_the_server_sends_everybody_away(world: World) -> None:
    """At once, those who come later too."""

    async def story() -> None:
        changes = world.changes()
        first = await changes.after("", 0)
        waiting = asyncio.ensure_future(changes.after(first.id, 50))
        await asyncio.sleep(0.05)
        changes.close()
        with pytest.raises(StoppingError):
            await asyncio.wait_for(waiting, 30)
        with pytest.raises(StoppingError):
            await changes.after("", 0)
        changes.close()

    asyncio.run(story())


def test_more_than_so_many_do_not_wait(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that opens connection after connection is refused, and the others go on."""
    monkeypatch.setattr(module, "_MOST_WAITING", 2)

    async def story() -> None:
        changes = world.changes()
        first = await changes.after("", 0)
        waiting = [asyncio.ensure_future(changes.after(first.id, 50)) for _ in range(2)]
        await asyncio.sleep(0.05)
        with pytest.raises(TooManyError):
            await changes.after("", 0)
        world.user = "bob"
        await asyncio.wait_for(asyncio.gather(*waiting), 30)
        assert (await changes.after("", 0)).status is not None
        changes.close()

    asyncio.run(story())


def test_a_service_that_is_busy_for_a_moment_loses_nobody(world: World) -> None:
    """A look that fails is tried again; who comes meanwhile is told that it failed."""

    async def story() -> None:
        changes = world.changes()
        first = await changes.after("", 0)
        waiting = asyncio.ensure_future(changes.after(first.id, 50))
        await asyncio.sleep(0.05)
        for error in (TimeoutError(), QcredError("no")):
            world.error = error
            await asyncio.sleep(0.05)
            with pytest.raises(type(error)):
                await changes.after("", 0)
        world.error, world.user = None, "bob"
        assert (await asyncio.wait_for(waiting, 30)).status is not None
        changes.close()

    asyncio.run(story())


def after(**fields: Any) -> ServerOverview:
    """Return the server ten seconds later, with its lease changed."""
    lease = replace(LEASE, **{"expires_in": 590.0, **fields})
    kernel = replace(KERNEL, token_expires_in=590.0, credentials=(lease,))
    return replace(SERVER_NOW, now="later", kernels=(kernel,))


@pytest.mark.parametrize(
    ("other", "alike"),
    [
        (after(), True),
        (after(expires_in=589.2), True),
        (after(expires_in=600.0), False),
        (after(expires_in=0.0), False),
        (after(expires_in=None), False),
        (after(renewals=1), False),
        (after(labels={"a": "c"}), False),
        (after(state="issued"), False),
        (replace(after(), kernels=()), False),
        (replace(after(), kernels=(*after().kernels, KERNEL)), False),
        (replace(after(), issuer=replace(ISSUER, next_try_in=None)), True),
        (replace(after(), issuer=replace(ISSUER, health="ok")), False),
        (replace(after(), server_token=TokenOverview(60.0, narrowed=True, own=True)), False),
        (replace(after(), outstanding=(OWED,)), False),
    ],
)
def test_countdowns_are_no_changes(other: ServerOverview, *, alike: bool) -> None:
    """Only what a client that counts down would show wrong by more than a second is one."""
    assert same(SERVER_NOW, other, 10.0) is alike


def test_more_attempts_at_the_same_are_no_change() -> None:
    """A debt that is asked for again and again tells nothing new, and one that is dead is dead."""
    earlier = replace(SERVER_NOW, kernels=(), outstanding=(OWED,))
    for attempts, left, alike in ((2, 50.0, True), (2, 60.0, False)):
        owed = replace(OWED, attempts=attempts, expires_in=left)
        assert same(earlier, replace(earlier, outstanding=(owed,)), 10.0) is alike
    ended = replace(earlier, outstanding=(replace(OWED, expires_in=0.0),))
    assert same(earlier, ended, 100.0)

"""What people are shown of a lease: its life by the clock, and nothing of its value."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from math import inf
from typing import TYPE_CHECKING

import pytest

from jupyter_qcred.core.lease import Accessor, IntentId
from jupyter_qcred.core.secret import Secret
from jupyter_qcred.deliver import overview
from jupyter_qcred.deliver.leases import LeaseBook
from jupyter_qcred.deliver.oversight import Oversight
from jupyter_qcred.deliver.service import CredentialService
from jupyter_qcred.deliver.session_token import Life
from jupyter_qcred.deliver.taken import Standing, Taken
from jupyter_qcred.deliver.trail import Owner
from jupyter_qcred.issue.issuer import IssuedCredential, IssuedToken
from jupyter_qcred.issue.profile import Profile, Source, SourceKind
from jupyter_qcred.revoke.revoker import Debt, Outstanding, Settled

if TYPE_CHECKING:
    from jupyter_qcred.deliver.leases import Entry

VALUE = "overview-canary-2c41d9e07b5a"
STATIC = Profile(
    "ibm-quantum", "ibm-quantum", Source(SourceKind.KV2, "qcred/ibm", "qcred"), labels={"a": "b"}
)


class Clock:
    """Stands where it is put."""

    at = 1000.0

    def now(self) -> float:
        return self.at

    def wall(self) -> datetime:
        return datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


TOKEN = IssuedToken(Secret(VALUE), Accessor("acc"), 600.0, renewable=True, narrowed=True)
LIFE = Life(
    TOKEN, IntentId("intent-1"), TOKEN, granted=600.0, expires_at=1600.0, dead_at=1601.0, due=1400.0
)


def issued(ttl: float | None, **facts: bool) -> IssuedCredential:
    return IssuedCredential(
        values={"key": Secret(VALUE)},
        public={},
        main="key",
        upstream_lease="engine/creds/x/1" if facts.get("revocable") else None,
        ttl=ttl,
        renewable=facts.get("renewable", False),
        revocable=facts.get("revocable", False),
    )


def entry(ttl: float | None, **facts: bool) -> tuple[LeaseBook, Entry, Clock]:
    clock = Clock()
    book = LeaseBook(clock)
    return book, book.add(STATIC, issued(ttl, **facts), LIFE, clock.at), clock


def test_a_lease_is_shown_by_the_clock_and_without_its_value() -> None:
    """Seconds left at that moment, never negative, and all that the reader may know."""
    book, lease, clock = entry(90.0, renewable=True, revocable=True)
    clock.at += 30.04
    shown = overview.as_json(overview.credential(lease, clock.now()))
    assert shown == {
        "credential": "ibm-quantum",
        "vendor": "ibm-quantum",
        "lease_id": lease.lease.lease_id,
        "state": "issued",
        "expires_in": 60.0,
        "renewals": 0,
        "renewable": True,
        "revocable": True,
        "labels": {"a": "b"},
        "delivery": "direct",
    }
    book.delivered(lease.lease.lease_id)
    clock.at += 1000
    (late,) = book.all()
    ended = overview.credential(late, clock.now())
    assert (ended.state, ended.expires_in) == ("live", 0.0)
    assert VALUE not in json.dumps(shown) + repr(ended)


def test_a_static_key_is_held_as_long_as_its_session_lives() -> None:
    """It has no end of its own; the kernel holds it under the session token."""
    _, lease, clock = entry(None)
    assert overview.credential(lease, clock.now()).expires_in == 600.0
    assert overview.seconds_until(lease.dead_at, clock.now()) is None


def test_a_replaced_value_counts_as_renewed() -> None:
    """An extension and a replacement, each counts one; a value after an end begins anew."""
    book, _, clock = entry(90.0, renewable=True)
    book.delivered(book.all()[0].lease.lease_id)
    assert (
        overview.credential(book.renewed("ibm-quantum", 90.0, clock.at), clock.now()).renewals == 1
    )
    assert (
        overview.credential(book.add(STATIC, issued(90.0), LIFE, clock.at), clock.now()).renewals
        == 2
    )
    clock.at += 91
    assert (
        overview.credential(book.add(STATIC, issued(90.0), LIFE, clock.at), clock.now()).renewals
        == 0
    )


@pytest.mark.parametrize(("bound", "left"), [(1012.34, 12.3), (990.0, 0.0), (inf, None)])
def test_a_debt_is_shown_with_its_bound(bound: float, left: float | None) -> None:
    """What, whose, since when, how often, and when it has certainly died."""
    _, lease, clock = entry(90.0, revocable=True)
    debt = Debt(LIFE.intent, TOKEN, bound, ("engine/creds/x/1",), lease.lease.lease_id)
    owed = Outstanding(debt, clock.wall(), 3, "the issuer is sealed")
    shown = overview.as_json(
        overview.outstanding(owed, Owner("kernel-1", ("ibm-quantum",)), clock.now())
    )
    assert shown == {
        "kind": "credential",
        "session": "intent-1",
        "kernel": "kernel-1",
        "credentials": ("ibm-quantum",),
        "lease_id": lease.lease.lease_id,
        "since": "2026-01-02T03:04:05+00:00",
        "attempts": 3,
        "expires_in": left,
        "reason": "the issuer is sealed",
    }
    assert VALUE not in json.dumps(shown)
    token = Outstanding(Debt(LIFE.intent, TOKEN, bound), clock.wall(), 1, "")
    whole = overview.outstanding(token, Owner("", ()), clock.now())
    assert (whole.kind, whole.lease_id) == ("session token", "")


def test_what_nobody_needed_yet_is_nothing() -> None:
    """A service without a kernel: no issuer is contacted to tell so."""
    service = CredentialService()
    try:
        status = service.engine.wait(Oversight(service).status(), 10)
    finally:
        service.close()
    assert (status.kernels, status.outstanding, status.leftovers) == ((), (), ())
    assert (status.issuer.health, status.server_token) == ("unknown", None)
    assert service.made_parts is None


def test_a_standing_is_what_the_issuer_said_in_time() -> None:
    """Unanswered within the patience is outstanding; nothing to ask for is unsupported."""
    _, lease, _ = entry(90.0, revocable=True)

    async def stand() -> list[Standing]:
        settled: asyncio.Future[Settled] = asyncio.get_running_loop().create_future()
        taken = Taken(lease, settled)
        before = await taken.standing(0.01)
        settled.set_result(Settled.CONFIRMED)
        return [before, await taken.standing(0.0), await Taken(lease, None).standing(0.0)]

    assert asyncio.run(stand()) == [
        Standing.OUTSTANDING,
        Standing.CONFIRMED,
        Standing.UNSUPPORTED,
    ]

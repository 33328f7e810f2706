"""A server that is killed between any two steps leaves nothing that lives beyond its bound."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support import deployment
from support.deployment import events
from support.faults import CREATE_SERVER, CREATE_SESSION, REVOKE, AuditedOpenBao
from support.openbao import wait_until
from support.relay import Relay
from support.serving import Service, journals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Start = Callable[..., Service]

NOTHING: frozenset[str] = frozenset()
SERVER = frozenset({CREATE_SERVER})
BOTH = frozenset({CREATE_SERVER, CREATE_SESSION})

# Where the process dies by itself (service.py knows how), and which tokens live then.
INSIDE = {
    "before the server token's intent": NOTHING,
    "after the server token's intent": NOTHING,
    "after the server token's reply": SERVER,
    "after the server token's accessor": SERVER,
    "after the intent": SERVER,
    "after the reply": BOTH,
    "after the accessor": BOTH,
    "after the delivery": BOTH,
    "before the revocation": BOTH,
    "after the revocation": SERVER,
    "before the tombstone": SERVER,
    "after the tombstone": SERVER,
}

# Where it is killed from outside: its request is on the way, or the answer is.
BETWEEN = {
    "with the server token's request sent": (CREATE_SERVER, "request"),
    "with the server token's reply on its way": (CREATE_SERVER, "reply"),
    "with the request sent": (CREATE_SESSION, "request"),
    "with the reply on its way": (CREATE_SESSION, "reply"),
    "with the revocation sent": (REVOKE, "request"),
    "with the revocation's reply on its way": (REVOKE, "reply"),
}
LIVES = INSIDE | {
    point: BOTH if marker == CREATE_SESSION else SERVER for point, (marker, _) in BETWEEN.items()
}

UNNAMED = (
    "after the server token's intent",
    "after the server token's reply",
    "with the server token's request sent",
    "with the server token's reply on its way",
)
"""Nobody wrote down the accessor of the server token: only its TTL ends it."""

AT_THE_TTL = (*UNNAMED, "after the intent", "after the reply", "with the request sent")
"""As well as where an accessor is not known, and one where it could be asked about."""


@pytest.fixture(scope="module")
def bao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AuditedOpenBao]:
    """One for all crashes."""
    server = AuditedOpenBao(tmp_path_factory.mktemp("bao"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def relay(bao: AuditedOpenBao) -> Iterator[Relay]:
    """Stands before it."""
    with Relay(bao.address) as made:
        yield made


def crash(point: str, start: Start, relay: Relay, home: str = "home") -> Service:
    """Run a process with one kernel until it has died at ``point``."""
    marker, when = BETWEEN.get(point, ("", ""))
    ending = marker == REVOKE or "revocation" in point or "tombstone" in point
    started: list[Service] = []

    def kill() -> None:
        started[0].process.kill()

    if marker and not ending:
        relay.trap(marker, when=when, then=kill, cut=False)
    started.append(service := start(point, home=home))
    if ending:
        service.hear("kernel")
        wait_until("both are delivered", lambda: len(events(service.home, "delivered")) == 2, 20)
        if marker:
            relay.trap(marker, when=when, then=kill, cut=False)
        service.tell("end")
    assert service.killed(), service.log()
    return service


def answered(bao: AuditedOpenBao, point: str, before: int) -> None:
    """Wait until OpenBao has dealt with a request whose sender was killed."""
    if point in BETWEEN:
        marker, _ = BETWEEN[point]
        wait_until("the request was dealt with", lambda: len(bao.audited(marker)) > before)


@pytest.mark.parametrize("point", [point for point in LIVES if point not in UNNAMED])
def test_the_next_start_closes_what_a_crash_left_open(
    bao: AuditedOpenBao, relay: Relay, start_service: Start, point: str
) -> None:
    """Whatever the step was, the next process revokes what was made, and then owes nothing."""
    deployment.provide(bao, period="1h", sweep=True)
    before = len(bao.audited(BETWEEN[point][0])) if point in BETWEEN else 0
    service = crash(point, start_service, relay)
    answered(bao, point, before)
    left = bao.live_tree()
    assert {path for path in left.values() if path in BOTH} == LIVES[point]

    following = start_service("next")
    following.hear("settled")
    assert not left.keys() & bao.accessors()
    following.tell("stop")
    assert following.process.wait(20) == 0
    assert bao.live_tree() == {}
    assert journals(service.home) == []


def test_without_a_next_start_everything_dies_at_the_ttl(
    bao: AuditedOpenBao, relay: Relay, start_service: Start
) -> None:
    """Nobody comes back and nobody may sweep: the server token's TTL ends all of it."""
    ttl = 3
    deployment.provide(bao, period=f"{ttl}s")
    for number, point in enumerate(AT_THE_TTL):
        before = len(bao.audited(BETWEEN[point][0])) if point in BETWEEN else 0
        crash(point, start_service, relay, home=f"home-{number}")
        answered(bao, point, before)
    assert bao.live_tree()
    wait_until("all of it is dead", lambda: not bao.live_tree(), ttl + 2)

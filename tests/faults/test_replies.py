"""A reply that is lost after the request was carried out leaves nothing that nobody ends."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from support import deployment
from support.deployment import events
from support.faults import CREATE_SERVER, CREATE_SESSION, REVOKE
from support.openbao import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.faults import AuditedOpenBao
    from support.relay import Relay
    from support.serving import Service

    Start = Callable[..., Service]


def delivered(service: Service) -> Callable[[], bool]:
    return lambda: len(events(service.home, "delivered")) >= 2


def named(service: Service, what: str) -> set[str]:
    """Accessors that the service knows of."""
    return {event["accessor"] for event in events(service.home, "issued", what=what)}


def test_a_session_token_nobody_heard_of_dies_while_its_server_lives(
    bao: AuditedOpenBao, relay: Relay, start_service: Start
) -> None:
    """It is never renewed: its own TTL ends it, however long the server token above it lives."""
    ttl = 4
    deployment.provide(bao, period=f"{ttl}s")
    lost = relay.trap(CREATE_SESSION)
    service = start_service("none")
    wait_until("the kernel has its credentials nevertheless", delivered(service), 20)
    assert lost.sprung.is_set()
    known = named(service, "session token")
    (unknown,) = bao.sessions() - known
    wait_until("it is dead", lambda: unknown not in bao.accessors(), ttl + 2)
    # The others outlive their TTL, as their kernel does.
    wait_until(
        "the session token was renewed", lambda: len(bao.audited("auth/token/renew-self")) >= 4, 20
    )
    assert known <= bao.accessors()
    assert named(service, "server token") <= bao.accessors()


def test_a_server_token_nobody_heard_of_dies_at_its_ttl(
    bao: AuditedOpenBao, relay: Relay, start_service: Start
) -> None:
    """No heartbeat is for it; the one that was made after it serves the kernel."""
    ttl = 4
    deployment.provide(bao, period=f"{ttl}s")
    lost = relay.trap(CREATE_SERVER)
    service = start_service("none")
    wait_until("the kernel has its credentials nevertheless", delivered(service), 20)
    assert lost.sprung.is_set()
    made = {entry["response"]["auth"]["accessor"] for entry in bao.audited(CREATE_SERVER)}
    (unknown,) = made - named(service, "server token")
    wait_until("it is dead", lambda: unknown not in bao.accessors(), ttl + 2)
    assert named(service, "server token") <= bao.accessors()


def test_a_revocation_whose_reply_is_lost_is_asked_for_again(
    bao: AuditedOpenBao, relay: Relay, start_service: Start
) -> None:
    """Dead already counts as confirmed, and is on record once."""
    deployment.provide(bao, period="1h")
    service = start_service("none")
    kernel = int(service.hear("kernel"))
    wait_until("the kernel has its credentials", delivered(service), 20)
    lost = relay.trap(REVOKE)
    os.kill(kernel, signal.SIGKILL)
    wait_until(
        "it is confirmed",
        lambda: events(service.home, "revoked", what="session token", outcome="confirmed"),
    )
    assert lost.sprung.is_set()
    assert not bao.live_sessions()
    assert len(events(service.home, "revoked", what="session token")) == 1

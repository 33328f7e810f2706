"""Five hundred kernels at once: none is forgotten, and the server stays small."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psutil
from support import deployment
from support.deployment import KEY, events
from support.openbao import wait_until
from support.serving import journals

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.faults import AuditedOpenBao
    from support.serving import Service

NUMBER = 500
KEYS_ONLY = {KEY: deployment.PROFILES[KEY]}


def test_five_hundred_kernels_start_and_end_at_once(
    bao: AuditedOpenBao, start_service: Callable[..., Service]
) -> None:
    """Each gets a session token of its own; all are revoked, and the journal is empty."""
    deployment.provide(bao, period="1h")
    service = start_service("many", str(NUMBER), profiles=KEYS_ONLY)
    service.hear("started", 60)
    wait_until(
        "each has its credential", lambda: len(events(service.home, "delivered")) == NUMBER, 90, 0.2
    )
    accessors = {
        event["accessor"] for event in events(service.home, "issued", what="session token")
    }
    assert len(accessors) == NUMBER
    assert accessors == bao.live_sessions()
    assert psutil.Process(service.process.pid).num_threads() < 20

    service.tell("end")
    service.hear("killed")
    wait_until("all are dead", lambda: not bao.live_sessions(), 60, 0.2)
    wait_until(
        "each is on record",
        lambda: (
            len(events(service.home, "revoked", what="session token", outcome="confirmed"))
            == NUMBER
        ),
        20,
        0.2,
    )
    service.tell("stop")
    assert service.process.wait(20) == 0
    assert bao.live_tree() == {}
    assert journals(service.home) == []

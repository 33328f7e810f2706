"""Clocks that jump, in either direction, end nothing too late and forget nothing too early."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support import deployment
from support.openbao import wait_until
from support.serving import journals

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.faults import AuditedOpenBao
    from support.serving import Service

    Start = Callable[..., Service]

YEAR = 365 * 86400


def boottime(seconds: int) -> tuple[str, ...]:
    """A command that runs another where the machine seems to run for so much longer."""
    return ("unshare", "--time", "--boottime", str(seconds), "--monotonic", str(seconds), "--")


@pytest.mark.parametrize(
    ("first", "second"),
    [((), boottime(YEAR)), (boottime(YEAR), ())],
    ids=["forward", "back"],
)
def test_a_steady_clock_that_jumps_between_two_starts(
    bao: AuditedOpenBao, start_service: Start, first: tuple[str, ...], second: tuple[str, ...]
) -> None:
    """Steady clocks of two time namespaces say nothing about each other: all is still revoked."""
    deployment.provide(bao, period="1h", sweep=True)
    service = start_service("after the delivery", before=first)
    assert service.killed(), service.log()
    left = bao.live_sessions()
    assert left
    following = start_service("next", before=second)
    following.hear("settled")
    assert not left & bao.accessors()
    assert len(deployment.events(service.home, "revoked", outcome="confirmed", cause="swept")) == 2


@pytest.mark.parametrize("jump", [10 * YEAR, -10 * YEAR], ids=["forward", "back"])
def test_the_wall_clock_jumps_between_two_starts(
    bao: AuditedOpenBao, start_service: Start, jump: int
) -> None:
    """Also where it is all there is, after a boot: what it calls dead is revoked all the same."""
    deployment.provide(bao, period="1h", sweep=True)
    service = start_service("after the delivery")
    assert service.killed(), service.log()
    left = bao.live_sessions()
    assert left
    following = start_service("next", before=boottime(60), QCRED_TEST_WALL=str(jump))
    following.hear("settled")
    assert not left & bao.accessors()
    assert journals(service.home) != []  # its own


@pytest.mark.parametrize("jump", [10 * YEAR, -10 * YEAR], ids=["forward", "back"])
def test_the_wall_clock_jumps_while_a_kernel_runs(
    bao: AuditedOpenBao, start_service: Start, jump: int
) -> None:
    """Deadlines are on the steady clock: the kernel is served on, and renewed in time."""
    deployment.provide(bao, period="3s")
    service = start_service("none", QCRED_TEST_WALL_LATER=str(jump))
    wait_until(
        "both are delivered", lambda: len(deployment.events(service.home, "delivered")) == 2, 20
    )
    (session,) = bao.live_sessions()
    renewals = len(bao.audited("auth/token/renew-self"))
    service.tell("jump")
    service.hear("jumped")
    wait_until(
        "it is renewed as before",
        lambda: len(bao.audited("auth/token/renew-self")) >= renewals + 4,
        20,
    )
    assert bao.live_sessions() == {session}
    service.tell("end")
    wait_until("it is revoked", lambda: not bao.live_sessions(), 3)

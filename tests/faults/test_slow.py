"""An OpenBao that takes half a minute for each answer slows no kernel down."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

import pytest
from support import deployment
from support.faults import session_accessors, use_address

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.faults import AuditedOpenBao
    from support.jupyter import JupyterServer
    from support.relay import Relay

WAIT = 10.0
"""Seconds that a request to this OpenBao takes: then the client's patience is at its end."""

PAIRS = 3


def life(server: JupyterServer) -> dict[str, float]:
    """Start, restart and end a kernel at work; return the seconds that each takes."""
    seconds = {}
    begin = time.perf_counter()
    kernel = server.open_notebook("work.ipynb")
    assert kernel.execute("1").ok
    seconds["start"] = time.perf_counter() - begin
    begin = time.perf_counter()
    server.api("POST", f"api/kernels/{kernel.id}/restart")
    seconds["restart"] = time.perf_counter() - begin
    kernel.connect()  # as browsers do: what the old connection holds may be lost
    assert kernel.execute("1").ok
    begin = time.perf_counter()
    kernel.delete()
    seconds["end"] = time.perf_counter() - begin
    kernel.close()
    return seconds


@pytest.mark.timeout(300)
def test_start_restart_and_end_do_not_wait_for_vault(
    bao: AuditedOpenBao, relay: Relay, make_server: Callable[..., JupyterServer]
) -> None:
    """Two servers in turns, one of which waits 30 s for each answer of OpenBao: it waits for none.

    Whatever waited for one request would take `WAIT` longer; a busy machine adds a part of it.
    """
    deployment.provide(bao)
    slow = make_server(bao, start=False)
    use_address(slow.home, relay.address)
    slow.start()
    direct = make_server(bao)
    relay.delay(30)
    pairs = [(life(slow), life(direct)) for _ in range(PAIRS)]
    added = {
        what: statistics.median(slowly[what] - plainly[what] for slowly, plainly in pairs)
        for what in pairs[0][0]
    }
    assert {what: seconds for what, seconds in added.items() if seconds > WAIT / 2} == {}
    assert len(session_accessors(direct)) >= PAIRS
    assert session_accessors(slow) == []
    relay.heal()
    assert slow.terminate(10) == 0

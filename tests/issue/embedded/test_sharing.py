"""One OpenBao per user: started by the first, shared by all, stopped by the last."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from support.openbao import wait_until
from support.processes import alive

from jupyter_qcred.core.secret import Secret
from jupyter_qcred.issue.embedded.client import Client
from jupyter_qcred.issue.embedded.layout import Record
from jupyter_qcred.issue.embedded.plan import JUPYTER


def record(embedded):
    found = Record.read(embedded.layout.record)
    assert found is not None
    return found


def log_in(hold):
    client = Client(hold.address)
    client.login(hold.role_id, Secret(Path(hold.secret_id_file).read_text()))
    return client


def test_the_first_hold_starts_it_and_the_last_release_stops_it(embedded, pids):
    """A login works as soon as hold() returns; afterwards no process and no socket is left."""
    assert not embedded.initialised()
    with embedded.hold() as hold:
        assert hold.alive
        assert embedded.initialised()
        assert hold.role_id == JUPYTER
        log_in(hold)
        running = record(embedded)
        assert sorted(pids()) == sorted((running.supervisor, running.openbao))
    both = running.supervisor, running.openbao
    wait_until("both are gone", lambda: not any(map(alive, both)))
    assert pids() == []
    assert not embedded.layout.record.exists()
    assert not (embedded.layout.directory / "run").exists()


def test_a_second_program_joins_the_running_instance(embedded, same, pids, stopped):
    """Whoever comes later shares it, and whoever leaves first doesn't stop it."""
    first = embedded.hold()
    before = record(embedded)
    second = same().hold()
    assert record(embedded) == before
    assert len(pids()) == 2
    first.release()
    assert second.alive
    log_in(second)
    second.release()
    stopped()


def test_it_lingers_for_the_next_user(home, embedded, pids):
    """Within the linger time after the last release the same process serves the next hold."""
    embedded.linger = 30.0
    embedded.hold().release()
    before = record(embedded)
    with embedded.hold():
        assert record(embedded) == before


def test_release_twice_is_harmless(embedded, same):
    """The second release of one hold does not take another user's."""
    kept, dropped = embedded.hold(), same().hold()
    dropped.release()
    dropped.release()
    log_in(kept)
    assert not dropped.alive
    kept.release()


def test_threads_may_hold_at_once(embedded, pids, stopped):
    """Eight threads that start it together get one instance."""
    barrier = threading.Barrier(8)

    def hold(_):
        barrier.wait()
        return embedded.hold()

    with ThreadPoolExecutor(8) as pool:
        holds = list(pool.map(hold, range(8)))
    assert len({each.address for each in holds}) == 1
    assert len(pids()) == 2
    for each in holds:
        each.release()
    stopped()


def test_stored_keys_survive_a_restart(embedded, same, stopped):
    """Names are there again after everything was stopped; nothing is set up twice."""
    embedded.put("ibm-quantum", {"value": Secret("K-1")})
    stopped()
    key = embedded.layout.unseal_key.read_bytes()
    assert same().stored() == ["ibm-quantum"]
    assert embedded.layout.unseal_key.read_bytes() == key


def test_remove_deletes_for_good(embedded):
    """A removed name is gone from the list; the others stay."""
    with embedded.hold():
        for name in ("ionq", "aqt"):
            embedded.put(name, {"value": Secret("K")})
        embedded.remove("ionq")
        assert embedded.stored() == ["aqt"]


def test_asking_for_names_starts_nothing_before_the_first_key(embedded):
    """`stored()` on a machine that never stored anything makes no directory."""
    assert embedded.stored() == []
    assert not embedded.layout.directory.exists()


def test_starting_and_joining_are_quick(embedded, same):
    """A start takes well under the patience of a person, joining much less."""
    started = time.monotonic()
    with embedded.hold():
        start = time.monotonic() - started
        started = time.monotonic()
        with same().hold():
            join = time.monotonic() - started
    assert start < 10  # half a second when the machine is idle
    assert join < start


def test_it_works_over_loopback_where_unix_sockets_cannot_be(home, embedded, same, stopped):
    """The TCP fallback has the same life cycle; its port is on loopback only."""
    embedded.transport = "tcp"
    hold = embedded.hold()
    assert hold.address.startswith("http://127.0.0.1:")
    log_in(hold)
    same().put("ionq", {"value": Secret("K")})
    assert not (embedded.layout.directory / "run").exists()
    hold.release()
    stopped()

"""Disks that are full, read-only, damaged or somewhere else keep no token alive."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
from support import deployment
from support.deployment import events
from support.faults import fill, mounted
from support.openbao import wait_until
from support.serving import journals

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.faults import AuditedOpenBao
    from support.serving import Service

    Start = Callable[..., Service]


def delivered(service: Service) -> Callable[[], bool]:
    return lambda: len(events(service.home, "delivered")) == 2


def test_on_a_full_disk_nothing_is_issued(
    bao: AuditedOpenBao, start_service: Start, tmp_path: Path
) -> None:
    """No intent, no request; with space again the kernel gets what it waited for."""
    deployment.provide(bao, period="1h")
    directory = tmp_path / "small"
    with mounted(directory, "size=64k"):
        ballast = directory / "ballast"
        fill(ballast)
        service = start_service("none", journal_directory=str(directory))
        wait_until(
            "it is said",
            lambda: "revocation journal cannot be written" in service.log(),
            20,
        )
        assert bao.live_tree() == {}
        ballast.unlink()
        service.tell("end")


def test_on_a_full_disk_what_is_held_is_revoked(
    bao: AuditedOpenBao, start_service: Start, tmp_path: Path
) -> None:
    """The disk fills while a kernel runs: its end is the end of its token all the same."""
    deployment.provide(bao, period="1h")
    directory = tmp_path / "small"
    with mounted(directory, "size=64k"):
        service = start_service("none", journal_directory=str(directory))
        wait_until("both are delivered", delivered(service), 20)
        fill(directory / "ballast")
        service.tell("end")
        wait_until("it is revoked", lambda: not bao.live_sessions())
        service.tell("stop")
        assert service.process.wait(20) == 0
        assert bao.live_tree() == {}


def test_on_a_read_only_disk_the_journal_is_in_memory_and_says_so(
    bao: AuditedOpenBao, start_service: Start, tmp_path: Path
) -> None:
    """Credentials work and are revoked; a warning tells what a crash would mean."""
    deployment.provide(bao, period="3s")
    directory = tmp_path / "fixed"
    with mounted(directory, "ro"):
        service = start_service("none", journal_directory=str(directory))
        wait_until("both are delivered", delivered(service), 20)
        assert "journal is in memory only" in service.log()
        service.tell("end")
        wait_until("it is revoked", lambda: not bao.live_sessions())


def test_the_journal_of_a_network_home_is_on_a_local_disk(
    bao: AuditedOpenBao, start_service: Start, tmp_path: Path
) -> None:
    """The home is on NFS, as far as statfs tells: intents go to the session's own directory."""
    deployment.provide(bao, period="1h", sweep=True)
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)
    network = {"QCRED_TEST_NFS": str(tmp_path / "home"), "XDG_RUNTIME_DIR": str(runtime)}
    service = start_service("after the delivery", **network)
    assert service.killed(), service.log()
    assert journals(service.home) == []
    (journal,) = runtime.glob("jupyter-qcred-journal/*.jsonl")
    assert journal.stat().st_mode & 0o777 == 0o600
    left = bao.live_sessions()
    following = start_service("next", **network)
    following.hear("settled")
    assert left
    assert not left & bao.accessors()


def cut_at(share: float) -> Callable[[bytes], bytes]:
    return lambda data: data[: int(len(data) * share)]


def flip(data: bytes) -> bytes:
    """One bit in each line but those that say what was issued."""
    lines = data.splitlines(keepends=True)
    return b"".join(
        line if b'"issued"' in line else bytes([line[0] ^ 1]) + line[1:] for line in lines
    )


@pytest.mark.parametrize(
    ("damage", "known"),
    [(cut_at(0.97), True), (flip, True), (cut_at(0.02), False), (lambda _: b"\xff" * 99, False)],
    ids=["torn at the end", "flipped bits", "torn at the beginning", "rubbish"],
)
def test_a_damaged_journal_gives_what_is_intact(
    bao: AuditedOpenBao, start_service: Start, damage: Callable[[bytes], bytes], known: bool
) -> None:
    """What can be read is revoked at once; what cannot dies at the TTL; the rest is kept aside."""
    ttl = 5
    deployment.provide(bao, period=f"{ttl}s", sweep=True)
    service = start_service("after the delivery")
    assert service.killed(), service.log()
    left = bao.live_sessions()
    (journal,) = journals(service.home)
    journal.write_bytes(damage(journal.read_bytes()))

    following = start_service("next")
    following.hear("settled")
    assert list(journal.parent.glob("*.corrupt"))
    if known:
        assert left
        assert events(service.home, "revoked", cause="swept")
        assert not left & bao.accessors()
    wait_until("all of it is dead", lambda: not left & bao.accessors(), ttl + 2)
    following.process.send_signal(signal.SIGTERM)

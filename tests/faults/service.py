"""A process that runs the real service for light kernels, and dies where it is told.

    service.py POINT          one kernel; ends as if by a power cut when it comes to POINT
    service.py next           what the next start does: settle what others left, and stop
    service.py many NUMBER    so many kernels at once

It is told what to do next on stdin (``end``, ``stop``) and says on stdout how far it is. Settings
come from the environment's home, as for any process without a Jupyter server.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support import light

from jupyter_qcred.core.clock import SystemClock
from jupyter_qcred.core.lease import Outcome
from jupyter_qcred.deliver.link import KernelLink
from jupyter_qcred.deliver.service import CredentialService, current_service
from jupyter_qcred.deliver.trail import Trail
from jupyter_qcred.issue.vault.issuer import VaultIssuer
from jupyter_qcred.revoke import journal_place
from jupyter_qcred.revoke.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Callable


def say(*words: object) -> None:
    """Tell the test."""
    print(*words, flush=True)


def die() -> None:
    """Be gone, now: nothing is flushed, closed or caught."""
    os.kill(os.getpid(), signal.SIGKILL)


def crash(owner: type, name: str, when: str, condition: Callable[..., bool]) -> None:
    """Die before or after a method does its work, the first time that the condition holds."""
    original = getattr(owner, name)

    def wrapped(self: Any, *args: Any, **kwargs: Any) -> Any:
        here = condition(self, *args, **kwargs)
        if here and when == "before":
            die()
        result = original(self, *args, **kwargs)
        if here:
            die()
        return result

    setattr(owner, name, wrapped)


def _intends(kind: str) -> Callable[..., bool]:
    return lambda _self, _intent, **about: about["kind"] == kind


def _is_issued(kind: str) -> Callable[..., bool]:
    def condition(journal: Any, intent: Any, *_: Any) -> bool:
        return journal._book.ledger.intended(intent).kind == kind

    return condition


def _confirms_session(journal: Any, intent: Any, outcome: str) -> bool:
    known = journal._book.ledger.intended(intent)
    return known is not None and known.kind == "session" and outcome == Outcome.CONFIRMED


def move_wall_clock(seconds: int) -> None:
    """Let the date be wrong by so much from now on; nothing else on this machine notices."""
    original = SystemClock.wall
    SystemClock.wall = lambda self: original(self) + timedelta(seconds=seconds)


def pretend_nfs(home: Path) -> None:
    """Let statfs say that a home is on NFS."""
    original = journal_place.file_system_type
    journal_place.file_system_type = lambda path: (
        0x6969 if path.is_relative_to(home) else original(path)
    )


POINTS: dict[str, tuple[type, str, str, Callable[..., bool]]] = {
    "before the server token's intent": (Journal, "intend", "before", _intends("server")),
    "after the server token's intent": (Journal, "intend", "after", _intends("server")),
    "after the server token's reply": (Journal, "issued", "before", _is_issued("server")),
    "after the server token's accessor": (Journal, "issued", "after", _is_issued("server")),
    "before the intent": (Journal, "intend", "before", _intends("session")),
    "after the intent": (Journal, "intend", "after", _intends("session")),
    "after the reply": (Journal, "issued", "before", _is_issued("session")),
    "after the accessor": (Journal, "issued", "after", _is_issued("session")),
    "after the credential": (VaultIssuer, "issue", "after", lambda *_: True),
    "after the delivery": (Trail, "delivered", "after", lambda *_: True),
    "before the revocation": (VaultIssuer, "revoke_token", "before", lambda *_: True),
    "after the revocation": (VaultIssuer, "revoke_token", "after", lambda *_: True),
    "before the tombstone": (Journal, "closed", "before", _confirms_session),
    "after the tombstone": (Journal, "closed", "after", _confirms_session),
}


def one_kernel(service: CredentialService) -> None:
    """Run one kernel; ``end`` kills it, ``stop`` ends the process in good order."""
    kernels = [launch(service, 0)]
    say("kernel", kernels[0][1])
    for line in sys.stdin:
        if line.strip() == "end":
            os.kill(kernels[0][1], signal.SIGKILL)
            os.waitpid(kernels[0][1], 0)
        elif line.strip() == "jump":
            move_wall_clock(int(os.environ["QCRED_TEST_WALL_LATER"]))
            say("jumped")
        else:
            return


def launch(service: CredentialService, number: int) -> tuple[KernelLink, int]:
    """Start a kernel as the provisioner does: our part of it is all real."""
    link = KernelLink()
    config = {
        "fd": link.fd,
        "nonce": link.nonce,
        "server_pid": os.getpid(),
        "hide_memory": False,
        "min_secret_length": 8,
        "min_fragment_length": 24,
    }
    pid = os.fork()
    if pid == 0:
        try:
            light.be_a_kernel(config)
        finally:
            os._exit(0)
    session = service.open_session(link, f"kernel-{number}", "")
    link.launched()
    service.engine.call(session.launched, pid)
    return link, pid


def settle(service: CredentialService) -> None:
    """Do what a server does at its start, until nothing is left of others' journals."""
    service.begin()
    directory = Path(service.journal_directory)
    own = service.parts().journal.path
    while [path for path in directory.glob("*.jsonl") if path != own]:
        time.sleep(0.02)
    say("settled")
    sys.stdin.readline()


def many(service: CredentialService, number: int) -> None:
    """Start so many kernels at once; ``end`` kills all of them at once."""
    from support.faults import Farm

    with Farm() as farm:
        pids = []
        for kernel in range(number):
            link = KernelLink()
            session = service.open_session(link, f"kernel-{kernel}", "")
            pids.append(farm.kernel(link))
            service.engine.call(session.launched, pids[-1])
        say("started", threading.active_count())
        sys.stdin.readline()
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        say("killed")
        sys.stdin.readline()


def main() -> None:
    """Run."""
    # jsonschema's check of IRIs, which no event has: a second for its grammar, at every start.
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
    logging.basicConfig(level=logging.DEBUG)  # what is written there is swept, too
    point = sys.argv[1]
    move_wall_clock(int(os.environ.get("QCRED_TEST_WALL", "0")))
    if home := os.environ.get("QCRED_TEST_NFS"):
        pretend_nfs(Path(home))
    service = current_service()
    if point == "next":
        settle(service)
        return
    if point == "many":
        many(service, int(sys.argv[2]))
        return
    if point in POINTS:
        crash(*POINTS[point])
    assert threading.active_count() == 1, "a fork needs a process of one thread"
    one_kernel(service)


if __name__ == "__main__":
    main()

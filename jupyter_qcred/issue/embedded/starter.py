"""Start a supervisor, unless somebody else does."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jupyter_qcred.core.errors import IssuerError
from jupyter_qcred.issue.embedded.child import Launch
from jupyter_qcred.issue.embedded.failures import failure
from jupyter_qcred.issue.embedded.files import make_private_directory, write_private
from jupyter_qcred.issue.embedded.hold import Link, join
from jupyter_qcred.issue.embedded.layout import Record
from jupyter_qcred.issue.embedded.lock import FileLock
from jupyter_qcred.issue.embedded.place import choose_addresses
from jupyter_qcred.issue.embedded.setup import make_keys, setting_up
from jupyter_qcred.issue.embedded.supervisor import EXIT_BUSY, TICK

if TYPE_CHECKING:
    from jupyter_qcred.issue.embedded.plan import Plan

ATTEMPTS: Final = 3
"""How often a start is tried when the supervisor ends under it."""

POLL: Final = 0.02
"""Seconds between two looks at something that takes a fraction of a second."""


class _Launched(Enum):
    """How a supervisor ended that we could not join."""

    BUSY = "another one has the lock"
    ENDED = "it is gone, or could not begin"


@dataclass(frozen=True, slots=True)
class Starter:
    """What is started, and how.

    Attributes:
        plan: configuration, policies and roles.
        program: absolute path of `bao`.
        transport: ``auto``, ``unix`` or ``tcp``.
        linger: seconds without a user before OpenBao is stopped.
    """

    plan: Plan
    program: str
    transport: str
    linger: float

    def start(self, deadline: float) -> Link:
        """Return a link to an instance that is starting; somebody else may have started it.

        Raises:
            ConfigError: no place for its sockets, or a key file is lost.
            IssuerError: it does not start by the deadline (monotonic seconds).
            OSError, NotPrivateError: the directory can't be used.
        """
        layout = self.plan.layout
        make_private_directory(layout.directory)
        ended = 0
        with setting_up(layout, deadline):
            while time.monotonic() < deadline:
                if link := join(layout):  # it came while we waited for the lock
                    return link
                launched = self._launch(self._ready(), deadline)
                if isinstance(launched, Link):
                    return launched
                ended += launched is _Launched.ENDED
                if ended == ATTEMPTS:
                    raise failure(layout, "does not start")
                time.sleep(0.05)  # another one is about to end
        raise failure(layout, "is held by a process that neither answers nor ends")

    def _ready(self) -> Launch:
        layout = self.plan.layout
        address, hold = choose_addresses(layout, self.transport)
        write_private(layout.next_config, self.plan.config(address).encode())
        self._refuse_other_host()
        make_keys(layout)
        return Launch(self.program, address, hold, self.linger)

    def _refuse_other_host(self) -> None:
        """Two on one storage would ruin it, and not every shared file system keeps locks."""
        layout = self.plan.layout
        record = Record.read(layout.record)
        if record is None or record.host == socket.gethostname():
            return
        # Both times are the file server's.
        age = layout.next_config.stat().st_mtime - layout.record.stat().st_mtime
        if age < 4 * TICK:
            raise IssuerError(
                f"The embedded OpenBao in {layout.directory} is in use on {record.host}",
                next_step="Close Jupyter there, or set EmbeddedOpenBao.directory to a local one",
            )

    def _launch(self, launch: Launch, deadline: float) -> Link | _Launched:
        """Start a supervisor and join it."""
        process = self._spawn(launch)
        while time.monotonic() < deadline:
            # Asked before joining: on POSIX the one that ends has left a child that lives on.
            status = process.poll()
            if status == EXIT_BUSY:
                return _Launched.BUSY
            if status:
                return _Launched.ENDED
            if link := join(self.plan.layout):
                if sys.platform != "win32":
                    process.wait()
                return link
            if status == 0 and self._nobody_runs():
                return _Launched.ENDED
            time.sleep(POLL)
        raise failure(self.plan.layout, "does not start in time")

    def _nobody_runs(self) -> bool:
        with FileLock(self.plan.layout.instance_lock) as lock:
            return lock.acquire()

    def _spawn(self, launch: Launch) -> subprocess.Popen[bytes]:
        layout = self.plan.layout
        root = str(Path(__file__).resolve().parents[3])  # which holds our package
        boot = (
            f"import sys; sys.path.append({root!r}); "
            "from jupyter_qcred.issue.embedded import supervisor; "
            "sys.exit(supervisor.main(sys.argv[1:]))"
        )
        windows = ("SYSTEMROOT", "TEMP", "TMP")  # programs don't start without
        flags = ("CREATE_NO_WINDOW", "CREATE_NEW_PROCESS_GROUP")  # there only
        log = os.open(layout.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            return subprocess.Popen(
                # Isolated and without site: no user's start-up code, a third of the time.
                [sys.executable, "-I", "-S", "-c", boot, str(layout.directory), launch.dump()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=layout.directory.anchor,
                env={key: os.environ[key] for key in windows if key in os.environ},
                start_new_session=True,
                creationflags=sum(getattr(subprocess, flag, 0) for flag in flags),
            )
        finally:
            os.close(log)

"""OpenBao as a child of the supervisor: started, started again, stopped, never left behind.

Standard library only, for the supervisor.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jupyter_qcred.issue.embedded.layout import Record

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_qcred.issue.embedded.layout import Layout
    from jupyter_qcred.issue.embedded.lock import FileLock

_RESTARTS: Final = (0.0, 0.3, 1.0)
"""Seconds before each new start of an OpenBao that died, within a minute; then we give up."""

_STOP: Final = 10.0
"""Seconds OpenBao gets to stop by itself; it takes a few milliseconds."""

KILL: Final = getattr(signal, "SIGKILL", signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class Launch:
    """What the starter decided.

    Attributes:
        executable: the `bao` program.
        address: where OpenBao listens, as its configuration says.
        hold: where we shall listen.
        linger: seconds without a user before OpenBao is stopped.
    """

    executable: str
    address: str
    hold: str
    linger: float

    def dump(self) -> str:
        """As one argument; nothing in it is secret."""
        return json.dumps(asdict(self))

    @classmethod
    def load(cls, text: str) -> Launch:
        """Read the argument back."""
        return cls(**json.loads(text))


class OpenBao:
    """The child process."""

    def __init__(self, layout: Layout, launch: Launch, lock: FileLock) -> None:
        self._layout, self._launch, self._lock = layout, launch, lock
        self._process: subprocess.Popen[bytes] | None = None
        self._deaths: list[float] = []

    @property
    def pid(self) -> int:
        """Process id, 0 while it is not running."""
        return self._process.pid if self._process else 0

    def start(self) -> None:
        """Start it. Raises OSError."""
        directory = str(self._layout.directory)
        keep = ("SYSTEMROOT", "TEMP", "TMP")  # Windows programs don't start without
        posix = sys.platform != "win32"
        self._process = subprocess.Popen(
            [self._launch.executable, "server", f"-config={self._layout.config}"],
            stdin=subprocess.DEVNULL,
            cwd=self._layout.directory.anchor,
            env={"HOME": directory, **{k: os.environ[k] for k in keep if k in os.environ}},
            pass_fds=(self._lock.descriptor,) if posix else (),
            # We have one thread, so that running code between fork and exec is safe.
            preexec_fn=_death_signal(),  # noqa: PLW1509
        )

    def exited(self) -> int | None:
        """Exit status, once it has ended by itself."""
        return self._process.poll() if self._process else None

    def next_start(self, now: float) -> float | None:
        """Note a death; return when to start again, None to give up.

        A first start cut short is for a new supervisor: it has to put the storage aside while
        nobody can be completing the set-up.
        """
        self._process = None
        if not self._layout.applied.exists():
            return None
        self._deaths = [*(death for death in self._deaths if now - death < 60), now]
        count = len(self._deaths)
        return now + _RESTARTS[count - 1] if count <= len(_RESTARTS) else None

    def reopen_logs(self) -> None:
        """Have it open its audit log anew."""
        if self._process and sys.platform != "win32":
            self._process.send_signal(signal.SIGHUP)

    def stop(self) -> None:
        """Stop it; it is gone when this returns."""
        if not self._process:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


def stop_leftover(layout: Layout) -> bool:
    """Kill an OpenBao whose supervisor died without Linux's help; return whether there was one.

    It is known by its command line: the process id alone may be somebody else's by now.
    """
    record = Record.read(layout.record)
    if record is None or record.host != socket.gethostname():
        return False
    if str(layout.directory) in _command(record.supervisor):
        return False  # it lives
    if str(layout.config) not in _command(record.openbao):
        return False
    with suppress(OSError):
        os.kill(record.openbao, KILL)
    return True


def _command(pid: int) -> str:
    """Return the command line of a process, empty where there is none."""
    if pid <= 0:
        return ""
    with suppress(OSError):
        if sys.platform == "linux":
            shown = Path(f"/proc/{pid}/cmdline").read_bytes()
        else:  # on Windows there is no such program, and the answer is "none"
            ps = ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)]
            shown = subprocess.run(ps, capture_output=True, check=False).stdout
        return shown.decode(errors="replace")
    return ""


def _death_signal() -> Callable[[], None] | None:
    """On Linux, what a child runs to die with this thread, which is the only one."""
    if sys.platform == "linux":
        prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

        def arm() -> None:
            prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG, <linux/prctl.h>
            if os.getppid() != parent:  # it died before we asked
                os._exit(1)

        return arm
    else:  # noqa: RET505 - so that type checkers see each platform's own branch
        return None

"""The process between OpenBao and its users: starts it, counts who holds it, stops it.

Run as ``supervisor DIRECTORY LAUNCH`` by whoever finds no instance. Rules:

* One instance per directory: an exclusive lock, which OpenBao inherits, so that it is free only
  when both are gone.
* A user is a connection. The kernel closes it however the user ends; a forked child that keeps it
  open counts no longer once the process which connected is dead.
* No users for the linger time: OpenBao is stopped and the supervisor exits.
* OpenBao dies: it is started again, a few times; then the supervisor exits, which users see.
* SIGTERM stops both. SIGHUP has it look after the logs and sockets at once, as it does at times.
* The supervisor dies in any way: Linux kills OpenBao. Elsewhere the next supervisor does.

Standard library only, and no site-packages start-up: it runs isolated, in little memory, with
an environment that holds no secret.
"""

from __future__ import annotations

import ctypes
import json
import os
import secrets
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jupyter_qcred.issue.embedded.files import make_private_directory
from jupyter_qcred.issue.embedded.layout import LOG_LIMIT, Layout, Record
from jupyter_qcred.issue.embedded.lock import FileLock
from jupyter_qcred.issue.embedded.sockets import TCP, UNIX, is_ours, listen, peer_pid

if TYPE_CHECKING:
    from collections.abc import Callable

EXIT_BUSY: Final = 75
"""Another instance has the lock."""

_RESTARTS: Final = (0.0, 0.3, 1.0)
"""Seconds before each new start of an OpenBao that died, within a minute; then we give up."""

_FIRST_HOLD: Final = 10.0
"""Seconds in which the first user must have connected: whoever started us may be dead."""

TICK: Final = 15.0
"""Seconds between looks at the sockets and the sizes of the logs, and between signs of life."""

KILL: Final = getattr(signal, "SIGKILL", signal.SIGTERM)

_STOP: Final = 10.0
"""Seconds OpenBao gets to stop by itself; it takes a few milliseconds."""


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
            cwd=directory,
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


class Users:
    """Connections of those who need OpenBao."""

    def __init__(self, selector: selectors.BaseSelector, nonce: str) -> None:
        self._selector = selector
        self._hello = f"{nonce}\n".encode()
        self._links: dict[socket.socket, int | None] = {}
        self._held: set[socket.socket] = set()

    def __bool__(self) -> bool:
        """Whether anybody has said the nonce and is still there."""
        return bool(self._held)

    def admit(self, listener: socket.socket) -> None:
        """Take a new connection, unless it is another user's."""
        with suppress(OSError):
            link, _ = listener.accept()
            if not is_ours(link):
                link.close()
                return
            link.settimeout(0)
            self._links[link] = self._watch_process(link)
            self._selector.register(link, selectors.EVENT_READ, self.hear)

    def hear(self, link: socket.socket) -> None:
        """Something came, or the end."""
        try:
            said = link.recv(256)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        if link not in self._held and secrets.compare_digest(said, self._hello):
            self._held.add(link)
            with suppress(OSError):
                link.send(b"held\n")
        else:  # the end, or not of our protocol
            self._drop(link)

    def _watch_process(self, link: socket.socket) -> int | None:
        """A descriptor that turns readable when the connecting process is dead, where there is."""
        if sys.platform == "linux":
            # Process 0: of another namespace.
            with suppress(OSError):  # an old kernel
                descriptor = os.pidfd_open(peer_pid(link))
                end = lambda _: self._drop(link)  # noqa: E731
                self._selector.register(descriptor, selectors.EVENT_READ, end)
                return descriptor
        return None

    def _drop(self, link: socket.socket) -> None:
        descriptor = self._links.pop(link)
        self._held.discard(link)
        self._selector.unregister(link)
        link.close()
        if descriptor is not None:
            self._selector.unregister(descriptor)
            os.close(descriptor)


class Supervisor:
    """The loop."""

    def __init__(
        self, layout: Layout, launch: Launch, lock: FileLock, listener: socket.socket
    ) -> None:
        self._layout, self._launch, self._listener = layout, launch, listener
        self._openbao = OpenBao(layout, launch, lock)
        self._nonce = secrets.token_urlsafe(24)
        self._selector = selectors.DefaultSelector()
        self._users = Users(self._selector, self._nonce)
        self._selector.register(self._listener, selectors.EVENT_READ, self._users.admit)
        self._stopping = False
        now = time.monotonic()
        self._idle_until: float | None = now + max(_FIRST_HOLD, launch.linger)
        self._start_at: float | None = now
        self._tick_at = now + TICK

    def run(self) -> None:
        """Serve until nobody needs OpenBao, or it can't be kept running."""
        self._write_record()  # now users can connect, while OpenBao starts
        _note(f"supervisor {os.getpid()} started")
        try:
            while not self._stopping:
                for key, _ in self._selector.select(self._timeout()):
                    # Dropping a connection also ends its process watch: skip that one's event.
                    if self._selector.get_map().get(key.fd) is key:
                        key.data(key.fileobj)
                self._step(time.monotonic())
        finally:
            self._end()

    def wake(self, reader: socket.socket) -> None:
        """A signal arrived; its handler or the next step deals with it."""
        with suppress(BlockingIOError):
            reader.recv(256)

    def watch_signals(self) -> None:
        """Have signals end the wait."""
        reader, writer = socket.socketpair()
        reader.settimeout(0)
        writer.settimeout(0)
        self._writer = writer
        signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        self._selector.register(reader, selectors.EVENT_READ, self.wake)
        for name in ("SIGTERM", "SIGINT", "SIGBREAK"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), lambda *_: self.stop())
        if sys.platform != "win32":
            signal.signal(signal.SIGHUP, lambda *_: self.tick_now())
            signal.signal(signal.SIGCHLD, lambda *_: None)

    def stop(self) -> None:
        """End the loop after this round."""
        self._stopping = True

    def tick_now(self) -> None:
        """Look after sockets and logs in this round."""
        self._tick_at = 0.0

    def _timeout(self) -> float:
        due = [self._tick_at, *(t for t in (self._idle_until, self._start_at) if t is not None)]
        # Without SIGCHLD (Windows) OpenBao's end is noticed at the next tick.
        return max(0.0, min(due) - time.monotonic())

    def _step(self, now: float) -> None:
        if self._users:
            self._idle_until = None
        elif self._idle_until is None:
            self._idle_until = now + self._launch.linger
        elif now >= self._idle_until:
            _note("no users left")
            self.stop()
            return
        self._keep_running(now)
        if now >= self._tick_at:
            self._tick_at = now + TICK
            self._tick()

    def _keep_running(self, now: float) -> None:
        if self._start_at is not None and now >= self._start_at:
            self._start_at = None
            try:
                self._openbao.start()
            except OSError as error:
                self._died(f"OpenBao can't be started: {error}", now)
            self._write_record()
        elif (status := self._openbao.exited()) is not None:
            self._died(f"OpenBao ended with status {status}", now)

    def _died(self, how: str, now: float) -> None:
        _note(how)
        self._start_at = self._openbao.next_start(now)
        if self._start_at is None:
            _note("giving up")
            self.stop()

    def _tick(self) -> None:
        for address in (self._launch.hold, self._launch.address):
            if address.startswith(UNIX) and not Path(address.removeprefix(UNIX)).is_socket():
                # Somebody cleaned the directory: nobody can reach us, so that a new one must start.
                _note("a socket vanished")
                self.stop()
        with suppress(OSError):
            os.utime(self._layout.record)  # a sign of life for other machines
            if self._layout.audit_log.stat().st_size > LOG_LIMIT:
                rotate(self._layout.audit_log)
                self._openbao.reopen_logs()
            if self._layout.log.stat().st_size > LOG_LIMIT:
                os.truncate(self._layout.log, 0)  # its writers append

    def _write_record(self) -> None:
        hold = self._launch.hold
        if not hold.startswith(UNIX):
            hold = f"{TCP}127.0.0.1:{self._listener.getsockname()[1]}"
        Record(
            address=self._launch.address,
            hold=hold,
            nonce=self._nonce,
            host=socket.gethostname(),
            supervisor=os.getpid(),
            openbao=self._openbao.pid,
        ).write(self._layout.record)

    def _end(self) -> None:
        """Nobody can join from here on; the lock goes last, with the process."""
        with suppress(OSError):
            self._layout.record.unlink()
        self._listener.close()
        self._openbao.stop()
        for address in (self._launch.hold, self._launch.address):
            if address.startswith(UNIX):
                with suppress(OSError):
                    Path(address.removeprefix(UNIX)).unlink()
        if self._launch.hold.startswith(UNIX):
            with suppress(OSError):  # OpenBao removes its own socket
                Path(self._launch.hold.removeprefix(UNIX)).parent.rmdir()
        _note("stopped")


def rotate(log: Path) -> None:
    """Keep one old log beside a new one."""
    log.replace(log.with_name(f"{log.name}.1"))


def _note(text: str) -> None:
    print(f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} [qcred] {text}", file=sys.stderr, flush=True)  # noqa: T201 - this process's log is its standard error


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


def _stop_leftover(layout: Layout) -> bool:
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


def _limit() -> None:
    """Files for us alone, and no core dump: one of OpenBao would hold every key."""
    os.umask(0o077)
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _prepare(layout: Layout) -> None:
    """Ready the files; nobody uses them, since the lock is ours."""
    layout.next_config.replace(layout.config)
    if layout.data.exists() and not layout.applied.exists():
        # The first start was cut short: OpenBao refuses to go on from a storage that is half set
        # up, and nobody can have stored a key in it. Put aside all the same, not deleted.
        unfinished = layout.data.with_name("data.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        layout.data.rename(unfinished)
    make_private_directory(layout.data)
    if layout.audit_log.exists() and layout.audit_log.stat().st_size > LOG_LIMIT:
        rotate(layout.audit_log)


def main(arguments: list[str]) -> int:
    """Run; return the exit status of the process that was started (on POSIX its child lives on)."""
    directory, launch = Path(arguments[0]), Launch.load(arguments[1])
    layout, lock = Layout(directory), FileLock(Layout(directory).instance_lock)
    _limit()
    if not lock.acquire() and not (_stop_leftover(layout) and lock.acquire(timeout=5)):
        return EXIT_BUSY
    _prepare(layout)
    listener = listen(launch.hold)
    # Out of the starter's process tree: it may be ended with all its children.
    if sys.platform != "win32" and os.fork():
        os._exit(0)
    supervisor = Supervisor(layout, launch, lock, listener)
    supervisor.watch_signals()
    supervisor.run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

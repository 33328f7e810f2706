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

import os
import secrets
import selectors
import shutil
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from jupyter_qcred.issue.embedded.child import Launch, OpenBao, stop_leftover
from jupyter_qcred.issue.embedded.files import make_private_directory
from jupyter_qcred.issue.embedded.layout import LOG_LIMIT, Layout, Record
from jupyter_qcred.issue.embedded.lock import FileLock
from jupyter_qcred.issue.embedded.sockets import TCP, UNIX, listen
from jupyter_qcred.issue.embedded.users import Users

EXIT_BUSY: Final = 75
"""Another instance has the lock."""

_FIRST_HOLD: Final = 10.0
"""Seconds in which the first user must have connected: whoever started us may be dead."""

TICK: Final = 15.0
"""Seconds between looks at the sockets and the sizes of the logs, and between signs of life."""


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
    if not lock.acquire() and not (stop_leftover(layout) and lock.acquire(timeout=5)):
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

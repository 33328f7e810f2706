"""What keeps the embedded OpenBao running for one user of it."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from jupyter_qcred.core.errors import QcredError
from jupyter_qcred.issue.embedded.layout import Layout, Record
from jupyter_qcred.issue.embedded.sockets import connect

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

_FIRST_DELAY: Final = 0.5
_LONGEST_DELAY: Final = 60.0


@dataclass(frozen=True, slots=True)
class Link:
    """A counted connection to the supervisor; the instance runs while it is open.

    Attributes:
        record: the instance, as it was when we joined.
        connection: open until we let go or the supervisor ends.
    """

    record: Record
    connection: socket.socket

    def lost(self) -> bool:
        """Whether the supervisor has ended. Not beside a thread that waits."""
        self.connection.settimeout(0)
        try:
            return not self.connection.recv(1)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def wait_lost(self) -> None:
        """Block until the supervisor has ended, or somebody shut the connection down."""
        with suppress(OSError):
            self.connection.settimeout(None)
            self.connection.recv(1)

    def close(self) -> None:
        """Let go; wakes :meth:`wait_lost`."""
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
        self.connection.close()


def join(layout: Layout, timeout: float = 5.0) -> Link | None:
    """Return a link to the running instance; None where none runs, or it is just ending."""
    record = Record.read(layout.record)
    if record is None:
        return None
    try:
        connection = connect(record.hold, timeout)
    except (OSError, ValueError):
        return None
    try:
        connection.sendall(f"{record.nonce}\n".encode())
        if connection.recv(64) == b"held\n":
            return Link(record, connection)
    except OSError:
        pass
    connection.close()
    return None


class Hold:
    """One user's hold on the embedded OpenBao; a context manager.

    If the supervisor dies (somebody killed it), a thread of ours starts it again, at the same
    place if that is still there: read ``address`` anew after a failure.

    Attributes:
        role_id: for the AppRole login of a Jupyter server.
        secret_id_file: absolute path of the 0600 file with its secret id.
    """

    def __init__(
        self,
        link: Link,
        start_again: Callable[[], Link],
        *,
        role_id: str,
        secret_id_file: Path,
        log: logging.Logger | logging.LoggerAdapter[logging.Logger],
    ) -> None:
        self.role_id = role_id
        self.secret_id_file = str(secret_id_file)
        self._link = link
        self._start_again = start_again
        self._log = log
        self._lock = threading.Lock()
        self._released = threading.Event()
        self._down = threading.Event()
        # A daemon: a process that forgets to release must still be able to end.
        threading.Thread(target=self._watch, name="qcred-embedded-hold", daemon=True).start()

    @property
    def address(self) -> str:
        """Where OpenBao listens: ``unix:///abs/bao.sock`` or ``http://127.0.0.1:port``."""
        return self._link.record.address

    @property
    def pids(self) -> tuple[int, int]:
        """Process ids of the supervisor and of OpenBao when we joined (0: not yet running)."""
        return self._link.record.supervisor, self._link.record.openbao

    @property
    def alive(self) -> bool:
        """Whether the instance is held at this moment."""
        return not self._released.is_set() and not self._down.is_set()

    def release(self) -> None:
        """Let go; the last one to do so stops OpenBao after the linger time. Twice is harmless."""
        with self._lock:
            self._released.set()
            self._link.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()

    def _watch(self) -> None:
        delay = _FIRST_DELAY
        while True:
            self._link.wait_lost()
            if self._released.is_set():
                return
            self._down.set()
            self._log.warning("The embedded OpenBao ended; starting it again")
            while not self._rejoin():
                if self._released.wait(delay):
                    return
                delay = min(delay * 2, _LONGEST_DELAY)
            delay = _FIRST_DELAY

    def _rejoin(self) -> bool:
        try:
            link = self._start_again()
        except QcredError as error:
            self._log.warning("%s", error)
            return False
        with self._lock:
            self._link.close()
            self._link = link
            self._down.clear()
            if self._released.is_set():  # while we were starting it
                link.close()
        return True

"""Redacting pipes behind a kernel's stdout and stderr.

ipykernel echoes what subprocesses write to the descriptors it inherited: the server's own log, pod
logs, journald. The reader lives here and not in the kernel, so that a crash report written in a
kernel's last moment still arrives, and kernels of any language are covered.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import threading
from typing import TYPE_CHECKING

from jupyter_qcred.redact.window import ByteWindow

if TYPE_CHECKING:
    from jupyter_qcred.redact.redactor import Redactor

_READ = 65536
_HOLD = 0.5
"""Seconds after which a tail that was held back is written although nothing followed."""


class _Pipe:
    """One descriptor's way: bytes in, redacted bytes out to the descriptor that stood there."""

    def __init__(self, source: int, target: int, redactor: Redactor) -> None:
        self.source = source
        self._target = target
        self._window = ByteWindow(redactor)

    def forward(self) -> bool:
        """Move what is there; False at the end."""
        try:
            chunk = os.read(self.source, _READ)
        except OSError:
            chunk = b""
        emitted, _ = self._window.feed(chunk)
        self._write(emitted)
        if not chunk:
            self._write(self._window.flush())
        return bool(chunk)

    def flush(self) -> None:
        """Write a tail that was held back."""
        self._write(self._window.flush())

    def _write(self, data: bytes) -> None:
        # A server whose own stdout has gone loses its log, and its kernels must not hang for it.
        with contextlib.suppress(OSError):
            while data:
                data = data[os.write(self._target, data) :]


class StdioForwarder:
    """One daemon thread for the pipes of all kernels."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._selector = selectors.DefaultSelector()

    def pipe(self, target: int) -> int:
        """Return a descriptor to write to; what arrives is forwarded to ``target``, redacted.

        The caller closes the returned descriptor once the kernel has inherited it.

        Raises:
            OSError: no descriptor is left.
        """
        source, entrance = os.pipe()
        pipe = _Pipe(source, target, self._redactor)
        with self._lock:
            self._selector.register(source, selectors.EVENT_READ, pipe)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="qcred-stdio", daemon=True)
                self._thread.start()
        return entrance

    def _run(self) -> None:
        # epoll and kqueue accept descriptors registered by another thread while we wait.
        holding: set[_Pipe] = set()
        while True:
            ready = {key.data for key, _ in self._selector.select(_HOLD if holding else None)}
            for pipe in holding - ready:
                pipe.flush()
            holding = {pipe for pipe in ready if self._forward(pipe)}

    def _forward(self, pipe: _Pipe) -> bool:
        """Forward what is there; whether the pipe may hold a tail back now."""
        if pipe.forward():
            return True
        with self._lock:
            self._selector.unregister(pipe.source)
        os.close(pipe.source)
        return False

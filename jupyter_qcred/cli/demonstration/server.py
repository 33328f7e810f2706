"""The child Jupyter server, started with nothing but the installed files and its settings."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self

import psutil

from jupyter_qcred.core.errors import QcredError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_qcred.cli.demonstration.place import Place

_START: Final = 60.0
"""Seconds it may take; usually it takes one or two."""

_STOP: Final = 10.0
"""Seconds it gets to stop its kernels and revoke; it takes one."""


class Server:
    """The process, running while it is entered.

    Args:
        place: its directories and settings.
        module: ``jupyter_server`` or ``jupyterlab``.
        cloud: URL of the quantum cloud.
        options: command-line options for it, which win over its settings.
    """

    def __init__(self, place: Place, module: str, cloud: str, options: Sequence[str]) -> None:
        self._place = place
        self._command = [
            *(sys.executable, "-m", "jupyter_qcred.cli.demonstration.child", module),
            *options,
        ]
        self._environment = place.environment(cloud)
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def __enter__(self) -> Self:
        """Start it; it listens when this returns.

        Raises:
            QcredError: it ends at once, or does not listen in time.
        """
        with self._place.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                env=self._environment,
                cwd=self._place.work,
                stdin=subprocess.PIPE,  # open for as long as we live
                stdout=log,
                stderr=log,
                start_new_session=True,  # the terminal's Ctrl-C is for us alone
            )
        try:
            self._wait_listening(self._process)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_exc: object) -> None:
        """Stop it."""
        self.stop()

    def stop(self) -> int:
        """Stop it; it, its kernels and their children are gone when this returns.

        Returns:
            Its exit status, 0 where it did as it was told. May be called twice.
        """
        process = self._process
        if process is None or process.stdin is None or process.stdin.closed:
            return 0
        family = _family(process.pid)
        process.terminate()
        try:
            status = process.wait(_STOP)
        except subprocess.TimeoutExpired:
            family += _family(process.pid)
            process.kill()
            status = process.wait()
        # A kernel that was just being started belongs to nobody now.
        self._kill(family)
        self._kill(_naming(f"{self._place.runtime}/"))
        process.stdin.close()
        return status

    @staticmethod
    def _kill(processes: list[psutil.Process]) -> None:
        for process in processes:
            with suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(processes, timeout=5)

    def ended(self) -> bool:
        """Whether it has ended by itself."""
        return self._process is None or self._process.poll() is not None

    def _wait_listening(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _START
        told = self._place.runtime / f"jpserver-{process.pid}.json"
        while time.monotonic() < deadline and process.poll() is None:
            # The file comes a moment before the server listens.
            with suppress(OSError, ValueError, KeyError):
                found = json.loads(told.read_bytes())
                socket.create_connection((found["hostname"], found["port"]), timeout=5).close()
                self.url = found["url"]
                return
            time.sleep(0.05)
        raise QcredError(
            "The demo's Jupyter server does not start",
            next_step=f"Add --keep, and read {self._place.log.name} in the directory that is named",
        )


def _family(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _naming(start: str) -> list[psutil.Process]:
    """Processes with an argument that starts so, as a kernel's connection file does."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(word.startswith(start) for word in process.info["cmdline"] or ())
    ]

"""What the soak runs on: a real OpenBao, a relay before it, a real Jupyter server behind that."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from support import deployment
from support.faults import AuditedOpenBao, add_light_kernelspec, use_address
from support.processes import processes_naming, stop_all
from support.relay import Relay
from support.sweep import files_with

if TYPE_CHECKING:
    from pathlib import Path

    from support.jupyter import JupyterServer

LIGHT = "light"
REAL = "python3"


class Stage:
    """Everything that runs, in one directory."""

    def __init__(self, directory: Path, ttl: int, seed: int) -> None:
        self.directory = directory
        self.openbao = AuditedOpenBao(directory / "openbao")
        self.openbao.start()
        deployment.provide(self.openbao, period=f"{ttl}s", sweep=True)
        self.relay = Relay(self.openbao.address, seed)
        self.server = self._make_server()

    def _make_server(self) -> JupyterServer:
        server = deployment.server(
            self.openbao,
            self.directory / "home",
            args=("--debug", "--KernelManager.shutdown_wait_time=1"),
        )
        use_address(server.home, self.relay.address)
        add_light_kernelspec(server, LIGHT)
        return server

    def close(self) -> None:
        """End everything."""
        with suppress(Exception):
            self.server.close()
        stop_all(processes_naming(self.server.home))
        self.relay.close()
        self.openbao.stop()

    def leaks(self) -> list[str]:
        """Files that hold a value that was issued."""
        return files_with(deployment.CANARY, self.server.home, self.directory / "openbao")

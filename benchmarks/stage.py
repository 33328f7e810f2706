"""Two Jupyter servers side by side, alike but for us, and an OpenBao that one of them uses.

They are what the tests use: real servers in homes of their own, with the same settings and the same
transport encryption between server and kernels.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.issue.vault.roles import KERNEL_ROLE, SERVER_ROLE

from .browser import Browser
from .figures import Side
from .processes import wait_until_quiet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

TESTS: Final = str(Path(__file__).parents[1] / "tests")

CREDENTIAL: Final = "bench"
"""Name of the one profile; it is delivered when a kernel starts."""

_VALUES: Final = {"value": "xQ7wJ0mV4bT1sN9rK3yD6gH2pL8fZ5cA-uEoBiXnWtYk"}
"""A key of the length of IBM Cloud's."""

_ALIKE: Final = (
    "--KernelManager.transport_encryption=auto",
    # A display of 50 MB would be dropped by the limit on a kernel's output.
    "--ZMQChannelsWebsocketConnection.limit_rate=False",
)
_WITHOUT_US: Final = "--ServerApp.jpserver_extensions={'jupyter_qcred': False}"


@dataclass(frozen=True, slots=True)
class Host:
    """One running server and its user.

    ``root`` is the directory of its notebooks.
    """

    side: Side
    browser: Browser
    pid: int
    root: Path


class Stage:
    """OpenBao and the homes of two servers, which are started by ``hosts`` or one by one."""

    def __init__(self, directory: Path, openbao: Any, support: Any) -> None:
        self._directory = directory
        self._openbao = openbao
        self._deployment: Any = support

    @contextmanager
    def host(
        self, side: Side, prepare: Callable[[Side, Any], None] | None = None
    ) -> Iterator[Host]:
        """Start one server, after ``prepare`` had it, and stop it."""
        server = self._server(side)
        if prepare is not None:
            prepare(side, server)
        server.start()
        browser = Browser(server.url, import_module("support.jupyter").TOKEN)
        try:
            yield Host(side, browser, server.pid, server.root)
            browser.close()
            server.terminate()
        finally:
            server.close()

    @contextmanager
    def hosts(
        self, prepare: Callable[[Side, Any], None] | None = None
    ) -> Iterator[Mapping[Side, Host]]:
        """Start both servers, after ``prepare`` had them, and stop them."""
        with ExitStack() as stack:
            yield {side: stack.enter_context(self.host(side, prepare)) for side in Side}

    def quiet(self, *hosts: Host) -> None:
        """Wait until these servers and OpenBao have nothing to do."""
        pids = [host.pid for host in hosts]
        wait_until_quiet([*pids, self._openbao.pid()] if self._openbao.process else pids)

    def stop_openbao(self) -> None:
        """End OpenBao: from now on connections are refused."""
        self._openbao.stop()

    def pause_openbao(self) -> None:
        """Freeze OpenBao: connections are taken, requests are never answered."""
        self._openbao.pause()

    def address(self) -> str:
        """Return where OpenBao listens."""
        return str(self._openbao.address)

    def server_token(self) -> str:
        """Return a token that may open session tokens."""
        made = self._openbao.root.auth.token.create(role_name=SERVER_ROLE)
        return str(made["auth"]["client_token"])

    @contextmanager
    def crowded_host(self) -> Iterator[Host]:
        """Start a server for ``held``: its sessions get a token of their own each."""
        live = {
            "vendor": "test-cloud",
            "source": {
                "kind": "dynamic",
                "path": "auth/token/create/test-cloud",
                "parameters": {"ttl": "1h"},
            },
        }
        args = ("--ServerApp.jpserver_extensions={'benchmarks.held': True, 'jupyter_qcred': True}",)
        root = str(Path(TESTS).parent)
        server = self._deployment.server(
            self._openbao,
            self._directory / "crowded",
            {CREDENTIAL: live},
            args=args,
            env={"PYTHONPATH": root},
        ).start()
        browser = Browser(server.url, import_module("support.jupyter").TOKEN)
        try:
            yield Host(Side.WITH, browser, server.pid, server.root)
            browser.close()
            server.terminate()
        finally:
            server.close()

    def made_tokens(self) -> int:
        """Return how many tokens OpenBao has made, by its own audit log."""
        return sum(
            '"type":"response"' in line and '"path":"auth/token/create/' in line
            for line in self._openbao.audit_text().splitlines()
        )

    def live_sessions(self) -> int:
        """Return how many session tokens are alive, as OpenBao says."""
        found = map(self._openbao.lookup_accessor, self._openbao.accessors())
        return sum(
            token is not None and token["path"] == f"auth/token/create/{KERNEL_ROLE}"
            for token in found
        )

    def environment(self, name: str) -> dict[str, str]:
        """Make a home whose settings lead to OpenBao; return the environment of its owner."""
        home = self._directory / name
        self._deployment.settings(self._openbao, home)
        found: dict[str, str] = import_module("support.jupyter").isolated_environment(home)
        return found

    def _server(self, side: Side) -> Any:
        home = self._directory / side
        if side is Side.WITHOUT:
            jupyter = import_module("support.jupyter")
            return jupyter.JupyterServer(home, args=(*_ALIKE, _WITHOUT_US))
        profiles = {CREDENTIAL: {"vendor": "ibm-quantum", "source": f"kv2:qcred/{CREDENTIAL}"}}
        return self._deployment.server(self._openbao, home, profiles, args=_ALIKE)


@contextmanager
def stage(values: Mapping[str, str] = _VALUES) -> Iterator[Stage]:
    """Start OpenBao, holding one credential whose fields are ``values``, and stop it at the end."""
    if TESTS not in sys.path:
        sys.path.insert(0, TESTS)
    deployment = import_module("support.deployment")
    with tempfile.TemporaryDirectory(prefix="qcred-bench-", ignore_cleanup_errors=True) as name:
        openbao = import_module("support.openbao").OpenBao(Path(name) / "openbao")
        try:
            openbao.start()
            deployment.provide(openbao)
            openbao.put(CREDENTIAL, **values)
            yield Stage(Path(name), openbao, deployment)
        finally:
            openbao.stop()

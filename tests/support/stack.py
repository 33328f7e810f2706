"""The service in this process, a real OpenBao above it, and the kernel's half at its other end.

Everything is real but the process of the kernel, and the clock where a test moves it.
"""

from __future__ import annotations

import json
import logging
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from support import deployment
from traitlets.config import Config

from jupyter_qcred.core.clock import SystemClock
from jupyter_qcred.deliver.link import KernelLink
from jupyter_qcred.deliver.service import CredentialService
from jupyter_qcred.kernel.claim import BootConfig, claim
from jupyter_qcred.kernel.client import Client
from jupyter_qcred.kernel.credential import Credential

if TYPE_CHECKING:
    from pathlib import Path

    from support.openbao import OpenBao


class HandClock:
    """The machine's clock, plus what a test adds to it."""

    def __init__(self) -> None:
        self._real = SystemClock()
        self._added = 0.0

    def now(self) -> float:
        return self._real.now() + self._added

    def wall(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._added)

    def add(self, seconds: float) -> None:
        """Let so much time have passed, as while a machine sleeps: nobody is woken by it."""
        self._added += seconds


class Armed:
    """What stands for the kernel's redactor: notes what was armed before it is in the store."""

    def __init__(self) -> None:
        self.values: list[tuple[str, str]] = []

    def arm(self, credential: str, values: Any) -> None:
        self.values += [(credential, value) for value in values]


class Stack:
    """One service, and any number of kernels."""

    def __init__(
        self,
        openbao: OpenBao,
        home: Path,
        profiles: dict[str, Any] | None = None,
        *,
        address: str = "",
        issuer: dict[str, Any] | None = None,
        **sections: dict[str, Any],
    ) -> None:
        self.openbao = openbao
        self.clock = HandClock()
        self.audit_file = home / "audit.jsonl"
        home.mkdir(parents=True, exist_ok=True)
        self._login = openbao.approle_login()
        secret_id = home / "secret-id"
        secret_id.touch(mode=0o600)
        secret_id.write_text(self._login["secret_id"])
        config = {
            "VaultIssuer": {
                "address": address or openbao.address,
                "auth_method": "approle",
                "role_id": self._login["role_id"],
                "secret_id_file": str(secret_id),
                **(issuer or {}),
            },
            "CredentialService": {
                "profiles": deployment.PROFILES if profiles is None else profiles,
                "journal_directory": str(home / "journal"),
                "audit_file": str(self.audit_file),
                "hide_memory": False,
            },
            **sections,
        }
        self.service = CredentialService(config=Config(config))
        self.service.log = logging.getLogger("qcred-stack")
        self.service.clock = self.clock  # type: ignore[assignment]
        self.parts = self.service.parts()
        self.clients: list[Client] = []

    def kernel(self, name: str = "kernel") -> Client:
        """Launch a kernel: its half of the channel, claimed and reading."""
        link = KernelLink()
        session = self.service.open_session(link, name, "")
        config = BootConfig(
            fd=os.dup(link.fd),
            nonce=link.nonce,
            server_pid=os.getpid(),
            hide_memory=False,
            min_secret_length=8,
            min_fragment_length=24,
        )
        client = Client(claim(config), Armed(), self.clock)
        link.launched()
        client.start()
        client.session = session  # type: ignore[attr-defined]
        self.clients.append(client)
        client.catalog(10)
        return client

    def get(self, client: Client, name: str) -> Credential:
        """What ``qcred.get`` does."""
        if client.store.find(name) is None:
            client.ask("get", name, 20)
        return Credential(name, client)

    def end(self, client: Client) -> None:
        """End a kernel."""
        self.service.engine.call(client.session.end)  # type: ignore[attr-defined]

    def wake(self) -> None:
        """Let everybody look at the clock now, and not seconds later."""

        def look() -> None:
            self.parts.server_token.hurry()
            for session in self.service.sessions():
                session.desk._wake.set()

        self.service.engine.call(look)

    def on_loop(self, function: Any) -> Any:
        """Run a function on the engine's loop and return its result."""

        async def run() -> Any:
            return function()

        return self.service.engine.wait(run(), 10)

    def events(self, name: str, **fields: Any) -> list[dict[str, Any]]:
        """The audit events of one kind whose fields have these values."""
        if not self.audit_file.exists():
            return []
        # The last line may be half written.
        found = map(json.loads, self.audit_file.read_text().split("\n")[:-1])
        return [
            event
            for event in found
            if f"/{name}/v" in event["__schema__"]
            and all(event[field] == value for field, value in fields.items())
        ]

    def close(self) -> None:
        """End everything."""
        self.service.close()
        self.service.stdio.close() if hasattr(self.service.stdio, "close") else None
        loop = self.service.engine._loop
        if loop is not None:
            loop.call_soon_threadsafe(loop.stop)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

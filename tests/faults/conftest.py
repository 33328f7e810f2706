"""An OpenBao that counts, a relay before it, and processes that run the service behind that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support import deployment
from support.faults import AuditedOpenBao, use_address
from support.relay import Relay
from support.remains import remains
from support.serving import Service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def bao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AuditedOpenBao]:
    """An OpenBao for one test, not set up yet."""
    server = AuditedOpenBao(tmp_path_factory.mktemp("bao"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def relay(bao: AuditedOpenBao) -> Iterator[Relay]:
    """Stands before it."""
    with Relay(bao.address) as made:
        yield made


@pytest.fixture
def start_service(
    bao: AuditedOpenBao, relay: Relay, tmp_path: Path
) -> Iterator[Callable[..., Service]]:
    """Start processes of the service; those of one home share a journal."""
    made: list[Service] = []

    def start(
        *arguments: str,
        home: str = "home",
        profiles: dict[str, Any] | None = None,
        journal_directory: str = "",
        before: tuple[str, ...] = (),
        **env: str,
    ) -> Service:
        place = tmp_path / home
        if not place.exists():
            for name in ("run", "tmp", "data"):
                (place / name).mkdir(parents=True)
            traits = {"journal_directory": journal_directory} if journal_directory else {}
            deployment.settings(bao, place, profiles, **traits)
            use_address(place, relay.address)
        made.append(Service(place, *arguments, before=before, **env))
        return made[-1]

    yield start
    for service in made:
        service.close()
    for home in {service.home for service in made}:
        assert remains(home) == []

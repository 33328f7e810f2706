"""One Hub for the tests of a module, and what every Hub needs."""

from __future__ import annotations

from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import TYPE_CHECKING

import pytest
from support.hub import install_proxy
from support.hub_environment import UserEnvironment
from support.openbao import OpenBao

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command of the Hub's proxy."""
    return install_proxy(tmp_path_factory.mktemp("proxy"))


@pytest.fixture(scope="session")
def open_place() -> Iterator[Path]:
    """A folder that every user of the machine may enter; pytest closes its own ones."""
    place = Path(mkdtemp(prefix="hubs-"))
    place.chmod(0o755)
    yield place
    rmtree(place, ignore_errors=True)


@pytest.fixture(scope="session")
def environment(open_place: Path) -> UserEnvironment:
    """The environment that users' servers run in."""
    return UserEnvironment(open_place / "environment")


@pytest.fixture(scope="module")
def empty_openbao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    """A running OpenBao that nobody has set up."""
    server = OpenBao(tmp_path_factory.mktemp("openbao"))
    try:
        yield server.start()
    finally:
        server.stop()

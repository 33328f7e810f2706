"""Real servers for every test that needs one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.openbao import OpenBao

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def openbao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    """A running OpenBao with the shipped policies and roles, shared by the tests of a module."""
    server = OpenBao(tmp_path_factory.mktemp("openbao"))
    try:
        server.start().install_qcred()
        yield server
    finally:
        server.stop()


@pytest.fixture
def fresh_openbao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    """The same for one test alone, which may stop, kill, pause, seal and reconfigure it."""
    server = OpenBao(tmp_path_factory.mktemp("bao"))
    try:
        server.start().install_qcred()
        yield server
    finally:
        server.stop()

"""Embedded OpenBaos of their own, and the certainty that none outlives its test."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.openbao import wait_until
from support.processes import processes_naming, stop_all

from jupyter_qcred.issue.embedded.openbao import EmbeddedOpenBao

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def home() -> Iterator[Path]:
    """A short private directory: socket paths are limited to about a hundred bytes."""
    directory = Path(tempfile.mkdtemp(prefix="qcred-", dir="/tmp"))
    yield directory
    stop_all(processes_naming(directory))
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def embedded(home: Path) -> EmbeddedOpenBao:
    """Not set up yet; stops at once when nobody uses it."""
    return EmbeddedOpenBao(directory=str(home / "o"), linger=0.0)


@pytest.fixture
def same(home: Path) -> Callable[[], EmbeddedOpenBao]:
    """Make another object for the same instance, as another program of the user would."""
    return lambda: EmbeddedOpenBao(directory=str(home / "o"), linger=0.0)


@pytest.fixture
def pids(home: Path) -> Callable[[], list[int]]:
    """List the processes of the instance: those with its directory on their command line."""
    return lambda: processes_naming(home)


@pytest.fixture
def stopped(pids: Callable[[], list[int]]) -> Callable[[], None]:
    """Wait until no process of the instance is left."""
    return lambda: wait_until("every process is gone", lambda: not pids()) and None

"""For tests that run inside the environment of an SDK, by ``tests/adapters/test_sdks.py``."""

from __future__ import annotations

import os

import pytest

from jupyter_qcred.kernel.adapters.sdk import Sdk
from jupyter_qcred.testing.held import HeldKernel


@pytest.fixture(autouse=True)
def any_version(monkeypatch):
    """Where the latest releases are tried, the seams are, and not what we say of versions."""
    if os.environ.get("QCRED_SDKS_NEWEST"):
        monkeypatch.setattr(Sdk, "check", lambda sdk: None)


@pytest.fixture
def kernel():
    """Holds nothing yet."""
    return HeldKernel()

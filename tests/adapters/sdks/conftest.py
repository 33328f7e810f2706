"""For tests that run inside the environment of an SDK, by ``tests/adapters/test_sdks.py``."""

from __future__ import annotations

import pytest
from support.held import HeldKernel


@pytest.fixture
def kernel():
    """Holds nothing yet."""
    return HeldKernel()

"""A process that holds credentials for the time of a block, and is what it was after it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from jupyter_qcred.kernel import current
from jupyter_qcred.testing.held import HeldKernel

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def holding() -> Iterator[HeldKernel]:
    """Make this process one that a server stands behind."""
    before = current._state().client
    try:
        yield HeldKernel()
    finally:
        current.set_client(before)

"""A log that can be read when five hundred kernels meet the same trouble."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from support.stack import HandClock

from jupyter_qcred.deliver.calm import CalmLog

if TYPE_CHECKING:
    import pytest


def test_the_same_is_told_once_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    """One line now, one some minutes later with the number; another thing has a line of its own."""
    clock = HandClock()
    calm = CalmLog(logging.getLogger("calm"), clock)
    for _ in range(500):
        calm.warn(("ionq", "not_entitled"), "%s was not delivered: %s", "ionq", "no")
    calm.warn(("azure", "not_entitled"), "%s was not delivered: %s", "azure", "no")
    assert caplog.messages == ["ionq was not delivered: no", "azure was not delivered: no"]
    clock.add(301)
    calm.warn(("ionq", "not_entitled"), "%s was not delivered: %s", "ionq", "no")
    assert caplog.messages[-1] == (
        "ionq was not delivered: no (499 more like it since the last line)"
    )

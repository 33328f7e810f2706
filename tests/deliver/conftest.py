"""Services in the process of the test; each is ended with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support import deployment
from support.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.openbao import OpenBao


@pytest.fixture
def make_stack(fresh_openbao: OpenBao, tmp_path: Path) -> Iterator[Callable[..., Stack]]:
    """Start services that get their credentials from ``fresh_openbao``."""
    made: list[Stack] = []

    def make(profiles: dict[str, Any] | None = None, **how: Any) -> Stack:
        deployment.provide(fresh_openbao, **how.pop("install", {}))
        made.append(Stack(fresh_openbao, tmp_path / f"home{len(made)}", profiles, **how))
        return made[-1]

    yield make
    for stack in made:
        stack.close()

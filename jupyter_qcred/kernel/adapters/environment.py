"""Environment variables that hold a credential for the time of a block.

The environment belongs to the whole process. So blocks that are open at the same moment, in other
threads or tasks, share it: where two of them want different values for one variable, the second
is refused rather than given the identity of the first. When the last one ends, each variable is
what it was before the first.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from jupyter_qcred.core.errors import QcredError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class _Block:
    """What one block wants; None means that the variable shall not be there. Told by identity."""

    __slots__ = ("wanted",)

    def __init__(self, wanted: Mapping[str, str | None]) -> None:
        self.wanted = wanted


_LOCK = threading.Lock()
_open: list[_Block] = []
_before: dict[str, str | None] = {}
# The blocks round this one: a task begins with those of the task that made it, a thread with none.
_around: ContextVar[tuple[_Block, ...]] = ContextVar("qcred_use", default=())


@contextmanager
def scoped(wanted: Mapping[str, str | None]) -> Iterator[None]:
    """Set these variables for the time of a block.

    Args:
        wanted: variables and their values; None takes one away.

    Raises:
        QcredError: a block that is open elsewhere has set one of them to something else.
    """
    block = _Block(wanted)
    around = _around.get()
    with _LOCK:
        _refuse_conflict(block, around)
        for name in wanted:
            _before.setdefault(name, os.environ.get(name))
        _open.append(block)
        for name, value in wanted.items():
            _set(name, value)
    _around.set((*around, block))
    try:
        yield
    finally:
        # Not reset by its token: a generator may be closed in another context than it began in.
        _around.set(around)
        with _LOCK:
            _open.remove(block)
            for name in wanted:
                _give_back(name)


def _refuse_conflict(block: _Block, around: tuple[_Block, ...]) -> None:
    for other in _open:
        if other in around:
            continue  # this one is inside of it, and covers it until its end
        for name in block.wanted.keys() & other.wanted.keys():
            if block.wanted[name] != other.wanted[name]:
                raise QcredError(
                    f"Another thread or task is in a block which has set {name} to something else, "
                    "and the environment is one for the whole process",
                    next_step="Let that block end first, or use `qcred.client`, which needs no "
                    "environment",
                )


def _give_back(name: str) -> None:
    for block in reversed(_open):
        if name in block.wanted:
            _set(name, block.wanted[name])
            return
    _set(name, _before.pop(name))


def _set(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value

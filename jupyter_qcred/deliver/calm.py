"""One line for what hundreds of kernels meet at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging

    from jupyter_qcred.core.clock import Clock

_QUIET = 300.0
"""Seconds in which the same thing is counted instead of told."""


@dataclass(slots=True)
class _Told:
    at: float
    since: int = 0


class CalmLog:
    """Warns once about each thing, and counts what is like it. Runs on one event loop."""

    def __init__(self, log: logging.Logger, clock: Clock) -> None:
        self._log = log
        self._clock = clock
        self._told: dict[tuple[str, ...], _Told] = {}

    def warn(self, key: tuple[str, ...], message: str, *args: object) -> None:
        """Warn, unless the same was told in the last minutes; then the next line has the count.

        Args:
            key: what makes two things the same, such as a credential's name and an error's code.
            message: for the log, with ``%`` places for ``args``.
            args: for the message.
        """
        now = self._clock.now()
        told = self._told.get(key)
        if told is not None and now - told.at < _QUIET:
            told.since += 1
            self._log.debug(message, *args)
            return
        if told is not None and told.since:
            message, args = f"{message} (%d more like it since the last line)", (*args, told.since)
        self._told[key] = _Told(now)
        self._log.warning(message, *args)

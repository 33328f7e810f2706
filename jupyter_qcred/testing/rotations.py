"""One client through the day: its credential is renewed three times, then the lease ends."""

from __future__ import annotations

import logging
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from jupyter_qcred.core.errors import LeaseExpiredError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jupyter_qcred.testing.held import HeldKernel
    from jupyter_qcred.testing.vendor import Vendor


def outlives_rotations(
    kernel: HeldKernel,
    vendor: Vendor,
    name: str,
    deliver: Callable[[str], object],
    values: list[str],
    make: Callable[[], Any],
    work: Callable[[Any], object],
    *,
    talkative: str = "",
) -> Any:
    """Use one client with each value in turn, of which only the last is alive at the vendor.

    Args:
        kernel: where values are delivered.
        vendor: rejects all but ``alive``.
        name: of the credential.
        deliver: delivers a value.
        values: what is delivered in turn.
        make: makes the client, once.
        work: makes at least one request that needs the credential.
        talkative: a logger which shows what it sends at DEBUG, whoever gave it; a kernel's own
            output is redacted.
    """
    client = None
    with nothing_shown(values, talkative) as shown:
        for value in values:
            deliver(value)
            vendor.alive = value
            client = client if client is not None else make()
            before = len(vendor.calls)
            work(client)
            calls = [call for call in vendor.calls[before:] if call.presented]
            assert calls, "nothing was asked with a credential"
            assert {(call.presented, call.status) for call in calls} == {(value, 200)}
        shown.extend([repr(client), str(client), repr(vars(client) if _has_vars(client) else "")])
        kernel.end(name)
        before = len(vendor.calls)
        with pytest.raises(Exception) as caught:  # noqa: PT011 - some SDKs wrap ours in their own
            work(client)
        assert any(isinstance(error, LeaseExpiredError) for error in chain(caught.value)) or (
            "revoked" in str(caught.value)
        ), repr(caught.value)
        assert not any(call.presented in values for call in vendor.calls[before:])
        shown.append("".join(traceback.format_exception(caught.value)))
    return client


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and what it came from."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _has_vars(thing: object) -> bool:
    return hasattr(thing, "__dict__")


class _Words(logging.Handler):
    def __init__(self, talkative: str) -> None:
        super().__init__(1)
        self.said: list[str] = []
        self._talkative = talkative

    def emit(self, record: logging.LogRecord) -> None:
        known = self._talkative and record.name.startswith(self._talkative)
        if not known or record.levelno > logging.DEBUG:
            self.said.append(self.format(record))


@contextmanager
def nothing_shown(values: list[str], talkative: str = "") -> Iterator[list[str]]:
    """Check at the end that no value is in a log, at its finest, or in what was added."""
    words = _Words(talkative)
    root = logging.getLogger()
    loggers = [root, *map(logging.getLogger, list(root.manager.loggerDict))]
    before = [(logger, logger.level) for logger in loggers]
    for logger in loggers:
        logger.setLevel(1)
    root.addHandler(words)
    shown: list[str] = []
    try:
        yield shown
    finally:
        root.removeHandler(words)
        for logger, level in before:
            logger.setLevel(level)
    for value in values:
        assert not [text for text in [*words.said, *shown] if value in text]

"""Stop asking an issuer that does not answer, and say so once.

    closed ──failures in a row──▶ open ──its wait is over──▶ one request probes ──▶ closed
                                   ▲                                 └─ fails ─┘ (waits longer)

While it is open, requests fail at once with the kind of error that opened it. Revocations and the
heartbeat are never held back: they have waits of their own, and what they hear counts like any
other answer. A refusal is an answer: only what a later attempt can mend counts as a failure.

Two lines in the log tell of an outage: one when it begins, one when it is over. An issuer that
comes and goes (a rate limit does) gets them once in a while, not every second.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

from jupyter_qcred.core.backoff import delays
from jupyter_qcred.core.duration import format_duration
from jupyter_qcred.core.errors import IssuerError, QcredError

if TYPE_CHECKING:
    import logging
    import random
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from jupyter_qcred.core.clock import Clock

T = TypeVar("T")

_Kinds = type[IssuerError] | tuple[type[IssuerError], ...]

IN_A_ROW: Final = 3
"""Failures that open it: one or two are what happens on any network."""

_FIRST_WAIT: Final = 0.5
_LONGEST_WAIT: Final = 10.0
_CALM: Final = 60.0
"""Seconds after an outage in which a new one is the same trouble going on."""
_LASTING: Final = 10.0
"""Seconds after which such a new one is told all the same."""

_WORDS: Final[Mapping[str, str]] = {
    "issuer_unreachable": "cannot be reached",
    "issuer_sealed": "is sealed or not initialised",
    "issuer_throttled": "limits the rate of requests",
    "issuer_broken": "fails, or gives answers that make no sense",
}


@dataclass(frozen=True, slots=True)
class Outage:
    """An issuer that does not serve us.

    Attributes:
        code: the kind of trouble, an error's code such as ``issuer_sealed``.
        words: the same, to complete "OpenBao at …".
        since: when it was noticed, in UTC.
        next_try: seconds until the next request is let through.
        failed: requests that failed or were refused at once, by what they were for.
    """

    code: str
    words: str
    since: datetime
    next_try: float
    failed: Mapping[str, int]


@dataclass(slots=True)
class _Open:
    """The state while it is open."""

    cause: IssuerError
    began: float
    since: datetime
    waits: Iterator[float]
    retry_at: float = 0.0
    probing: bool = False
    told: bool = False
    failed: Counter[str] = field(default_factory=Counter)


class Breaker:
    """Guards the requests to one issuer, or to one source of it. Safe to call from any thread.

    Attributes:
        on_change: called without arguments after it opened or closed, in the requester's thread.
    """

    def __init__(
        self,
        name: Callable[[], str],
        clock: Clock,
        log: logging.Logger,
        *,
        in_a_row: int = IN_A_ROW,
        rng: random.Random | None = None,
    ) -> None:
        self._name = name
        self._clock = clock
        self._log = log
        self._in_a_row = in_a_row
        self._rng = rng
        self._lock = threading.Lock()
        self._failures = 0
        self._before: Counter[str] = Counter()
        self._open: _Open | None = None
        self._closed_at = float("-inf")
        self.on_change: Callable[[], None] = lambda: None

    # -- asking --------------------------------------------------------------------------------

    def run(
        self,
        what: str,
        call: Callable[[], T],
        *,
        always: bool = False,
        only: _Kinds = IssuerError,
        but: _Kinds = (),
        proves: Callable[[T], bool] = lambda _: True,
    ) -> T:
        """Make a request and learn from it.

        Args:
            what: what it is for, a word or two for the log.
            call: the request; blocks.
            always: make it even while the issuer is known to be away.
            only: failures of other kinds say nothing here.
            but: failures of this kind say nothing here.
            proves: whether an answer shows that the issuer works.

        Raises:
            IssuerError: from ``call``, or at once because the issuer is known to be away.
            QcredError: from ``call``.
        """
        asked = self._clock.now()
        probe = self._admit(what, always=always)
        try:
            answer = call()
        except IssuerError as error:
            if not error.retryable:
                self.answered()
            elif probe or _counts(error, only, but):
                self.failed(what, error, asked, probe=probe)
            raise
        except QcredError:
            self.answered()
            raise
        except BaseException:
            self._give_up(probe=probe)
            raise
        if proves(answer):
            self.answered()
        else:
            self._give_up(probe=probe)
        return answer

    def check(self) -> None:
        """Refuse at once what would be refused anyway.

        Raises:
            IssuerError: the issuer is known to be away, and it is not yet time to try again.
        """
        with self._lock:
            if self._open is not None and self._clock.now() < self._open.retry_at:
                raise self._refusal(self._open)

    def outage(self) -> Outage | None:
        """What is known about the trouble; None while requests are let through."""
        with self._lock:
            state = self._open
            if state is None:
                return None
            return Outage(
                code=state.cause.code,
                words=_words(state.cause),
                since=state.since,
                next_try=max(0.0, state.retry_at - self._clock.now()),
                failed=dict(state.failed),
            )

    def _admit(self, what: str, *, always: bool) -> bool:
        """Return whether this request is the probe."""
        with self._lock:
            state = self._open
            if state is None or always:
                return False
            if self._clock.now() < state.retry_at or state.probing:
                state.failed[what] += 1
                raise self._refusal(state)
            state.probing = True
            return True

    def _refusal(self, state: _Open) -> IssuerError:
        left = max(0.0, state.retry_at - self._clock.now())
        return type(state.cause)(
            f"{self._name()} {_words(state.cause)}, since {state.since:%H:%M:%S} UTC; "
            f"the next try is in {max(1, round(left))} s",
            next_step=state.cause.next_step,
        )

    def _give_up(self, *, probe: bool) -> None:
        """The probe ended by a fault of ours, which says nothing about the issuer."""
        with self._lock:
            if probe and self._open is not None:
                self._open.probing = False

    # -- learning ------------------------------------------------------------------------------

    def failed(self, what: str, error: IssuerError, asked: float, *, probe: bool = False) -> None:
        """A request failed in a way that may pass.

        Args:
            what: what it was for.
            error: how it failed.
            asked: when it was sent, on the clock: an outage is not prolonged by requests that were
                under way when it began.
            probe: it was let through to find out.
        """
        opened = False
        with self._lock:
            state = self._open
            if state is None:
                self._before[what] += 1
                self._failures += 1
                if self._failures >= self._in_a_row:
                    self._open_up(error)
                    opened = True
            else:
                state.failed[what] += 1
                if probe or asked >= state.retry_at:
                    state.cause = error
                    state.probing = False
                    self._wait_longer(state, error)
                    self._tell_if_it_lasts(state)
        if opened:
            self.on_change()

    def answered(self) -> None:
        """The issuer answered: it is there."""
        with self._lock:
            self._failures = 0
            self._before.clear()
            state, self._open = self._open, None
            if state is None:
                return
            self._closed_at = self._clock.now()
            if state.told:
                self._tell_over(state)
        self.on_change()

    def _open_up(self, error: IssuerError) -> None:
        now = self._clock.now()
        state = _Open(
            cause=error,
            began=now,
            since=self._clock.wall(),
            waits=delays(_FIRST_WAIT, _LONGEST_WAIT, self._rng),
            failed=self._before.copy(),
        )
        self._open, self._failures = state, 0
        self._before.clear()
        self._wait_longer(state, error)
        if now - self._closed_at >= _CALM:
            self._tell(state)

    def _wait_longer(self, state: _Open, error: IssuerError) -> None:
        wait = next(state.waits)
        if error.retry_after is not None:
            wait = max(wait, error.retry_after)
        state.retry_at = self._clock.now() + wait

    # -- telling -------------------------------------------------------------------------------

    def _tell(self, state: _Open) -> None:
        state.told = True
        self._log.warning(
            "%s %s: nothing is issued or renewed, and revocations wait. It is tried again by "
            "itself; a line will tell when it is back.",
            self._name(),
            _words(state.cause),
        )

    def _tell_if_it_lasts(self, state: _Open) -> None:
        if not state.told and self._clock.now() - state.began >= _LASTING:
            self._tell(state)

    def _tell_over(self, state: _Open) -> None:
        affected = ", ".join(f"{what} ({n})" for what, n in sorted(state.failed.items()))
        self._log.warning(
            "%s serves again after %s: %d requests failed or waited: %s.",
            self._name(),
            format_duration(self._clock.now() - state.began),
            state.failed.total(),
            affected,
        )


def _counts(error: IssuerError, only: _Kinds, but: _Kinds) -> bool:
    return isinstance(error, only) and not isinstance(error, but)


def _words(cause: IssuerError) -> str:
    return _WORDS.get(cause.code, "fails")

"""What security people want to be told: what should be dead and is not, what fails, what is odd.

Each alert is an audit event of the schema ``alert`` and a line in the log. What many kernels meet
at once is told once in a while, with a count.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from traitlets import Bool, Float, Int
from traitlets.config import LoggingConfigurable

from jupyter_qcred.core.duration import format_duration

if TYPE_CHECKING:
    from jupyter_qcred.audit.events import AlertKind, What
    from jupyter_qcred.core.clock import Clock
    from jupyter_qcred.core.errors import QcredError
    from jupyter_qcred.revoke.revoker import Debt

    from .calm import CalmLog
    from .leases import Entry
    from .shared import Holder
    from .trail import Trail


_ATTEMPTS = 50
"""Failures that can be counted, at most, until what is renewed has ended."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What an alert is about.

    Attributes:
        holder: the kernel; None for the server token.
        intent: name of the token, or of the one that the credential was issued with.
        entry: the credential, None for a token.
        accessor: the token's.
    """

    what: What
    holder: Holder | None = None
    intent: str = ""
    entry: Entry | None = None
    accessor: str = ""

    @property
    def name(self) -> str:
        """For the log."""
        return self.what if self.entry is None else self.entry.lease.credential


class Streak:
    """Failures of one renewal in a row.

    Those that follow each other closely count as one: the heartbeat probes an issuer that is away
    far more often than it is due.
    """

    def __init__(self) -> None:
        self.count = 0
        self._since = 0.0
        self._last = 0.0
        self._rest = 0.0
        self._told = False

    def failed(self, now: float, left: float, most: int) -> bool:
        """Count one.

        Args:
            now: on the clock.
            left: seconds until what is renewed has ended.
            most: failures that are too many.

        Returns:
            Whether it is time to tell: there were ``most``, or half of the rest of the life has
            passed since the first. True once.
        """
        if self.count == 0:
            self._since, self._rest = now, left
        if self.count == 0 or now - self._last >= self._rest / _ATTEMPTS:
            self._last = now
            self.count += 1
        half = self.count > 1 and now - self._since >= self._rest / 2
        if self._told or not (self.count >= most or half):
            return False
        self._told = True
        return True

    def lasted(self, now: float) -> float:
        """Seconds since the first."""
        return now - self._since


class Alerts(LoggingConfigurable):
    """When to raise an alert."""

    probe = Bool(
        True,  # noqa: FBT003
        help="After a token or lease has ended, ask the issuer whether it is really dead; about "
        "leases where the server token may update sys/leases/lookup.",
    ).tag(config=True)
    probe_delay = Float(
        5.0, min=0.1, help="Seconds after the end until it is asked; an alert needs two answers."
    ).tag(config=True)
    probes_per_minute = Int(120, min=1, help="Most such questions in a minute.").tag(config=True)
    failures_in_a_row = Int(
        5,
        min=1,
        help="Renewals that fail one after another before an alert; it comes sooner where half of "
        "what is left of a life has passed.",
    ).tag(config=True)
    most_issues = Int(
        100,
        min=1,
        help="How often one credential may be asked for within issue_window by the kernels of this "
        "server, besides once by each that runs, before an alert. Renewals do not count.",
    ).tag(config=True)
    issue_window = Float(600.0, min=1.0, help="Seconds that most_issues is about.").tag(config=True)

    def __init__(self, trail: Trail, clock: Clock, calm: CalmLog, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._trail = trail
        self._clock = clock
        self._calm = calm
        self._issues: dict[str, deque[float]] = {}
        self._quiet: dict[tuple[str, ...], float] = {}

    # -- what is odd ---------------------------------------------------------------------------

    def issued(self, subject: Subject, kernels: int) -> None:
        """One of so many kernels asked for a credential and got it."""
        now, name = self._clock.now(), subject.name
        times = self._issues.setdefault(name, deque())
        times.append(now)
        while now - times[0] > self.issue_window:
            times.popleft()
        if len(times) <= self.most_issues + kernels or self._is_quiet("unusual_issuance", name):
            return
        self._calm.warn(
            ("unusual_issuance", name),
            "%s was asked for %d times within %s",
            *(name, len(times), format_duration(self.issue_window)),
        )
        self._raise("unusual_issuance", subject, "", len(times), self.issue_window)

    # -- what fails ----------------------------------------------------------------------------

    def renewal_failed(
        self, streak: Streak, subject: Subject, error: QcredError, left: float
    ) -> bool:
        """A renewal failed; whether it is time that somebody knows."""
        now = self._clock.now()
        if not streak.failed(now, left, self.failures_in_a_row):
            return False
        if not self._is_quiet("renewal_failing", subject.name, error.code):
            self._calm.warn(
                ("renewal_failing", subject.name, error.code),
                "%s could not be renewed %d times within %s, and ends in %s: %s",
                *(subject.name, streak.count, format_duration(streak.lasted(now))),
                *(format_duration(left), error),
            )
            self._raise("renewal_failing", subject, error.code, streak.count, streak.lasted(now))
        return True

    def ending(self, subject: Subject, error: QcredError, left: float) -> None:
        """A person has to do something, or it ends in ``left`` seconds."""
        self._calm.warn(
            ("ending", subject.name, error.code),
            "%s ends in %s and cannot be had anew: %s",
            *(subject.name, format_duration(left), error),
        )
        self._raise("ending", subject, error.code, 1, left)

    def refused(self, debt: Debt, subject: Subject) -> None:
        """The issuer does not let a token be revoked, which may live until its bound."""
        left = max(0.0, debt.bound - self._clock.now())
        self._calm.warn(
            ("revocation_refused", subject.name),
            "A %s may not be revoked, by the issuer's policy. It is tried again, and dies within "
            "%s by itself",
            *(subject.name, format_duration(left)),
        )
        self._raise("revocation_refused", subject, "not_entitled", 1, left)

    def still_alive(self, subject: Subject, since: float) -> None:
        """What ended at ``since`` on the clock still works upstream."""
        lasted = self._clock.now() - since
        self._calm.warn(
            ("still_alive", subject.name),
            "A %s still works at the issuer %s after its end",
            *(subject.name, format_duration(lasted)),
        )
        self._raise("still_alive", subject, "", 1, lasted)

    def _is_quiet(self, *key: str) -> bool:
        """Whether this was raised within the window; if not, it is from now on."""
        now = self._clock.now()
        if now - self._quiet.get(key, float("-inf")) < self.issue_window:
            return True
        self._quiet[key] = now
        return False

    def _raise(
        self, kind: AlertKind, subject: Subject, reason: str, count: int, seconds: float
    ) -> None:
        self._trail.alert(kind, subject, reason=reason, count=count, seconds=seconds)

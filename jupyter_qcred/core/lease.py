"""A lease: our record of one credential held by one kernel, and the rules of its life.

    ISSUED ──delivered──▶ LIVE ──revoking──▶ REVOKING ──confirmed──▶ REVOKED
       │                   │ ▲ renewed            │──unsupported──▶ UNSUPPORTED
       │                   └─┘                    │──failed──▶ REVOKING (tried again)
       └──revoking──▶ REVOKING                    └──expired──▶ EXPIRED
    any state before an end ──expired──▶ EXPIRED

The end states are REVOKED, UNSUPPORTED and EXPIRED; nothing leaves them. "Revoked" is said only
when the upstream confirmed it: UNSUPPORTED means that the vendor cannot invalidate the value, which
then lives until ``expires_at``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NewType

if TYPE_CHECKING:
    from collections.abc import Mapping

LeaseId = NewType("LeaseId", str)
"""Our own random handle of a lease: not secret, safe in logs, events and REST answers."""

Accessor = NewType("Accessor", str)
"""Vault's non-secret handle of a token."""

IntentId = NewType("IntentId", str)
"""Random name of what we are about to ask for, written to the journal before the request."""


class Outcome(StrEnum):
    """What the upstream said about a revocation."""

    CONFIRMED = "confirmed"
    UNSUPPORTED = "unsupported"
    FAILED = "failed"


class LeaseState(StrEnum):
    """Where a lease stands."""

    ISSUED = "issued"
    LIVE = "live"
    REVOKING = "revoking"
    REVOKED = "revoked"
    UNSUPPORTED = "unsupported"
    EXPIRED = "expired"


_NEXT: Final[Mapping[LeaseState, frozenset[LeaseState]]] = {
    LeaseState.ISSUED: frozenset({LeaseState.LIVE, LeaseState.REVOKING, LeaseState.EXPIRED}),
    LeaseState.LIVE: frozenset({LeaseState.LIVE, LeaseState.REVOKING, LeaseState.EXPIRED}),
    LeaseState.REVOKING: frozenset(
        {LeaseState.REVOKING, LeaseState.REVOKED, LeaseState.UNSUPPORTED, LeaseState.EXPIRED}
    ),
    LeaseState.REVOKED: frozenset(),
    LeaseState.UNSUPPORTED: frozenset(),
    LeaseState.EXPIRED: frozenset(),
}

ENDED: Final = frozenset({LeaseState.REVOKED, LeaseState.UNSUPPORTED, LeaseState.EXPIRED})

_AFTER_REVOKE: Final[Mapping[Outcome, LeaseState]] = {
    Outcome.CONFIRMED: LeaseState.REVOKED,
    Outcome.UNSUPPORTED: LeaseState.UNSUPPORTED,
    Outcome.FAILED: LeaseState.REVOKING,
}


class LeaseRuleError(ValueError):
    """A change of state that the rules above do not allow: a bug of ours."""


@dataclass(frozen=True, slots=True)
class Lease:
    """One credential held by one kernel session. Holds no secret.

    Attributes:
        lease_id: our handle.
        credential: the credential's name, such as ``ibm-quantum``.
        expires_at: on the injected clock, seconds; infinity for a static key.
        renewable: the same value can be kept alive; otherwise it is issued anew.
        revocable: the upstream can invalidate the value when asked.
        labels: environment, project, cost centre, from the profile.
        renewals: how often its life was extended or its value replaced.
    """

    lease_id: LeaseId
    credential: str
    expires_at: float
    renewable: bool
    revocable: bool
    state: LeaseState = LeaseState.ISSUED
    labels: Mapping[str, str] = field(default_factory=dict)
    renewals: int = 0

    @property
    def ended(self) -> bool:
        """Whether nothing more can happen to it."""
        return self.state in ENDED

    def _to(self, state: LeaseState) -> Lease:
        if state not in _NEXT[self.state]:
            raise LeaseRuleError(f"lease {self.lease_id}: {self.state} cannot become {state}")
        return replace(self, state=state)

    def delivered(self) -> Lease:
        """The kernel acknowledged the value."""
        return self._to(LeaseState.LIVE)

    def renewed(self, expires_at: float) -> Lease:
        """The upstream extended the life, or replaced the value."""
        live = self._to(LeaseState.LIVE)
        return replace(live, expires_at=expires_at, renewals=self.renewals + 1)

    def revoking(self) -> Lease:
        """A revocation is owed."""
        return self._to(LeaseState.REVOKING)

    def answered(self, outcome: Outcome) -> Lease:
        """The upstream answered a revocation; FAILED keeps it owed.

        Raises:
            LeaseRuleError: no revocation was owed.
        """
        if self.state is not LeaseState.REVOKING:
            raise LeaseRuleError(
                f"lease {self.lease_id}: {self.state} cannot become {_AFTER_REVOKE[outcome]} "
                "by an answer that nobody asked for"
            )
        return self._to(_AFTER_REVOKE[outcome])

    def expired(self) -> Lease:
        """Its time has certainly passed."""
        return self._to(LeaseState.EXPIRED)

    def remaining(self, now: float) -> float:
        """Seconds left at ``now`` on the same clock; never negative."""
        return max(0.0, self.expires_at - now)

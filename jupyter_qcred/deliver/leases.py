"""The leases of one kernel session, and when each is due. No I/O."""

from __future__ import annotations

import random
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from jupyter_qcred.core.lease import Lease, LeaseId

if TYPE_CHECKING:
    from jupyter_qcred.core.clock import Clock
    from jupyter_qcred.issue.issuer import IssuedCredential
    from jupyter_qcred.issue.profile import Profile


@dataclass(frozen=True, slots=True)
class Entry:
    """A credential as it was issued last.

    Attributes:
        upstream_end: when the value dies upstream, on the clock; infinity for a static key.
        due: when to renew or replace it, on the clock; infinity for a static key.
    """

    lease: Lease
    profile: Profile
    issued: IssuedCredential
    upstream_end: float
    due: float


class LeaseBook:
    """Entries by credential name."""

    def __init__(self, clock: Clock, rng: random.Random | None = None) -> None:
        self._clock = clock
        self._rng = rng or random.Random()  # noqa: S311 - spreads load, guards nothing
        self._entries: dict[str, Entry] = {}

    def add(self, profile: Profile, issued: IssuedCredential, token_end: float) -> Entry:
        """Record an issued credential; it replaces the entry of that name."""
        end = self._end(issued.ttl)
        replaced = self.find(profile.name)
        lease = Lease(
            lease_id=LeaseId(secrets.token_hex(8)),
            credential=profile.name,
            expires_at=min(end, token_end),
            renewable=issued.renewable,
            revocable=issued.revocable,
            labels=profile.labels,
            renewals=replaced.lease.renewals + 1 if replaced is not None else 0,
        )
        entry = Entry(lease, profile, issued, upstream_end=end, due=self.due(issued.ttl))
        self._entries[profile.name] = entry
        return entry

    def renewed(self, name: str, ttl: float, token_end: float) -> Entry:
        """Record that the upstream extended the same value."""
        entry = self._entries[name]
        end = self._end(ttl)
        lease = entry.lease.renewed(min(end, token_end))
        return self._put(replace(entry, lease=lease, upstream_end=end, due=self.due(ttl)))

    def extended(self, name: str, token_end: float) -> Entry:
        """Record that the session token above a lease lives longer."""
        entry = self._entries[name]
        lease = replace(entry.lease, expires_at=min(entry.upstream_end, token_end))
        return self._put(replace(entry, lease=lease))

    def postponed(self, name: str) -> None:
        """A renewal failed: try again after a part of what is left, at most 5 s."""
        entry = self._entries[name]
        left = entry.lease.remaining(self._clock.now())
        self._put(replace(entry, due=self._clock.now() + min(5.0, max(0.2, left / 4))))

    def delivered(self, lease_id: str) -> Entry | None:
        """Record the kernel's acknowledgement; None for a lease that was replaced meanwhile."""
        entry = self.by_id(lease_id)
        return None if entry is None else self._put(replace(entry, lease=entry.lease.delivered()))

    def find(self, name: str) -> Entry | None:
        """Return the entry whose lease is alive."""
        entry = self._entries.get(name)
        if entry is None or entry.lease.expires_at <= self._clock.now():
            return None
        return entry

    def by_id(self, lease_id: str) -> Entry | None:
        """Return the entry with this handle, past its end or not."""
        for entry in self._entries.values():
            if entry.lease.lease_id == lease_id:
                return entry
        return None

    def remove(self, name: str) -> Entry | None:
        """Forget an entry and return it."""
        return self._entries.pop(name, None)

    def clear(self) -> list[Entry]:
        """Forget all entries and return them."""
        entries = list(self._entries.values())
        self._entries.clear()
        return entries

    def all(self) -> list[Entry]:
        """All entries, those past their end included."""
        return list(self._entries.values())

    def upstream_leases(self) -> tuple[str, ...]:
        """Vault's ids of the leases that the upstream can end."""
        return tuple(
            entry.issued.upstream_lease
            for entry in self._entries.values()
            if entry.issued.upstream_lease is not None and entry.issued.revocable
        )

    def due(self, ttl: float | None) -> float:
        """When something with ``ttl`` seconds left is renewed: at two thirds, a little spread.

        Two thirds plus jitter is what Vault's own lifetime watcher does.
        """
        if ttl is None:
            return float("inf")
        return self._clock.now() + ttl * 2 / 3 * self._rng.uniform(0.9, 1.0)

    def _end(self, ttl: float | None) -> float:
        return float("inf") if ttl is None else self._clock.now() + ttl

    def _put(self, entry: Entry) -> Entry:
        self._entries[entry.lease.credential] = entry
        return entry

"""The leases of one kernel session, and when each is due. No I/O."""

from __future__ import annotations

import random
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from jupyter_qcred.core.backoff import renewal_in
from jupyter_qcred.core.lease import Lease, LeaseId

from .session_token import SHORTER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jupyter_qcred.core.clock import Clock
    from jupyter_qcred.issue.issuer import IssuedCredential
    from jupyter_qcred.issue.profile import Profile

    from .session_token import Life


@dataclass(frozen=True, slots=True)
class Entry:
    """A credential as it was issued last.

    Attributes:
        life: the session token that it was issued with.
        upstream_end: until when the value lives upstream unless it is revoked, on the clock:
            counted from when it was asked for; infinity for a static key.
        dead_at: from when on it is certainly dead: counted from when the answer came.
        due: when to renew or replace it, on the clock; infinity for a static key.
        final: the upstream extends it no further; it needs a new value.
    """

    lease: Lease
    profile: Profile
    issued: IssuedCredential
    life: Life
    upstream_end: float
    dead_at: float
    due: float
    final: bool = False


class LeaseBook:
    """Entries by credential name."""

    def __init__(self, clock: Clock, rng: random.Random | None = None) -> None:
        self._clock = clock
        self._rng = rng or random.Random()  # noqa: S311 - spreads load, guards nothing
        self._entries: dict[str, Entry] = {}

    def add(self, profile: Profile, issued: IssuedCredential, life: Life, asked: float) -> Entry:
        """Record a credential that was asked for at ``asked``; it replaces that of its name."""
        end = _after(asked, issued.ttl)
        replaced = self.find(profile.name)
        lease = Lease(
            lease_id=LeaseId(secrets.token_hex(8)),
            credential=profile.name,
            expires_at=min(end, life.expires_at),
            renewable=issued.renewable,
            revocable=issued.revocable,
            labels=profile.labels,
            renewals=replaced.lease.renewals + 1 if replaced is not None else 0,
        )
        dead = _after(self._clock.now(), issued.ttl)
        due = self._due(issued.ttl)
        entry = Entry(lease, profile, issued, life, upstream_end=end, dead_at=dead, due=due)
        self._entries[profile.name] = entry
        return entry

    def renewed(self, name: str, ttl: float, asked: float) -> Entry:
        """Record that the upstream extended the same value, if only by what a maximum leaves."""
        entry, now = self._entries[name], self._clock.now()
        end, granted = asked + ttl, entry.issued.ttl or 0.0
        lease = entry.lease.renewed(min(end, entry.life.expires_at))
        final = ttl < granted * SHORTER
        due = now if final and ttl < granted / 2 else self._due(ttl)
        longer = replace(entry, lease=lease, upstream_end=end, dead_at=now + ttl, due=due)
        return self._put(replace(longer, final=final))

    def extended(self, name: str) -> Entry:
        """Record that the session token above a lease lives longer."""
        entry = self._entries[name]
        lease = replace(entry.lease, expires_at=min(entry.upstream_end, entry.life.expires_at))
        return self._put(replace(entry, lease=lease))

    def put_off(self, name: str, seconds: float) -> None:
        """Renew it in so many seconds; unknown names are ignored."""
        if name in self._entries:
            entry = self._entries[name]
            self._put(replace(entry, due=self._clock.now() + seconds))

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

    def _due(self, ttl: float | None) -> float:
        return float("inf") if ttl is None else self._clock.now() + renewal_in(ttl, self._rng)

    def _put(self, entry: Entry) -> Entry:
        self._entries[entry.lease.credential] = entry
        return entry


def _after(moment: float, ttl: float | None) -> float:
    return float("inf") if ttl is None else moment + ttl


def upstream_leases(entries: Iterable[Entry]) -> tuple[str, ...]:
    """Vault's ids of those leases that the upstream can end."""
    return tuple(
        entry.issued.upstream_lease
        for entry in entries
        if entry.issued.upstream_lease is not None and entry.issued.revocable
    )

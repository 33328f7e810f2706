"""The credentials of this kernel, in memory only."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from jupyter_qcred.core.errors import LeaseExpiredError, QcredError
from jupyter_qcred.core.record import Record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_qcred.core.clock import Clock
    from jupyter_qcred.core.secret import Secret


class Held(Record):
    """One credential as it was delivered last.

    ``expires_at`` is on the store's clock in seconds; None for a static key.
    """

    name: str
    lease_id: str
    vendor: str
    main: str
    values: Mapping[str, Secret]
    public: Mapping[str, str]
    expires_at: float | None
    renewable: bool
    revocable: bool
    labels: Mapping[str, str]


class Store:
    """Holds what was delivered, and why something is no longer there. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._held: dict[str, Held] = {}
        self._gone: dict[str, QcredError] = {}

    def put(self, held: Held) -> None:
        """Keep a delivered credential; it replaces the one of that name."""
        with self._lock:
            self._held[held.name] = held
            self._gone.pop(held.name, None)

    def extend(self, lease_id: str, expires_in: float | None) -> None:
        """Give a held lease more time (seconds from now); unknown leases are ignored."""
        expires_at = None if expires_in is None else self._clock.now() + expires_in
        with self._lock:
            for name, held in self._held.items():
                if held.lease_id == lease_id:
                    self._held[name] = held.replaced(expires_at=expires_at)

    def withdraw(self, name: str, why: QcredError) -> None:
        """Forget a credential and remember the reason."""
        with self._lock:
            self._held.pop(name, None)
            self._gone[name] = why

    def wipe(self, why: QcredError | None = None) -> None:
        """Forget all values: the server has gone, or this is a forked child."""
        with self._lock:
            if why is not None:
                self._gone.update(dict.fromkeys(self._held, why))
            self._held.clear()

    def after_fork(self) -> None:
        """Empty the child's copy, whatever a thread of the parent held locked."""
        self._lock = threading.Lock()
        self._held = {}

    def find(self, name: str) -> Held | None:
        """Return a credential that is alive, or None. One that expired is forgotten here."""
        with self._lock:
            held = self._held.get(name)
            if held is None:
                return None
            if held.expires_at is not None and held.expires_at <= self._clock.now():
                del self._held[name]
                self._gone[name] = LeaseExpiredError(
                    f"The lease of {name} has expired and could not be renewed in time",
                    credential=name,
                )
                return None
            return held

    def why_gone(self, name: str) -> QcredError | None:
        """Return why a credential that was here is not any more."""
        with self._lock:
            return self._gone.get(name)

    def names(self) -> list[str]:
        """Names of what is held and alive."""
        with self._lock:
            names = list(self._held)
        return sorted(name for name in names if self.find(name) is not None)

    def remaining(self, held: Held) -> float | None:
        """Seconds a credential still lives; None for a static key."""
        return None if held.expires_at is None else max(0.0, held.expires_at - self._clock.now())

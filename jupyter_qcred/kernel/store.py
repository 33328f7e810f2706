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


class Gone(Record):
    """Why a credential that was here is not any more.

    ``again``: the next use may ask the server for it.
    """

    why: QcredError
    again: bool


class Warned(Record):
    """What a person has to know about a credential.

    ``ends_at`` is on the store's clock in seconds; None where it has ended already.
    """

    why: QcredError
    ends_at: float | None


class Caution(Record):
    """What is wrong with the folder; ``told``: its user has seen it."""

    why: QcredError
    told: bool = False


class Store:
    """Holds what was delivered, and why something is no longer there. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._held: dict[str, Held] = {}
        self._gone: dict[str, Gone] = {}
        self._notices: dict[str, Warned] = {}
        self._untold: set[str] = set()
        self._cautions: dict[str, Caution] = {}
        self._good_until: float | None = None

    def put(self, held: Held) -> None:
        """Keep a delivered credential; it replaces the one of that name."""
        with self._lock:
            self._held[held.name] = held
            self._gone.pop(held.name, None)
            self._settle(held.name)

    def extend(self, lease_id: str, expires_in: float | None) -> None:
        """Give a held lease more time (seconds from now); unknown leases are ignored."""
        expires_at = None if expires_in is None else self._clock.now() + expires_in
        with self._lock:
            for name, held in self._held.items():
                if held.lease_id == lease_id:
                    self._held[name] = held.replaced(expires_at=expires_at)
                    self._settle(name)

    def beat(self, expires_in: float | None) -> None:
        """All that is held is good for so many seconds more; None: for as long as each says."""
        with self._lock:
            self._good_until = None if expires_in is None else self._clock.now() + expires_in

    def withdraw(self, name: str, why: QcredError, *, again: bool = True) -> None:
        """Forget a credential and remember the reason."""
        with self._lock:
            self._held.pop(name, None)
            self._gone[name] = Gone(why=why, again=again)
            if not again:
                self._settle(name)

    def wipe(self, why: QcredError | None = None) -> None:
        """Forget all values: the server has gone, or this is a forked child."""
        with self._lock:
            if why is not None:
                self._gone.update(dict.fromkeys(self._held, Gone(why=why, again=False)))
            self._held.clear()

    # -- what a person has to know -------------------------------------------------------------

    def notice(self, name: str, why: QcredError, ends_in: float | None) -> None:
        """Keep what a person has to know about a credential, to be told once and shown since."""
        ends_at = None if ends_in is None else self._clock.now() + ends_in
        with self._lock:
            known = self._notices.get(name)
            self._notices[name] = Warned(why=why, ends_at=ends_at)
            if known is None or known.why.code != why.code:
                self._untold.add(name)

    def _settle(self, name: str) -> None:
        self._notices.pop(name, None)
        self._untold.discard(name)

    def notices(self) -> dict[str, Warned]:
        """Return what is to be known, by credential."""
        with self._lock:
            return dict(self._notices)

    def untold(self, name: str) -> Warned | None:
        """Return what nobody was told yet about a credential: the first call, once."""
        with self._lock:
            if name not in self._untold:
                return None
            self._untold.discard(name)
            return self._notices.get(name)

    # -- what is wrong with the folder ---------------------------------------------------------

    def caution(self, why: QcredError) -> bool:
        """Keep what a person has to know about the folder; whether nobody was told yet."""
        with self._lock:
            return not self._cautions.setdefault(str(why), Caution(why=why)).told

    def cautioned(self, why: QcredError) -> None:
        """It was told."""
        with self._lock:
            self._cautions[str(why)] = Caution(why=why, told=True)

    def cautions(self) -> list[QcredError]:
        """Return what is to be known about the folder, told or not."""
        with self._lock:
            return [caution.why for caution in self._cautions.values()]

    def untold_cautions(self, code: str) -> list[QcredError]:
        """Return what nobody was told yet, of one code."""
        if not self._cautions:  # asked before each cell
            return []
        with self._lock:
            known = list(self._cautions.values())
        return [one.why for one in known if not one.told and one.why.code == code]

    # -- looking -------------------------------------------------------------------------------

    def after_fork(self) -> None:
        """Empty the child's copy, whatever a thread of the parent held locked."""
        self._lock = threading.Lock()
        self._held = {}

    def find(self, name: str) -> Held | None:
        """Return a credential that is alive, or None. What has expired is forgotten here."""
        with self._lock:
            now = self._clock.now()
            if self._good_until is not None and self._good_until <= now:
                self._forget_all()
            held = self._held.get(name)
            if held is not None and held.expires_at is not None and held.expires_at <= now:
                held = None
                self._forget(name, f"The lease of {name} has expired and could not be renewed")
            return held

    def _forget(self, name: str, reason: str) -> None:
        del self._held[name]
        why = LeaseExpiredError(reason, credential=name)
        self._gone[name] = Gone(why=why, again=True)

    def _forget_all(self) -> None:
        for name in list(self._held):
            self._forget(name, f"The lease of {name} was not kept alive: the machine slept, or the "
                         "server could not reach the issuer")  # fmt: skip
        self._good_until = None

    def why_gone(self, name: str) -> Gone | None:
        """Return why a credential that was here is not any more."""
        with self._lock:
            return self._gone.get(name)

    def gone(self) -> dict[str, Gone]:
        """Return what was here and is not any more, by credential."""
        self.names()  # notices what has expired
        with self._lock:
            return dict(self._gone)

    def names(self) -> list[str]:
        """Names of what is held and alive."""
        with self._lock:
            names = list(self._held)
        return sorted(name for name in names if self.find(name) is not None)

    def remaining(self, held: Held) -> float | None:
        """Seconds a credential still lives; None for a static key."""
        return None if held.expires_at is None else self.until(held.expires_at)

    def until(self, when: float) -> float:
        """Seconds until a moment on the store's clock; 0 when it has passed."""
        return max(0.0, when - self._clock.now())

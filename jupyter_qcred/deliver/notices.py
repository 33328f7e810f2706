"""What a person has to know about one kernel's credentials: why one is missing, or will end.

The kernel hears the same by its channel; this is for whoever looks from outside. A credential has
one notice at a time, the newest; it goes when the credential was issued or extended.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

from .overview import NoticeOverview, seconds_until

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from jupyter_qcred.core.clock import Clock
    from jupyter_qcred.core.errors import QcredError


@dataclass(frozen=True, slots=True)
class _Notice:
    why: QcredError
    ends_at: float
    since: datetime


class Notices:
    """The notices of one kernel. Runs on the engine's loop.

    Names are those of profiles, or of the notebook's own list, which has a bound: a kernel cannot
    make it grow.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._by_name: dict[str, _Notice] = {}

    def put(self, name: str, why: QcredError, left: float | None = None) -> None:
        """Tell why a credential is missing, or ends in ``left`` seconds.

        Args:
            name: of the credential; empty: it is about all of them.
            why: the reason and the next step.
            left: seconds until it ends unless somebody does something; None: it does not end by
                this, or has ended already.
        """
        known = self._by_name.get(name)
        same = known is not None and known.why.code == why.code
        self._by_name[name] = _Notice(
            why,
            self._clock.now() + left if left is not None else float("inf"),
            known.since if known is not None and same else self._clock.wall(),
        )

    def settle(self, name: str) -> None:
        """All is well with a credential; there may have been no notice."""
        self._by_name.pop(name, None)

    def overview(self, now: float, held: Collection[str]) -> tuple[NoticeOverview, ...]:
        """Return what there is at ``now`` on the clock; ``held`` are the credentials of now."""
        return tuple(
            NoticeOverview(
                credential=name,
                code=notice.why.code,
                reason=notice.why.reason,
                next_step=notice.why.next_step,
                held=name in held,
                ends_in=seconds_until(notice.ends_at, now) if isfinite(notice.ends_at) else None,
                since=notice.since.isoformat(timespec="seconds"),
            )
            for name, notice in self._by_name.items()
        )

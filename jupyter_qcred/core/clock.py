"""Time, injected wherever a decision depends on it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol, final


class Clock(Protocol):
    """What a decision about time may ask."""

    def now(self) -> float:
        """Seconds on a clock that never jumps and keeps counting while the machine sleeps."""
        ...

    def wall(self) -> datetime:
        """The date and time in UTC: for people and audit records only, never for deadlines."""
        ...


@final
class SystemClock:
    """The machine's clocks.

    ``CLOCK_BOOTTIME`` counts through suspend (Linux; macOS's monotonic clock does not stop either),
    so that a laptop which slept for an hour sees at once that its leases are dead.
    """

    def now(self) -> float:
        """Seconds since boot, suspend included."""
        boottime = getattr(time, "CLOCK_BOOTTIME", None)
        return time.clock_gettime(boottime) if boottime is not None else time.monotonic()

    def wall(self) -> datetime:
        """The date and time in UTC."""
        return datetime.now(UTC)

"""How long to wait before trying again."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_SPREAD: Final = random.Random()  # noqa: S311 - spreads load, guards nothing
"""For all: to seed one takes longer than what it is needed for."""


def delays(first: float, longest: float, rng: random.Random | None = None) -> Iterator[float]:
    """Yield waits in seconds without end: doubling from ``first`` to ``longest``, ±50 % jitter.

    The jitter keeps many servers from knocking at the same moment when an issuer comes back
    (OpenBao's expiration manager spreads its own retries the same way).
    """
    source = rng or _SPREAD
    wait = first
    while True:
        yield wait * source.uniform(0.5, 1.5)
        wait = min(longest, wait * 2)


def renewal_in(ttl: float, rng: random.Random | None = None) -> float:
    """Seconds until what lives ``ttl`` seconds is renewed: two thirds, or up to a fifth less.

    Two thirds is what Vault's own lifetime watcher waits. The spread keeps what was issued in one
    moment, such as the sessions of a course, from being renewed in one moment ever after.
    """
    source = rng or _SPREAD
    return ttl * 2 / 3 * source.uniform(0.8, 1.0)

"""Waits grow and spread, and what was issued at once is not renewed at once."""

from __future__ import annotations

import itertools
import random

from jupyter_qcred.core.backoff import delays, renewal_in


def test_waits_double_up_to_the_longest() -> None:
    """Without the jitter they would be 1, 2, 4, 8, 8 …; with it, up to half more or less."""
    waits = list(itertools.islice(delays(1.0, 8.0, random.Random(1)), 6))
    for wait, middle in zip(waits, (1, 2, 4, 8, 8, 8), strict=True):
        assert middle / 2 <= wait <= middle * 1.5


def test_five_hundred_that_began_together_are_not_renewed_together() -> None:
    """At two thirds of the life at the latest, spread over an eighth of it, evenly."""
    ttl, rng = 600.0, random.Random(7)
    due = sorted(renewal_in(ttl, rng) for _ in range(500))
    assert ttl / 2 < due[0]
    assert due[-1] <= ttl * 2 / 3
    busiest = max(sum(1 for when in due if start <= when < start + 1) for start in range(320, 400))
    assert busiest <= 20

"""The machine's clocks, and the waits that are measured on them."""

from __future__ import annotations

import random
import time
from datetime import UTC, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_qcred.core.backoff import delays
from jupyter_qcred.core.clock import SystemClock


def test_now_never_goes_back():
    """Readings only grow."""
    clock = SystemClock()
    readings = [clock.now() for _ in range(1000)]
    assert all(earlier <= later for earlier, later in pairwise(readings))


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="Linux counts suspend separately")
def test_now_counts_suspend():
    """The clock is the one that goes on while the machine sleeps."""
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    assert before <= SystemClock().now() <= time.clock_gettime(time.CLOCK_BOOTTIME)


def test_wall_is_utc():
    """The date carries its zone, so that nobody guesses."""
    assert SystemClock().wall().tzinfo is UTC
    assert SystemClock().wall().utcoffset() == timedelta(0)


@given(st.floats(0.01, 10), st.floats(10, 100), st.integers())
def test_waits_double_up_to_the_longest(first, longest, seed):
    """Each wait is within half and one and a half of a doubling that stops at the longest."""
    middle = first
    for wait in islice(delays(first, longest, random.Random(seed)), 20):
        assert 0.5 * middle <= wait <= 1.5 * middle
        middle = min(longest, middle * 2)


def test_two_servers_wait_differently():
    """Without a given source the jitter is not the same for all."""
    assert list(islice(delays(1, 30), 5)) != list(islice(delays(1, 30), 5))

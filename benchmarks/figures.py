"""What a benchmark measures, and how two series of one figure are compared. No I/O.

Medians, because a machine that does something else for a moment makes outliers in one direction
only. The samples of the two sides were taken in turns, so the interval of the ratio resamples
pairs.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import Final

RESAMPLES: Final = 2000
_TAIL: Final = 0.025


class Side(StrEnum):
    """Which of the two servers."""

    WITHOUT = "without"
    WITH = "with"


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that is measured at every run of a benchmark.

    Attributes:
        name: ``time`` is what a person waits for.
        unit: of its values, ``s`` or ``MB/s``.
        at_most: largest ratio with / without that is good enough; None where nothing is promised.
        at_least: smallest ratio that is good enough, where more is better.
        added: largest difference with - without that is good enough, in ``unit``; a ratio of waits
            that are short anyway says nothing about how long they feel.
    """

    name: str
    unit: str = "s"
    at_most: float | None = None
    at_least: float | None = None
    added: float | None = None

    @property
    def goal(self) -> str:
        """The goal in words; empty without one."""
        goals = (
            "" if self.at_most is None else f"≤ {self.at_most:g}",
            "" if self.at_least is None else f"≥ {self.at_least:g}",
            "" if self.added is None else f"≤ +{self.added:g} {self.unit}",
        )
        return ", ".join(filter(None, goals))

    def met(self, ratio: float, difference: float) -> bool:
        """Whether every goal there is is met."""
        return (
            (self.at_most is None or ratio <= self.at_most)
            and (self.at_least is None or ratio >= self.at_least)
            and (self.added is None or difference <= self.added)
        )


@dataclass(frozen=True, slots=True)
class Interval:
    """Where the ratio of medians lies in 95 % of the resampled series."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Series:
    """All values of one figure; a figure that only one side has leaves the other empty."""

    benchmark: str
    figure: Figure
    without: tuple[float, ...]
    with_us: tuple[float, ...]

    @property
    def median_without(self) -> float | None:
        """None where that side has no values."""
        return median(self.without) if self.without else None

    @property
    def median_with(self) -> float | None:
        """None where that side has no values."""
        return median(self.with_us) if self.with_us else None

    @property
    def ratio(self) -> float | None:
        """Median with us / median without us; None where one is missing."""
        return _ratio(self.without, self.with_us)

    @property
    def difference(self) -> float | None:
        """Median with us - median without us; None where one is missing."""
        with_us, without = self.median_with, self.median_without
        return None if with_us is None or without is None else with_us - without

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None without a goal."""
        ratio, difference = self.ratio, self.difference
        if ratio is None or difference is None or not self.figure.goal:
            return None
        return self.figure.met(ratio, difference)

    def interval(self) -> Interval | None:
        """Return the bootstrap interval of the ratio; None below three pairs."""
        pairs = list(zip(self.without, self.with_us, strict=False))
        if len(pairs) < 3 or self.ratio is None:
            return None
        rng = random.Random(0)
        found: list[float] = []
        for _ in range(RESAMPLES):
            without, with_us = zip(*rng.choices(pairs, k=len(pairs)), strict=True)
            ratio = _ratio(without, with_us)
            if ratio is not None:
                found.append(ratio)
        found.sort()
        if not found:
            return None
        edge = int(len(found) * _TAIL)
        return Interval(found[edge], found[-1 - edge])


def _ratio(without: tuple[float, ...], with_us: tuple[float, ...]) -> float | None:
    if not without or not with_us:
        return None
    base = median(without)
    return median(with_us) / base if base else None

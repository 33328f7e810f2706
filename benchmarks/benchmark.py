"""One benchmark, and the loop that runs it on both sides in turns."""

from __future__ import annotations

import gc
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from .figures import Series, Side

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from .figures import Figure

    Sample = Callable[[Side], Mapping[str, float]]
    """Does the work once on one side; returns values by the names of figures."""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """What to do, and what to look at.

    Attributes:
        name: what ``python -m benchmarks NAME`` takes.
        summary: one line for a reader.
        repeat: pairs of runs unless the caller says another number.
        warm_up: pairs before them that are not counted.
        figures: what each run measures.
        prepared: sets both sides up, gives the function to call, and tears them down.
        sized: the same for another size in MB, where there is one to choose.
    """

    name: str
    summary: str
    repeat: int
    warm_up: int
    figures: tuple[Figure, ...]
    prepared: Callable[[], AbstractContextManager[Sample]]
    sized: Callable[[float], AbstractContextManager[Sample]] | None = None

    def of_size(self, megabytes: float) -> Benchmark:
        """Return the same with another size; itself where there is none to choose."""
        return replace(self, prepared=partial(self.sized, megabytes)) if self.sized else self

    def run(self, repeat: int, rng: random.Random, progress: Callable[[str], None]) -> list[Series]:
        """Run ``repeat`` pairs; who begins a pair is up to ``rng``."""
        values: dict[tuple[str, Side], list[float]] = {}
        progress(f"{self.name}: starting servers")
        with self.prepared() as sample:
            for number in range(-self.warm_up, repeat):
                for side in rng.sample(list(Side), k=2):
                    progress(f"{self.name}: {_count(number, repeat)} {side}")
                    gc.collect()
                    for name, value in sample(side).items():
                        if number >= 0:
                            values.setdefault((name, side), []).append(value)
            progress(f"{self.name}: stopping servers")
        return [
            Series(
                self.name,
                figure,
                tuple(values.get((figure.name, Side.WITHOUT), ())),
                tuple(values.get((figure.name, Side.WITH), ())),
            )
            for figure in self.figures
        ]


def _count(number: int, repeat: int) -> str:
    return "warming up" if number < 0 else f"{number + 1}/{repeat}"

"""``python -m benchmarks.lab``: JupyterLab in a real browser, with our extension and without it.

First its start, in pairs: from the address to the launcher, each time in a browser that knows
nothing yet. Then a notebook with the panel open, and one without us beside it, for minutes in which
nothing happens: what is asked of the server, what the page's memory grows by once garbage is
collected, and what is complained of on its console.

Needs Chromium, and the extension installed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

from .figures import Figure, Series, Side
from .report import document, table
from .visits import Visit, labs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .visits import Labs

START: Final = Figure("from the address to the launcher", at_most=1.03)
ASKED: Final = 1.0
"""Requests in ten seconds while nothing changes."""

GROWTH: Final = 1.0
"""MB that the page may grow by more than one without us."""

_SETTLE: Final = 20.0
_LOOK: Final = 10.0


@dataclass(frozen=True, slots=True)
class Open:
    """What an open panel costs.

    Attributes:
        seconds: for how long.
        requests: to our API, in all that time.
        per_ten_seconds: the same in ten seconds, on average.
        most_in_ten_seconds: in those ten seconds that had the most.
        heap_mb: of JavaScript, at the beginning, garbage collected.
        growth_mb: what was added by the end.
        growth_without_mb: the same of a page without us.
        errors: on the console, of ours.
        errors_without: on the console of the page without us.
    """

    seconds: float
    requests: int
    per_ten_seconds: float
    most_in_ten_seconds: int
    heap_mb: float
    growth_mb: float
    growth_without_mb: float
    errors: int
    errors_without: int

    @property
    def good(self) -> bool:
        """Whether the goals are met."""
        return (
            self.per_ten_seconds <= ASKED
            and self.growth_mb - max(0.0, self.growth_without_mb) <= GROWTH
            and self.errors == 0
        )


def start(both: Labs, rounds: int, progress: Callable[[str], None]) -> Series:
    """Start JupyterLab on both sides in turns; the first pair is not counted."""
    found: dict[Side, list[float]] = {side: [] for side in Side}
    for number in range(rounds + 1):
        progress(f"start {number} of {rounds}")
        for side in sorted(Side, reverse=bool(number % 2)):
            seconds = both.start(side)
            if number:
                found[side].append(seconds)
    return Series("lab", START, tuple(found[Side.WITHOUT]), tuple(found[Side.WITH]))


def watch(both: Labs, seconds: float, progress: Callable[[str], None]) -> Open:
    """Leave both pages alone for so long, the panel open in one of them."""
    visits = {side: both.open_notebook(side) for side in Side}
    ours = visits[Side.WITH]
    ours.open_panel()
    ours.pass_time(min(_SETTLE, seconds))
    before = _heaps(visits)
    counts: list[int] = []
    end = time.monotonic() + seconds
    first = last = len(ours.asked)
    while (left := end - time.monotonic()) > 0:
        progress(f"open for {seconds - left:.0f} s of {seconds:.0f}")
        ours.pass_time(min(_LOOK, left))
        counts.append(len(ours.asked) - last)
        last = len(ours.asked)
    after = _heaps(visits)
    return Open(
        seconds=seconds,
        requests=last - first,
        per_ten_seconds=(last - first) / (seconds / 10),
        most_in_ten_seconds=max(counts),
        heap_mb=before[Side.WITH],
        growth_mb=after[Side.WITH] - before[Side.WITH],
        growth_without_mb=after[Side.WITHOUT] - before[Side.WITHOUT],
        errors=len(ours.complaints),
        errors_without=len(visits[Side.WITHOUT].complaints),
    )


def _heaps(visits: Mapping[Side, Visit]) -> dict[Side, float]:
    """Several times each: a collection leaves now this behind, now that."""
    return {side: median(visit.heap_mb() for _ in range(3)) for side, visit in visits.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; returns 1 when a goal is missed."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.lab",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=15, metavar="N", help="pairs of starts")
    parser.add_argument("--seconds", type=float, default=600, metavar="S", help="open for so long")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    options = parser.parse_args(arguments)
    with labs() as both:
        started = start(both, options.rounds, _progress)
        left_open = watch(both, options.seconds, _progress)
    _progress("")
    print(table([started]))
    print()
    for name, value in asdict(left_open).items():
        print(f"{name:<20} {value:g}")
    print(
        f"goals                ≤ {ASKED:g} request in 10 s, ≤ {GROWTH:g} MB more than without us, "
        f"no error: {'met' if left_open.good else 'missed'}"
    )
    if options.json:
        text = json.dumps({**document([started], seed=0), "open": asdict(left_open)}, indent=1)
        options.json.write_text(text + "\n", encoding="utf-8")
    return 0 if left_open.good and started.met else 1


def _progress(words: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{words}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

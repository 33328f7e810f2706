"""The command line of the soak, and what it prints."""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from soak.driver import Driver
from soak.stage import Stage
from soak.weather import Weather
from soak.witness import Witness
from support.openbao import wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence

GRACE = 3.0
"""Seconds beyond the TTL: OpenBao ends what expired a moment later, and we look now and then. On a
machine that does other things as well, that moment is longer."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one soak; 0 only if no session token outlived its bound and nothing else was amiss."""
    options = _parser().parse_args(arguments)
    with ExitStack() as stack:
        temporary = tempfile.TemporaryDirectory(prefix="qcred-soak-")
        place = options.keep or Path(stack.enter_context(temporary))
        figures = run(place, options)
    print(table(figures))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 0 if figures["passed"] else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.soak",
        description="Start, restart, end and kill kernels of a real Jupyter server while it, its "
        "OpenBao and the network between them are killed, stopped, paused, sealed, delayed, reset "
        "and cut at random points. Then make everything whole, wait for the stated bound, and look "
        "in OpenBao for session tokens that still live.",
    )
    parser.add_argument("--seed", type=int, default=1, help="of everything that is chosen")
    parser.add_argument(
        "--seconds", type=float, default=300.0, help="how long things happen (default 300)"
    )
    parser.add_argument(
        "--ttl", type=int, default=20, help="TTL of the server token in seconds (default 20)"
    )
    parser.add_argument(
        "--grace",
        type=float,
        default=GRACE,
        help=f"seconds beyond the TTL until a token has to be dead (default {GRACE:g})",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    parser.add_argument(
        "--keep", type=Path, metavar="DIRECTORY", help="work there, and leave all logs behind"
    )
    return parser


def run(place: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Run one soak in a directory; return its figures."""
    seed, seconds, ttl = options.seed, options.seconds, options.ttl
    rng = random.Random(seed)
    with ExitStack() as stack:
        stage = Stage(place, ttl, seed)
        stack.callback(stage.close)
        witness = Witness(stage.openbao, Weather(), stage.server.runtime_dir, ttl + options.grace)
        witness.start()
        stack.callback(witness.close)
        stage.server.start()
        driver = Driver(stage, witness, rng, ttl)
        driver.run(seconds, _Progress(witness, driver, seconds).show)
        ending = rng.choice(["stop", "kill"])
        driver.finish(ending)
        left = _wait_for_the_end(witness)
        server_tokens = _server_tokens(stage, witness)
        figures = _figures(witness, driver, left)
        figures |= {"seed": seed, "seconds": seconds, "ending": ending}
        figures |= {"server_tokens_left": server_tokens, "leaks": stage.leaks()}
    figures["passed"] = not (
        figures["live_after_bound"]
        or figures["leaks"]
        or figures["troubles"]
        or figures["server_tokens_left"]
        or figures["issued"] != figures["confirmed_dead"]
        or not figures["issued"]
    )
    print(file=sys.stderr)
    return figures


def _wait_for_the_end(witness: Witness) -> set[str]:
    """Wait until no session token is left, or the bound has passed; return what is left then."""
    wait_until("every kernel has ended", lambda: witness.processes.living() == 0, 30)
    deadline = time.monotonic() + witness.bound
    while True:
        left = witness.look()
        assert left is not None, "OpenBao does not answer although it was mended"
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.1)


def _server_tokens(stage: Stage, witness: Witness) -> int:
    """Server tokens that live although every server has ended and their TTL has passed."""

    def live() -> list[str]:
        found = map(stage.openbao.lookup_accessor, stage.openbao.accessors())
        return [one["accessor"] for one in found if one and "qcred-server" in one["policies"]]

    deadline = time.monotonic() + witness.bound
    while (left := live()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return len(left)


def _figures(witness: Witness, driver: Driver, left: set[str]) -> dict[str, Any]:
    tokens = witness.tokens.values()
    late = {token.accessor for token in witness.late()} | left
    deaths, fair = sorted(witness.deaths()), sorted(witness.deaths_in_fair_weather())
    return {
        "live_after_bound": len(late),
        "bound_s": witness.bound,
        "kernels": len(witness.processes.all),
        "faults": sum(driver.faults.values()),
        "issued": len(tokens),
        "confirmed_dead": sum(token.dead is not None for token in tokens),
        "latest_death_s": round(deaths[-1], 2) if deaths else None,
        "median_death_fair_weather_s": round(statistics.median(fair), 2) if fair else None,
        "p99_death_fair_weather_s": round(fair[math.ceil(len(fair) * 0.99) - 1], 2)
        if fair
        else None,
        "late": [witness.story(token) for token in tokens if token.accessor in late],
        "faults_by_kind": dict(sorted(driver.faults.items())),
        "troubles": [*witness.troubles, *driver.failures],
    }


def table(figures: dict[str, Any]) -> str:
    """Return what a person reads."""
    rows = [
        ("seed", figures["seed"]),
        ("seconds", f"{figures['seconds']:g}"),
        ("kernels started", figures["kernels"]),
        ("faults injected", figures["faults"]),
        ("session tokens issued", figures["issued"]),
        ("confirmed dead", figures["confirmed_dead"]),
        ("latest death after a kernel's end", f"{figures['latest_death_s']} s"),
        ("the same in fair weather, median", f"{figures['median_death_fair_weather_s']} s"),
        ("the same in fair weather, p99", f"{figures['p99_death_fair_weather_s']} s"),
        ("bound", f"{figures['bound_s']:g} s"),
        ("live after their bound", figures["live_after_bound"]),
        ("server tokens left", figures["server_tokens_left"]),
        ("files that hold a value", len(figures["leaks"])),
    ]
    rows += [(f"  {name}", count) for name, count in figures["faults_by_kind"].items()]
    amiss = (*figures["late"], *figures["leaks"], *figures["troubles"])
    rows += [("amiss", words) for words in amiss]
    rows.append(("result", "passed" if figures["passed"] else "FAILED"))
    return "\n".join(f"{name:<36} {value}" for name, value in rows)


class _Progress:
    """One line on stderr: rewritten on a terminal, else a new one every half minute."""

    def __init__(self, witness: Witness, driver: Driver, seconds: float) -> None:
        self._witness = witness
        self._driver = driver
        self._seconds = seconds
        self._begin = time.monotonic()
        self._next = 0.0

    def show(self) -> None:
        """Say how far it is."""
        done = time.monotonic() - self._begin
        if sys.stderr.isatty():
            print(f"\r\x1b[K{self._words(done)[:150]}", end="", file=sys.stderr, flush=True)
        elif done >= self._next:
            self._next = done + 30
            print(self._words(done), file=sys.stderr, flush=True)

    def _words(self, done: float) -> str:
        witness = self._witness
        return (
            f"{done:.0f}/{self._seconds:.0f} s: {len(witness.processes.all)} kernels, "
            f"{witness.processes.living()} live; {len(witness.tokens)} tokens, "
            f"{sum(self._driver.faults.values())} faults "
            f"{', '.join(sorted(witness.weather.causes))}"
        )

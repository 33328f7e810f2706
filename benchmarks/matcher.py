"""How far the redactor is from the limit: one pass over the same bytes for a byte not in them."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Final

from jupyter_qcred.redact import Redactor

from .benchmark import Benchmark
from .figures import Figure, Side
from .notebook import Bodies
from .saving import ten_values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .benchmark import Sample

_ABSENT: Final = b"\0"


@contextmanager
def _prepared(megabytes: float) -> Iterator[Sample]:
    bodies = Bodies(int(megabytes * 1_000_000))
    redactor = Redactor()
    redactor.arm("bench", ten_values().values())
    serials = count(1)

    def sample(side: Side) -> dict[str, float]:
        # Another text each time: what was seen before need not be searched again.
        data = bodies.body(next(serials))
        if side is Side.WITHOUT:
            return _throughput(len(data), _pass(data))
        text = data.decode()
        begin = time.perf_counter()
        found = redactor.text(text).findings
        seconds = time.perf_counter() - begin
        assert not found
        tree = json.loads(text)
        begin = time.perf_counter()
        found = redactor.tree(tree).findings
        in_tree = time.perf_counter() - begin
        assert not found
        notebook = {"throughput, notebook": len(data) / in_tree / 1e6}
        return {**_throughput(len(data), seconds), **notebook}

    yield sample


def _pass(data: bytes) -> float:
    begin = time.perf_counter()
    absent = data.find(_ABSENT)
    seconds = time.perf_counter() - begin
    assert absent == -1
    return seconds


def _throughput(size: int, seconds: float) -> dict[str, float]:
    return {"time": seconds, "throughput": size / seconds / 1e6}


MATCHER: Final = Benchmark(
    name="matcher",
    summary="searching 20 MB of clean text for ten values, beside one pass for an absent byte",
    repeat=10,
    warm_up=1,
    figures=(
        Figure("time"),
        Figure("throughput", unit="MB/s"),
        Figure("throughput, notebook", unit="MB/s"),
    ),
    prepared=partial(_prepared, 20),
    sized=_prepared,
)

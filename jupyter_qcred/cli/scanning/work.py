"""Look at batches, in this process or in several."""

from __future__ import annotations

import contextlib
import functools
import multiprocessing
import os
import sys
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.core.errors import QcredError

from .git import BlobReader
from .look import look

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .hit import Hit
    from .inspector import Inspector
    from .target import Batch, Target

_SMALL: Final = 2 * 1024 * 1024
"""Bytes below which more processes cost more than they bring."""

_SMALL_BATCHES: Final = 4
_LARGE: Final = 32 * 1024 * 1024
"""Bytes of a file above which only one is looked at at a time: a notebook is held whole."""

_AHEAD: Final = 4
"""Batches per worker that wait: a history may have millions."""


@dataclass(slots=True)
class Outcome:
    """What looking gave.

    Attributes:
        hits: in the order of paths, then of places.
        failed: why a path could not be looked at.
        texts: files that were looked at.
        skipped: files that are no text.
        size: bytes of the texts.
    """

    hits: list[Hit] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    texts: int = 0
    skipped: int = 0
    size: int = 0

    def add(self, other: Outcome) -> None:
        """Take in another part."""
        self.hits += other.hits
        self.failed |= other.failed
        self.texts += other.texts
        self.skipped += other.skipped
        self.size += other.size


def run(
    batches: Iterator[Batch],
    make: Callable[[], Inspector],
    workers: int,
    progress: Callable[[Outcome], None],
) -> Outcome:
    """Look at all batches.

    Args:
        batches: what to look at; taken only as fast as it is worked on.
        make: makes the inspector, in each process.
        workers: the most processes; small work is done in this one.
        progress: told the outcome so far.

    Raises:
        QcredError: a process ended before its work.
    """
    total = Outcome()
    first: list[Batch] = []
    for batch in batches:
        first.append(batch)
        if sum(one.size for one in first) > _SMALL or len(first) > _SMALL_BATCHES:
            break
    else:
        workers = 1
    every = _chained(first, batches)
    if workers <= 1:
        _start(make, None)
        try:
            for batch in every:
                total.add(_work(batch))
                progress(total)
        finally:
            _stop()
    else:
        _in_processes(every, make, workers, total, progress)
    total.hits.sort(key=order)
    return total


def _in_processes(
    batches: Iterator[Batch],
    make: Callable[[], Inspector],
    workers: int,
    total: Outcome,
    progress: Callable[[Outcome], None],
) -> None:
    # Forked workers start at once; this process has no other thread while they are made.
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    pool = ProcessPoolExecutor(workers, context, _start, (make, context.Lock()))
    waiting: dict[Future[Outcome], int] = {}
    done: dict[int, Outcome] = {}

    def collect() -> None:
        for future in wait(waiting, return_when=FIRST_COMPLETED).done:
            done[waiting.pop(future)] = outcome = future.result()
            total.add(outcome)
        progress(total)

    try:
        for number, batch in enumerate(batches):
            waiting[pool.submit(_work, batch)] = number
            if len(waiting) >= workers * _AHEAD:
                collect()
        while waiting:
            collect()
    except BrokenProcessPool:
        raise QcredError(
            "The scan did not finish: one of its processes ended, perhaps for lack of memory",
            next_step="Run it again with --jobs 1",
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    # As one process would have found them, the oldest version first.
    total.hits = [hit for number in sorted(done) for hit in done[number].hits]


def _chained(first: list[Batch], rest: Iterator[Batch]) -> Iterator[Batch]:
    while first:
        yield first.pop(0)
    yield from rest


def order(hit: Hit) -> tuple[Any, ...]:
    """Sort by this what was not found in order."""
    if hit.commit:
        return (hit.path,)  # in the order of the history
    places = (hit.line, hit.cell, hit.output, hit.cell_line)
    return (hit.path, *(place or 0 for place in places), hit.rule, hit.fingerprint, hit.place)


# -- in a worker


class _Worker:
    def __init__(self, inspector: Inspector, large: Any) -> None:
        self.inspector = inspector
        self.large = large
        self.reader = functools.cache(BlobReader)


_worker: _Worker | None = None


def _start(make: Callable[[], Inspector], large: Any) -> None:
    global _worker  # noqa: PLW0603 - the one way to hand a pool's process what it keeps
    _worker = _Worker(make(), large)


def _stop() -> None:
    global _worker  # noqa: PLW0603 - see _start
    _worker = None


def _work(batch: Batch) -> Outcome:
    assert _worker is not None
    outcome = Outcome()
    for target in batch.targets:
        try:
            _one(target, batch.root, _worker, outcome)
        except OSError as error:
            outcome.failed[target.path] = error.strerror or type(error).__name__
        except QcredError:
            raise
        except Exception as error:  # noqa: BLE001 - one file must not hide the others
            # Its name alone: what an error says may quote the file.
            outcome.failed[target.path] = f"{type(error).__name__} while looking at it"
    return outcome


def _one(target: Target, root: str, worker: _Worker, outcome: Outcome) -> None:
    if target.oid:
        with worker.reader(Path(root)).open(target.oid) as stream:
            if stream is None:
                outcome.failed[f"{target.path} ({target.oid[:12]})"] = "it is not in this clone"
                return
            found = look(stream, target.path, worker.inspector, target.commit)
            _take(found, outcome, stream.size)
        return
    large = worker.large if target.size > _LARGE and worker.large else contextlib.nullcontext()
    with large, Path(target.path).open("rb") as file:
        found = look(file, target.path, worker.inspector)
        _take(found, outcome, os.fstat(file.fileno()).st_size)


def _take(found: Iterator[Hit] | None, outcome: Outcome, size: int) -> None:
    if found is None:
        outcome.skipped += 1
        return
    outcome.texts += 1
    outcome.size += size
    # Twice the same in one place is one finding.
    outcome.hits += dict.fromkeys(found)

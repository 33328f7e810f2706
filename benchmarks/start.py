"""From the click that opens a notebook to the first answer of its kernel."""

from __future__ import annotations

import time
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from .benchmark import Benchmark
from .figures import Figure, Side
from .processes import processor_seconds, wait_until_gone
from .stage import CREDENTIAL, Stage, stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .benchmark import Sample
    from .stage import Host

# The kernel's own clock: what it used since its process began, imports and all.
_FIRST_CELL: Final = "import os, time; print(os.getpid(), time.process_time())"
_CREDENTIAL_CELL: Final = f"import jupyter_qcred; jupyter_qcred.get({CREDENTIAL!r})"

_PROCESSOR: Final = (Figure("processor, kernel"), Figure("processor, server"))
_FIGURES: Final = (*_PROCESSOR, Figure("until a cell has the credential"))


def _start(setting: Stage, host: Host, *others: Host, credential: bool = True) -> dict[str, float]:
    """Open a notebook, run a cell; then end the kernel and wait for silence, which isn't timed."""
    setting.quiet(host, *others)
    server_before = processor_seconds(host.pid)
    begin = time.perf_counter()
    notebook = host.browser.open_notebook("start.ipynb")
    words = notebook.execute(_FIRST_CELL).split()
    found = {"time": time.perf_counter() - begin}
    found["processor, server"] = processor_seconds(host.pid) - server_before
    found["processor, kernel"] = float(words[1])
    if credential and host.side is Side.WITH:
        notebook.execute(_CREDENTIAL_CELL)
        found["until a cell has the credential"] = time.perf_counter() - begin
    notebook.close()
    wait_until_gone(int(words[0]))
    return found


@contextmanager
def _side_by_side() -> Iterator[Sample]:
    with stage() as setting, setting.hosts() as hosts:
        yield lambda side: _start(setting, hosts[side], *hosts.values())


@contextmanager
def _without_openbao(how: Callable[[Stage], None]) -> Iterator[Sample]:
    """Both servers have been at work before OpenBao goes, and are left alone with it."""
    with stage() as setting, setting.hosts() as hosts:
        for host in hosts.values():
            _start(setting, host)
        how(setting)
        yield lambda side: _start(setting, hosts[side], *hosts.values(), credential=False)


@contextmanager
def _new_servers() -> Iterator[Sample]:
    with stage() as setting:

        def sample(side: Side) -> dict[str, float]:
            with setting.host(side) as host:
                return _start(setting, host)

        yield sample


START: Final = Benchmark(
    name="start",
    summary="kernel start: opening a notebook until its first cell has run",
    repeat=20,
    warm_up=2,
    figures=(Figure("time", at_most=1.03), *_FIGURES),
    prepared=_side_by_side,
)

DOWN: Final = Benchmark(
    name="down",
    summary="kernel start while OpenBao is down: connections are refused",
    repeat=20,
    warm_up=2,
    figures=(Figure("time", at_most=1.03), *_PROCESSOR),
    prepared=partial(_without_openbao, Stage.stop_openbao),
)

HANGING: Final = Benchmark(
    name="hanging",
    summary="kernel start while OpenBao hangs: it takes requests and answers none",
    repeat=20,
    warm_up=2,
    figures=(Figure("time", at_most=1.03), *_PROCESSOR),
    prepared=partial(_without_openbao, Stage.pause_openbao),
)

FIRST: Final = Benchmark(
    name="first",
    summary="the same for the first kernel of a server that was just started",
    repeat=8,
    warm_up=1,
    figures=(Figure("time"), *_FIGURES),
    prepared=_new_servers,
)

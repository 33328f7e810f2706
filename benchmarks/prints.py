"""What a kernel sends: many small prints, and one display of 50 MB."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from .benchmark import Benchmark
from .figures import Figure, Side
from .processes import processor_seconds
from .stage import CREDENTIAL, stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .benchmark import Sample
    from .browser import Notebook
    from .stage import Host, Stage

_ARM: Final = f"import jupyter_qcred; jupyter_qcred.get({CREDENTIAL!r})"
_PID: Final = "import os; print(os.getpid())"
_PRINTS: Final = "for i in range(100_000): print(i)"

_DISPLAY_MB: Final = 50
_NEW_TEXT: Final = f"""
import random
from IPython.display import display
_words = random.Random(0).choices([f"{{n:x}}" for n in range(4096, 65536)], k=200_000)
_text = " ".join(_words)
_text = (_text * ({_DISPLAY_MB}_000_000 // len(_text) + 1))[:{_DISPLAY_MB}_000_000]
"""
_DISPLAY: Final = 'display({"text/plain": _text}, raw=True)'

_PROCESSOR: Final = (Figure("processor, kernel"), Figure("processor, server"))


class _Open:
    """A notebook that is open on one side, its kernel armed where we are."""

    def __init__(self, host: Host, notebook: Notebook, prepare: str) -> None:
        self.host = host
        self.notebook = notebook
        if host.side is Side.WITH:
            notebook.execute(_ARM)
        self.kernel_pid = int(notebook.execute(_PID))
        if prepare:
            notebook.execute(prepare)


def _run(
    setting: Stage, notebooks: dict[Side, _Open], cell: str, megabytes: float, side: Side
) -> dict[str, float]:
    opened = notebooks[side]
    setting.quiet(*(one.host for one in notebooks.values()))
    pids = {"processor, server": opened.host.pid, "processor, kernel": opened.kernel_pid}
    before = {name: processor_seconds(pid) for name, pid in pids.items()}
    begin = time.perf_counter()
    opened.notebook.execute(cell)
    seconds = time.perf_counter() - begin
    used = {name: processor_seconds(pid) - before[name] for name, pid in pids.items()}
    return {"time": seconds, "throughput": megabytes / seconds, **used}


@contextmanager
def _prepared(cell: str, *, prepare: str = "", megabytes: float = 0.0) -> Iterator[Sample]:
    with ExitStack() as stack:
        setting = stack.enter_context(stage())
        hosts = stack.enter_context(setting.hosts())
        notebooks: dict[Side, _Open] = {}
        for side, host in hosts.items():
            notebook = host.browser.open_notebook("prints.ipynb")
            stack.callback(notebook.close)
            notebooks[side] = _Open(host, notebook, prepare)
        yield partial(_run, setting, notebooks, cell, megabytes)


PRINTS: Final = Benchmark(
    name="prints",
    summary="100,000 small prints in a kernel that holds a credential",
    repeat=20,
    warm_up=1,
    figures=(Figure("time", at_most=1.03), *_PROCESSOR),
    prepared=partial(_prepared, _PRINTS),
)

DISPLAY: Final = Benchmark(
    name="display",
    summary=f"one display of {_DISPLAY_MB} MB of text in a kernel that holds a credential",
    repeat=10,
    warm_up=1,
    figures=(Figure("time", at_most=1.03), Figure("throughput", unit="MB/s"), *_PROCESSOR),
    prepared=partial(_prepared, _DISPLAY, prepare=_NEW_TEXT, megabytes=_DISPLAY_MB),
)

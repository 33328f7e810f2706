"""What ``import jupyter_qcred`` costs in a kernel, beside the import of an empty module."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

from .benchmark import Benchmark
from .figures import Figure, Side
from .stage import stage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .benchmark import Sample
    from .browser import Notebook
    from .stage import Host

EMPTY: Final = "qcred_empty"
OURS: Final = "jupyter_qcred"

ADDED: Final = 15.0
"""Milliseconds more than an empty import."""

# A module is imported once in a process: a child has what its kernel has, and imports it anew.
_TIMED: Final = """
import os, time
_read, _write = os.pipe()
_child = os.fork()
if _child == 0:
    try:
        _began = time.perf_counter()
        _module = __import__({module!r})
        {then}
        os.write(_write, repr(1000 * (time.perf_counter() - _began)).encode())
    finally:
        os._exit(0)
os.close(_write)
_said = os.read(_read, 100).decode()
os.close(_read)
os.waitpid(_child, 0)
print(_said)
"""


def timed(module: str, *, helper: bool = False) -> str:
    """Return a cell that prints how many milliseconds an import takes.

    Args:
        module: what is imported, in a child of the kernel.
        helper: until its functions are there as well, which are loaded at their first use.
    """
    return _TIMED.format(module=module, then="_module.get" if helper else "")


def add_empty_module(root: Path) -> None:
    """Let the kernels whose notebooks are in a folder find a module with nothing in it."""
    (root / f"{EMPTY}.py").write_text("")


def _opened(stack: ExitStack, host: Host) -> Notebook:
    add_empty_module(host.root)
    notebook = host.browser.open_notebook("imports.ipynb")
    stack.callback(notebook.close)
    return notebook


@contextmanager
def _prepared() -> Iterator[Sample]:
    with ExitStack() as stack:
        setting = stack.enter_context(stage())
        hosts = stack.enter_context(setting.hosts())
        opened = {side: _opened(stack, host) for side, host in hosts.items()}

        def sample(side: Side) -> dict[str, float]:
            setting.quiet(*hosts.values())
            plain, ours = opened[Side.WITHOUT], opened[side]
            module, helper = (OURS, True) if side is Side.WITH else (EMPTY, False)
            return {
                "time": float(ours.execute(timed(module))),
                "with its functions": float(ours.execute(timed(module, helper=helper))),
                "in a plain kernel": float(plain.execute(timed(module, helper=helper))),
            }

        yield sample


IMPORTS: Final = Benchmark(
    name="import",
    summary="import jupyter_qcred, beside an empty module",
    repeat=40,
    warm_up=2,
    figures=(
        Figure("time", unit="ms", added=ADDED),
        Figure("with its functions", unit="ms"),
        Figure("in a plain kernel", unit="ms"),
    ),
    prepared=_prepared,
)

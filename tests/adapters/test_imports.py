"""What a kernel pays for us before it asks for anything: next to nothing, and no SDK."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest
from support.foreign import foreign_kernel
from support.jupyter import Kernel

from benchmarks.imports import ADDED, EMPTY, OURS, add_empty_module, timed

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.jupyter import JupyterServer

REPEAT = 31
LOADED = "import json, sys; print(json.dumps(sorted(sys.modules)))"


@pytest.fixture
def server(make_server: Callable[..., JupyterServer]) -> JupyterServer:
    """A server whose kernels find an empty module beside their notebooks."""
    made = make_server()
    add_empty_module(made.root)
    return made


def plain(server: JupyterServer) -> Kernel:
    """A kernel that we do not launch, in the same environment."""
    made = Kernel(server, {"id": "", "kernel": {"id": foreign_kernel(server)}})
    server.kernels.append(made)
    return made


def test_importing_us_takes_a_kernel_no_time_to_speak_of(server: JupyterServer) -> None:
    """At most 15 ms more than an empty module, also in a kernel that we do not launch.

    What is compared are the shortest of imports that take turns: other programs only add to them.
    """
    for kernel in (server.open_notebook("one.ipynb"), plain(server)):
        taken: dict[str, list[float]] = {EMPTY: [], OURS: []}
        for _ in range(REPEAT):
            for module, times in taken.items():
                times.append(float(kernel.execute(timed(module)).text))
        assert min(taken[OURS]) - min(taken[EMPTY]) <= ADDED


def test_a_kernel_starts_without_anything_that_it_would_not_have_without_us(
    server: JupyterServer,
) -> None:
    """No SDK, no library: what is there besides is of the standard library, or ours."""
    ours = server.open_notebook("one.ipynb")
    ours.execute("import jupyter_qcred as qcred; qcred.list(); qcred.status()")
    more = set(json.loads(ours.execute(LOADED).text))
    more -= set(json.loads(plain(server).execute(LOADED).text))
    assert any(name.startswith("jupyter_qcred.kernel") for name in more)
    foreign = {name.partition(".")[0] for name in more} - sys.stdlib_module_names
    assert foreign == {"jupyter_qcred", "_jupyter_qcred_state"}

"""Real servers for every test that needs one."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from support import deployment
from support.openbao import OpenBao
from support.remains import remains

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.jupyter import JupyterServer


# A shell starts background jobs with SIGINT ignored, nohup ignores SIGHUP, and every child inherits
# that: then no test could interrupt anything.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# What a change breaks shows the first time, and what it does not break stays green; new examples
# are searched for on purpose: --hypothesis-profile=search. Machines are shared: no deadlines.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None, max_examples=1000)
settings.load_profile("repeatable")

_LONGEST = ("release", "tutorials", "benchmarks", "adapters", "lab", "hub", "soak", "server")
"""What takes minutes, of the folders of tests; then come the servers of single tests and the rest.

A file that takes three minutes and begins as the last of all keeps one process alone at work.
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    items.sort(key=lambda item: _place(item.path))


def _place(path: Path) -> int:
    folder = path.relative_to(Path(__file__).parent).parts[0]
    after = len(_LONGEST) + (not folder.startswith("test_"))
    return _LONGEST.index(folder) if folder in _LONGEST else after


@pytest.fixture(scope="module")
def openbao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    """A running OpenBao with the shipped policies and roles, shared by the tests of a module."""
    server = OpenBao(tmp_path_factory.mktemp("openbao"))
    try:
        server.start().install_qcred()
        yield server
    finally:
        server.stop()


@pytest.fixture
def fresh_openbao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    """The same for one test alone, which may stop, kill, pause, seal and reconfigure it."""
    server = OpenBao(tmp_path_factory.mktemp("bao"))
    try:
        server.start().install_qcred()
        yield server
    finally:
        server.stop()


@pytest.fixture
def make_server(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Callable[..., JupyterServer]]:
    """Start Jupyter servers that get their credentials from an OpenBao, and end them.

    They log at DEBUG. At the end no file of theirs and no answer may hold a value or a token.
    """
    made: list[JupyterServer] = []

    def make(bao: OpenBao | None = None, *, start: bool = True, **how: Any) -> JupyterServer:
        if bao is None:
            bao = request.getfixturevalue("openbao")
            deployment.provide(bao)
        how["args"] = ("--debug", *how.get("args", ()))
        server = deployment.server(bao, tmp_path / f"home{len(made)}", **how)
        made.append(server)
        return server.start() if start else server

    yield make
    for server in made:
        server.close()
    for server in made:
        received = [text for kernel in server.kernels for text in kernel.received]
        assert remains(server.home, [*server.answers, *received]) == []

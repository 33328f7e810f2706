"""Everything that the demo needs, started in order and stopped in reverse, whatever happens."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

import psutil

from jupyter_qcred.cli.demonstration.cloud import Cloud
from jupyter_qcred.cli.demonstration.grant import grant
from jupyter_qcred.cli.demonstration.place import Place
from jupyter_qcred.cli.demonstration.server import Server
from jupyter_qcred.cli.demonstration.tutorial import NOTEBOOK
from jupyter_qcred.core.errors import ConfigError
from jupyter_qcred.issue.embedded.openbao import EmbeddedOpenBao
from jupyter_qcred.issue.embedded.program import find_program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from jupyter_qcred.issue.embedded.layout import Layout

_LINGERS: Final = 3.0
"""Seconds in which OpenBao stops by itself once nobody holds it; it takes a fraction of one."""

_STOP: Final = 10.0
"""Seconds it gets once it is asked to."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """How the stage shall be.

    Attributes:
        module: what serves the notebook: ``jupyterlab`` or ``jupyter_server``.
        port: of the Jupyter server; the next free one where it is in use; 0 takes any.
        browser: whether the server opens the browser.
        keep: whether the directory stays.
        options: for the Jupyter server's command line.
        on_step: called with what happens next, in words.
        on_end: called when things are about to be stopped, whatever happened.
        executable: a `bao` program instead of the installed one.
    """

    module: str
    port: int = 0
    browser: bool = False
    keep: bool = False
    options: Sequence[str] = ()
    on_step: Callable[[str], object] = field(default=lambda _words: None)
    on_end: Callable[[], object] = field(default=lambda: None)
    executable: str = ""


@dataclass(frozen=True, slots=True)
class Stage:
    """What runs."""

    place: Place
    cloud: Cloud
    server: Server

    def lab_url(self) -> str:
        """What a person opens; it holds the login token."""
        return f"{self.server.url}lab/tree/{NOTEBOOK}?token={self.place.token.reveal()}"


@contextmanager
def staged(wishes: Wishes) -> Iterator[Stage]:
    """Start everything; nothing is left of it afterwards, except the directory by ``keep``.

    Raises:
        ConfigError: a package that the demo needs is not installed.
        QcredError: OpenBao or the server does not start.
        OSError: the directory can't be made or written.
    """
    _require(wishes)
    with ExitStack() as stack:
        try:
            yield _set_up(stack, wishes)
        finally:
            wishes.on_end()


def _set_up(stack: ExitStack, wishes: Wishes) -> Stage:
    place = Place()
    if not wishes.keep:
        stack.callback(place.remove)
    place.prepare()
    wishes.on_step("starting OpenBao")
    embedded = EmbeddedOpenBao(
        directory=str(place.openbao), linger=0.0, executable=wishes.executable
    )
    stack.callback(_stop_openbao, embedded.layout)
    hold = stack.enter_context(embedded.hold())
    grant(embedded, hold)
    cloud = stack.enter_context(Cloud(hold.address))
    place.write_settings(embedded, port=wishes.port, browser=wishes.browser)
    wishes.on_step("starting Jupyter")
    server = stack.enter_context(Server(place, wishes.module, cloud.url, wishes.options))
    return Stage(place, cloud, server)


def _require(wishes: Wishes) -> None:
    """Refuse before anything is made."""
    try:
        find_program(wishes.executable)
    except ConfigError as error:
        if wishes.executable:
            raise
        raise ConfigError(
            "The demo needs OpenBao, which is not installed",
            next_step=error.next_step.replace("[embedded]", "[demo]"),
        ) from None
    if find_spec(wishes.module) is None:
        raise ConfigError(
            "The demo needs JupyterLab, which is not installed",
            next_step='Run `pip install "jupyter_qcred[demo]"`, or add --check',
        )


def _stop_openbao(layout: Layout) -> None:
    """Nobody holds OpenBao any more: wait for its end, ask for it, force it.

    A start that was interrupted may have written no record and be forking still, so that the
    processes are known by their command lines, and looked for until there are none.
    """
    begun = time.monotonic()
    waited = 0.0
    while waited < _LINGERS + 2 * _STOP and (processes := _running(layout)):
        waited = time.monotonic() - begun
        for process in processes:
            with suppress(psutil.Error):
                if waited > _LINGERS + _STOP:
                    process.kill()
                elif waited > _LINGERS:
                    process.terminate()
        psutil.wait_procs(processes, timeout=0.2)


def _running(layout: Layout) -> list[psutil.Process]:
    marks = {str(layout.directory), f"-config={layout.config}"}
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if marks.intersection(process.info["cmdline"] or ())
    ]

"""Visits of a browser to two JupyterLabs: one has our extension, one has not."""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from .figures import Side
from .stage import stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .stage import Host

OURS: Final = "jupyter-qcred"
_INSTALLED: Final = Path(sys.prefix, "share", "jupyter", "labextensions")
_MEGABYTE: Final = 1 << 20

_READY: Final = """
window.qcredReady = new Promise(resolve => {
  const look = () =>
    document.querySelector('.jp-Launcher') && !document.querySelector('#jupyterlab-splash')
      ? resolve(performance.now())
      : requestAnimationFrame(look);
  requestAnimationFrame(look);
});
"""
"""When the launcher is there and nothing lies over it, in milliseconds from the address on."""


class Visit:
    """One page, in a browser context of its own.

    Attributes:
        asked: addresses of the requests to our API.
        complaints: errors on its console; with us, only those that name us.
    """

    def __init__(self, context: Any, side: Side) -> None:
        self._context = context
        self.page: Any = context.new_page()
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self._mine = OURS if side is Side.WITH else ""
        self.page.on("request", self._request)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self._complain(f"{error.message} {error.stack}"))
        self._wire = context.new_cdp_session(self.page)
        self._wire.send("HeapProfiler.enable")

    def open_panel(self) -> None:
        """Open our panel, by the line in the status bar."""
        self.page.locator(".qcred-status").click()
        self.page.locator(".qcred-panel .qcred-issuer").wait_for()

    def pass_time(self, seconds: float) -> None:
        """Let the page live."""
        self.page.wait_for_timeout(seconds * 1000)

    def heap_mb(self) -> float:
        """Return what JavaScript holds after garbage was collected."""
        self._wire.send("HeapProfiler.collectGarbage")
        self._wire.send("HeapProfiler.collectGarbage")
        used: float = self._wire.send("Runtime.getHeapUsage")["usedSize"]
        return used / _MEGABYTE

    def close(self) -> None:
        """Close the page, and forget what its browser learned."""
        self._context.close()

    def _request(self, request: Any) -> None:
        if "/qcred/api/" in request.url:
            self.asked.append(request.url)

    def _console(self, message: Any) -> None:
        if message.type == "error":
            self._complain(f"{message.text} {message.location.get('url', '')}")

    def _complain(self, text: str) -> None:
        if self._mine in text:
            self.complaints.append(text)


class Labs:
    """Both, while their servers run."""

    def __init__(self, browser: Any, hosts: Mapping[Side, Host], token: str) -> None:
        self._browser = browser
        self._hosts = hosts
        self._token = token

    def start(self, side: Side) -> float:
        """Return how many seconds it takes from the address to the launcher.

        Raises:
            RuntimeError: the wrong side has our extension.
        """
        visit = self._visit(side)
        try:
            visit.page.add_init_script(_READY)
            visit.page.goto(f"{self._hosts[side].browser.url}lab?reset&token={self._token}")
            seconds: float = visit.page.evaluate("window.qcredReady") / 1000
            scripts: int = visit.page.locator(f"script[src*='{OURS}']").count()
            if bool(scripts) is not (side is Side.WITH):
                raise RuntimeError(f"the page {side} us loads {scripts} scripts of ours")
            return seconds
        finally:
            visit.close()

    def open_notebook(self, side: Side) -> Visit:
        """Open a notebook whose kernel is idle."""
        host = self._hosts[side]
        (host.root / "open.ipynb").write_text(
            '{"cells": [], "metadata": {"kernelspec": {"name": "python3", "display_name": ""}}, '
            '"nbformat": 4, "nbformat_minor": 5}'
        )
        visit = self._visit(side)
        visit.page.goto(f"{host.browser.url}lab/tree/open.ipynb?reset&token={self._token}")
        status = visit.page.locator("#jp-main-statusbar")
        status.get_by_text(re.compile(r"\| Idle")).wait_for()
        return visit

    def _visit(self, side: Side) -> Visit:
        context = self._browser.new_context(viewport={"width": 1400, "height": 900})
        context.set_default_timeout(120_000)
        return Visit(context, side)


@contextmanager
def labs() -> Iterator[Labs]:
    """Start OpenBao, both servers and a browser.

    Raises:
        FileNotFoundError: our extension is not installed here.
    """
    if not (_INSTALLED / OURS / "package.json").is_file():
        raise FileNotFoundError(
            f"no {OURS} in {_INSTALLED}: install the package with its extension"
        )
    with stage() as setting:
        page = import_module("lab.page")
        with setting.hosts(_settle) as hosts, page.launched() as browser:
            yield Labs(browser, hosts, import_module("support.jupyter").TOKEN)


def _settle(side: Side, server: Any) -> None:
    """Give a server's JupyterLab the extensions of this environment, ours on one side only."""
    import_module("lab.page").settle(server)
    folder = server.home / "labextensions"
    folder.mkdir()
    for extension in _INSTALLED.iterdir():
        if extension.name != OURS or side is Side.WITH:
            (folder / extension.name).symlink_to(extension)
    config = server.config_dir / "jupyter_server_config.py"
    config.write_text(f"c.LabApp.labextensions_path = [{str(folder)!r}]\n")

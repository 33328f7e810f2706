"""A person at JupyterLab, in a real browser, whose every answer, frame and store is kept."""

from __future__ import annotations

import json
import os
import re
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Page, expect, sync_playwright
from support.jupyter import TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Locator, Request, Response, WebSocket
    from support.jupyter import JupyterServer

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
]
PATIENCE = 60_000
"""Milliseconds to wait for anything on a page: machines are shared."""

expect.set_options(timeout=PATIENCE)

SETTINGS = {
    # Both would ask a server on the network, and cover what is behind them.
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
}


def chromium() -> str:
    """Return the program.

    Raises:
        AssertionError: there is none.
    """
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    assert found, "these tests need Chromium: apt-get install chromium"
    return found


@contextmanager
def launched() -> Iterator[Browser]:
    """Run Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def settle(server: JupyterServer, theme: str = "JupyterLab Light") -> None:
    """Write the settings of JupyterLab into a server's home."""
    settings = SETTINGS | {"@jupyterlab/apputils-extension:themes": {"theme": theme}}
    for plugin, values in settings.items():
        package, _, name = plugin.partition(":")
        file = server.config_dir / "lab" / "user-settings" / package / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))


class Lab:
    """One page of one browser context, and everything that came to it.

    Attributes:
        seen: texts of answers, frames, and at the end of the page and its stores.
        asked: method and path of each request to our API.
        sent: method, address and body of each request that has a body.
        complaints: errors on the page's console.
    """

    def __init__(self, browser: Browser, server: JupyterServer, **context: Any) -> None:
        self.server = server
        self.context: BrowserContext = browser.new_context(
            viewport={"width": 1400, "height": 900}, locale="en-GB", **context
        )
        self.context.set_default_timeout(PATIENCE)
        self.seen: list[str] = []
        self.asked: list[str] = []
        self.sent: list[tuple[str, str, str]] = []
        self.complaints: list[str] = []
        self._answers: list[Response] = []
        self.page: Page = self.context.new_page()
        self.context.on("request", self._request)
        self.context.on("response", self._response)
        self.page.on("websocket", self._socket)
        self.page.on("console", self._console)
        self.page.on("pageerror", self._error)

    def _request(self, request: Request) -> None:
        if found := re.search(r"/qcred/api/\S*", request.url):
            self.asked.append(f"{request.method} {found[0]}")
        if body := request.post_data_buffer:
            self.sent.append((request.method, request.url, body.decode("utf-8", "replace")))

    def _response(self, answer: Response) -> None:
        self._answers.append(answer)

    def _socket(self, socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: self.seen.append(_text(frame)))
        socket.on("framesent", lambda frame: self.seen.append(_text(frame)))

    def _console(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(f"{message.text} {message.location.get('url', '')}")

    def _error(self, error: Any) -> None:
        self.complaints.append(f"{error.message} {error.stack}")

    def open(self, path: str, app: str = "lab/tree") -> Lab:
        """Open a notebook, and wait until its kernel is idle."""
        self.page.goto(f"{self.server.url}{app}/{path}?reset&token={TOKEN}")
        if app == "lab/tree":
            expect(self.page.locator("#jp-main-statusbar")).to_contain_text("| Idle")
        else:
            idle = self.page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]")
            idle.wait_for(state="attached")
        return self

    # -- places ---------------------------------------------------------------------------------

    @property
    def status(self) -> Locator:
        """Our line about the current notebook's kernel."""
        return self.page.locator(".qcred-status")

    @property
    def panel(self) -> Locator:
        return self.page.locator(".qcred-panel")

    def lease(self, credential: str) -> Locator:
        """The entry of a credential that a kernel holds."""
        return self.panel.locator(f".qcred-lease[data-credential='{credential}']")

    @property
    def notebook(self) -> Locator:
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")

    # -- what a person does ---------------------------------------------------------------------

    def show_panel(self) -> Locator:
        """Open the panel by the line in the status bar."""
        if not self.panel.is_visible():
            self.status.click()
        expect(self.panel).to_be_visible()
        return self.panel

    def run(self, code: str) -> str:
        """Type code into the last cell and run it; return what it shows."""
        cell = self.notebook.locator(".jp-CodeCell").last
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(code)
        self.page.keyboard.press("Shift+Enter")
        done = re.compile(r"\[\d+\]:")
        number = self.notebook.locator(".jp-CodeCell").nth(self._cells() - 2)
        expect(number.locator(".jp-InputArea-prompt")).to_have_text(done)
        output = number.locator(".jp-OutputArea")
        return output.inner_text() if output.count() else ""

    def _cells(self) -> int:
        cells = self.notebook.locator(".jp-CodeCell")
        expect(cells.last.locator(".jp-InputArea-prompt")).to_have_text(re.compile(r"\[ ?\]:"))
        return cells.count()

    def command(self, label: str) -> None:
        """Run a command by the palette."""
        self.page.keyboard.press("Control+Shift+c")
        palette = self.page.locator(".lm-CommandPalette-input")
        palette.fill(label)
        self.page.locator(".lm-CommandPalette-item", has_text=label).first.click()

    def save(self) -> None:
        """Save the notebook by its toolbar, and wait until it is saved."""
        self.notebook.locator("[data-jp-item-name=save] jp-button").click()
        expect(self.page.locator("#jp-main-dock-panel .lm-TabBar-tab.jp-mod-dirty")).to_have_count(
            0
        )

    def confirm(self, button: str) -> None:
        """Press a button of the dialog that is open; some have other names for who hears them."""
        label = re.compile(f"^{re.escape(button)}$")
        self.page.locator(".jp-Dialog-button", has_text=label).click()

    # -- the end --------------------------------------------------------------------------------

    def told(self) -> list[str]:
        """Return every text that the browser was given, and what its pages and stores hold now."""
        stores = (
            "() => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, "
            "document.documentElement.outerHTML])"
        )
        pages = [page.evaluate(stores) for page in self.context.pages]
        return [*self.seen, *pages, *map(_body, self._answers)]

    def close(self) -> list[str]:
        """Close it; return every text that the browser was ever given, keeps, or sent.

        But for keys that a person had it store: each was sent once.
        """
        sent = [body for method, url, body in self.sent if not _stores(method, url)]
        self.seen = [*self.told(), *sent]
        self.context.close()
        return self.seen


def _stores(method: str, url: str) -> bool:
    return method == "PUT" and "/qcred/api/credentials/" in url


def _body(answer: Response) -> str:
    try:
        return answer.body().decode("utf-8", "replace")
    except Exception:  # a redirect has none, and that of a page before may be gone
        return ""


def _text(frame: str | bytes) -> str:
    return frame if isinstance(frame, str) else frame.decode("utf-8", "replace")

"""Take the pictures of docs/how-to/lab.md: each state, in a real browser, on real servers.

From the root of the repository, in an environment with ``jupyter_qcred[dev]``::

    PYTHONPATH=tests:. python -m lab.pictures docs/images
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from lab.conftest import LABELS, notebook
from lab.page import Lab, launched, settle
from playwright.sync_api import expect
from support import deployment
from support.deployment import KEY, LIVE
from support.leases import ONCE_PROFILE, provide_once
from support.openbao import OpenBao

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser
    from support.jupyter import JupyterServer

FORM = "hvs.CAESIJ1kQ0mV7yWbX3rT9pLz2uNfHd8sKcE4aGxYoRtBvMqPGh4KHGh2cy5KbWlXc0ZtU2dQ"
PROFILES = {
    KEY: deployment.PROFILES[KEY] | {"labels": {"environment": "production"}},
    "ion-traps": deployment.PROFILES[LIVE] | {"labels": LABELS},
    "calibration": ONCE_PROFILE | {"labels": {"environment": "staging"}},
}
SHOW = f'import jupyter_qcred as qcred\n\nprint(qcred.get("{KEY}").reveal())'


def main(images: Path) -> None:
    """Take them all."""
    with launched() as browser, tempfile.TemporaryDirectory() as place:
        for theme in ("Light", "Dark"):
            home = Path(place, theme)
            home.mkdir()
            bao = OpenBao(home / "bao")
            try:
                bao.start()
                provide_once(bao)
                take(browser, bao, home, theme, images)
            finally:
                bao.stop()


def take(browser: Browser, bao: OpenBao, home: Path, theme: str, images: Path) -> None:
    """Take those of one theme: all is well; a question; what was redacted; trouble."""
    server = deployment.server(bao, home / "server", PROFILES)
    settle(server, f"JupyterLab {theme}")
    notebook(server, "work.ipynb", SHOW, f'token = "{FORM}"')
    notebook(server, "other.ipynb")
    try:
        lab = Lab(browser, server.start()).open("work.ipynb")
        for name in _states(lab, server, bao):
            lab.page.wait_for_timeout(700)  # animations
            if theme == "Light" or name == "trouble":
                lab.page.screenshot(path=images / f"lab-{name}-{theme.lower()}.png")
        lab.context.close()
    finally:
        server.close()


def _states(lab: Lab, server: JupyterServer, bao: OpenBao) -> Iterator[str]:
    lab.page.set_viewport_size({"width": 1200, "height": 780})
    expect(lab.status).to_contain_text("renewing")
    lab.page.get_by_role("tab", name="File Browser").click()  # which hides it
    lab.show_panel()
    lab.notebook.locator(".jp-Cell .cm-content").first.click()
    lab.page.keyboard.press("Shift+Enter")
    expect(lab.notebook.locator(".jp-OutputArea").first).to_contain_text("redacted")
    server.open_notebook("other.ipynb")
    expect(lab.panel.get_by_role("heading", name="other.ipynb")).to_be_visible()
    yield "panel"
    lab.save()
    expect(lab.panel.get_by_role("button", name="a secret…")).to_be_visible()
    lab.panel.evaluate("it => it.scrollTo(0, 100000)")
    yield "redacted"
    lab.panel.evaluate("it => it.scrollTo(0, 0)")
    lab.lease("calibration").first.get_by_role("button", name="Revoke").click()
    yield "revoke"
    lab.confirm("Revoke")
    expect(lab.page.get_by_text("confirmed by the issuer")).to_be_visible()
    yield "revoked"
    bao.seal()
    lab.lease("calibration").first.get_by_role("button", name="Revoke").click()
    lab.confirm("Revoke")
    expect(lab.panel.get_by_role("region", name="Outstanding revocations")).to_be_visible()
    expect(lab.status).to_contain_text("Issuer unavailable")
    expect(lab.page.locator(".Toastify__toast")).to_have_count(0)
    lab.panel.evaluate("it => it.scrollTo(0, 0)")
    yield "trouble"


if __name__ == "__main__":
    main(Path(sys.argv[1]))

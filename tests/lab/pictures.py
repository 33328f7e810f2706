"""Take the pictures of docs/how-to/lab.md: each state, in a real browser, on real servers.

From the root of the repository, in an environment with ``jupyter_qcred[dev]``::

    PYTHONPATH=tests:. python -m lab.pictures docs/images
"""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from lab.conftest import LABELS, notebook, profiles
from lab.page import Lab, launched, settle
from lab.test_issuer import TWENTY
from lab.test_notebook import FAULT
from playwright.sync_api import expect
from support import deployment
from support.deployment import KEY, LIVE
from support.jupyter import JupyterServer
from support.leases import ONCE_PROFILE, provide_once
from support.openbao import OpenBao
from support.provider import by_person

from jupyter_qcred.detect.examples import fill

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

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
                if theme == "Light":
                    bao.unseal()
                    take_login(browser, bao, home, images)
                    take_refused(browser, bao, home, images)
                    take_ending(browser, bao, home, images)
            finally:
                bao.stop()
            take_guard(browser, home / "laptop", theme, images)


def take_guard(browser: Browser, home: Path, theme: str, images: Path) -> None:
    """Take those of a key in a cell: noticed, and the question for its name."""
    server = JupyterServer(home)
    settle(server, f"JupyterLab {theme}")
    key = fill("{A-Za-z0-9*32}", random.Random(1)).text
    notebook(server, "work.ipynb", "from qiskit_ionq import IonQProvider")
    try:
        lab = _opened(browser, server, height=560)
        lab.notebook.locator(".jp-Cell .cm-content").last.click()
        lab.page.keyboard.insert_text(f'provider = IonQProvider(token="{key}")')
        notice = lab.page.get_by_role("region", name="A key in this notebook")
        expect(notice).to_be_visible()
        picture(lab, images, f"guard-{theme.lower()}")
        notice.get_by_role("button", name="Store it…").click()
        expect(notice.get_by_label("Name of the credential")).to_be_focused()
        if theme == "Light":
            picture(lab, images, "guard-store-light")
        lab.context.close()
    finally:
        server.close()


def _opened(browser: Browser, server: JupyterServer, *, height: int) -> Lab:
    """Open the notebook of a server that is not started yet, without the files beside it."""
    lab = Lab(browser, server.start()).open("work.ipynb")
    lab.page.set_viewport_size({"width": 1200, "height": height})
    lab.page.get_by_role("tab", name="File Browser").click()
    return lab


def picture(lab: Lab, images: Path, name: str) -> None:
    """Take one, once nothing moves any more."""
    lab.page.wait_for_timeout(700)  # animations
    lab.page.screenshot(path=images / f"lab-{name}.png")


def take(browser: Browser, bao: OpenBao, home: Path, theme: str, images: Path) -> None:
    """Take those of one theme: all is well; a question; what was redacted; trouble."""
    server = deployment.server(bao, home / "server", PROFILES)
    settle(server, f"JupyterLab {theme}")
    notebook(server, "work.ipynb", SHOW, f'token = "{FORM}"')
    notebook(server, "other.ipynb")
    try:
        lab = Lab(browser, server.start()).open("work.ipynb")
        for name in _states(lab, server, bao):
            if theme == "Light" or name == "trouble":
                picture(lab, images, f"{name}-{theme.lower()}")
        lab.context.close()
    finally:
        server.close()


def take_login(browser: Browser, bao: OpenBao, home: Path, images: Path) -> None:
    """Take the one of a server at which somebody has to log in."""
    server = deployment.server(bao, home / "login", PROFILES)
    by_person(server, bao)
    settle(server)
    notebook(server, "work.ipynb", SHOW)
    try:
        lab = _opened(browser, server, height=780)
        lab.show_panel()
        expect(lab.panel.get_by_role("button", name="Log in…")).to_be_visible()
        picture(lab, images, "login-light")
        lab.context.close()
    finally:
        server.close()


def take_refused(browser: Browser, bao: OpenBao, home: Path, images: Path) -> None:
    """Take the one of a save that was refused, since looking for values failed."""
    server = deployment.server(bao, home / "refused", PROFILES)
    (server.config_dir / "jupyter_server_config.py").write_text(FAULT)
    settle(server)
    notebook(server, "work.ipynb")
    try:
        lab = _opened(browser, server, height=560)
        lab.run(SHOW)
        (server.root / "broken").touch()
        lab.notebook.locator("[data-jp-item-name=save] jp-button").click()
        expect(lab.page.locator(".jp-Dialog")).to_contain_text("was not saved")
        picture(lab, images, "refused-light")
        lab.context.close()
    finally:
        server.close()


def take_ending(browser: Browser, bao: OpenBao, home: Path, images: Path) -> None:
    """Take the one of a credential that ends, while its issuer is away."""
    server = deployment.server(bao, home / "ending", profiles(source=TWENTY))
    settle(server)
    notebook(server, "work.ipynb", f'import jupyter_qcred as qcred\n\ncred = qcred.get("{LIVE}")')
    try:
        lab = _opened(browser, server, height=780)
        lab.show_panel()
        lab.notebook.locator(".jp-Cell .cm-content").first.click()
        lab.page.keyboard.press("Shift+Enter")
        expect(lab.lease(LIVE).first).to_be_visible()
        bao.stop()
        expect(lab.panel.locator(".qcred-late").first).to_be_visible()
        picture(lab, images, "ending-light")
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

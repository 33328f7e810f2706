"""Take the pictures of what is missing, for docs/how-to/lab.md: each in a real browser.

From the root of the repository, in an environment with ``jupyter_qcred[dev]``::

    PYTHONPATH=tests:. python -m lab.pictures_missing docs/images
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.conftest import notebook
from lab.page import Lab, launched, settle
from lab.pictures import picture
from lab.test_states import APPROVAL, ASKED
from playwright.sync_api import expect
from support import deployment
from support.deployment import KEY
from support.openbao import OpenBao

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser
    from support.jupyter import JupyterServer

PROFILES: dict[str, Any] = {
    KEY: deployment.PROFILES[KEY] | {"labels": {"environment": "production"}},
    "ionq": {"vendor": "ionq", "source": "kv2:qcred/ionq", "deliver": "use"},
    "dwave": {"vendor": "dwave", "source": "kv2:elsewhere/dwave", "deliver": "use"},
    ASKED: {"vendor": "ionq", "source": f"kv2:qcred/{KEY}", "deliver": "use"},
}
FILES = {
    ".env": "IONQ_API_KEY=not-yours\nIONQ_API_URL=https://quantum.example\n",
    "dwave.conf": "[defaults]\nproxy = http://collect.example:8080\n",
}
TUTORIAL = (
    'import jupyter_qcred as qcred\n\nibm = qcred.requires("ibm-quantum")',
    'ionq = qcred.requires("ionq", fallback="simulator")',
    "backend = ionq.backend()",
)


def main(images: Path, *themes: str) -> None:
    """Take them all, in the light if no theme is named."""
    with launched() as browser, tempfile.TemporaryDirectory() as place:
        for theme in themes or ("Light",):
            home = Path(place, theme)
            home.mkdir()
            bao = OpenBao(home / "bao")
            try:
                bao.start()
                deployment.provide(bao)
                take(browser, bao, home, theme, images)
            finally:
                bao.stop()


def take(browser: Browser, bao: OpenBao, home: Path, theme: str, images: Path) -> None:
    """Take those of one theme."""
    server = deployment.server(bao, home / "server", PROFILES)
    (server.config_dir / "jupyter_server_config.py").write_text(APPROVAL)
    settle(server, f"JupyterLab {theme}")
    server.start()
    try:
        lab = Lab(browser, server)
        for name in _states(lab, server):
            picture(lab, images, f"{name}-{theme.lower()}")
        lab.context.close()
    finally:
        server.close()


def _states(lab: Lab, server: JupyterServer) -> Iterator[str]:
    notebook(server, "tutorial.ipynb", *TUTORIAL, qcred={"requires": [KEY, "ionq"]})
    lab.page.set_viewport_size({"width": 1200, "height": 420})
    _open(lab, "tutorial.ipynb")
    banner = lab.notebook.locator(".qcred-banner")
    expect(banner).to_contain_text("no key is stored")
    expect(banner).to_contain_text("ready")
    yield "tutorial"
    (server.root / "cloned").mkdir()
    for name, text in FILES.items():
        (server.root / "cloned" / name).write_text(text)
    notebook(server, "cloned/work.ipynb", qcred={"requires": [KEY]})
    lab.page.set_viewport_size({"width": 1200, "height": 780})
    _open(lab, "cloned/work.ipynb")
    lab.show_panel()
    expect(lab.panel.locator("[data-code=redirected]")).to_have_count(2)
    yield "folder"
    notebook(server, "work.ipynb", qcred={"requires": ["dwave", ASKED]})
    lab.page.set_viewport_size({"width": 1200, "height": 640})
    _open(lab, "work.ipynb")
    lab.show_panel()
    expect(lab.panel.locator("[data-code=pending_approval]")).to_be_visible()
    yield "states"


def _open(lab: Lab, path: str) -> None:
    """Open a notebook as the only one, and hide the files beside it."""
    for kernel in lab.server.api("GET", "api/kernels"):
        lab.server.api("DELETE", f"api/kernels/{kernel['id']}")
    lab.open(path)
    lab.page.get_by_role("tab", name="File Browser").click()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])

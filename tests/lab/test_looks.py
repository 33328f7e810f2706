"""Readable for everybody: both themes, other front-ends, and those who hear a page."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("playwright")

from axe_playwright_python.sync_playwright import Axe
from lab.conftest import notebook, profiles
from lab.page import settle
from lab.test_leases import USE
from lab.test_paste import made, notice, paste
from playwright.sync_api import expect
from support.deployment import LIVE
from support.leases import ONCE, provide_once
from support.openbao import wait_until
from support.packages import Environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.page import Lab
    from support.jupyter import JupyterServer
    from support.openbao import OpenBao

    MakeServer = Callable[..., JupyterServer]
    OpenLab = Callable[..., Lab]

OURS = {"include": [[".qcred-panel"], [".qcred-status-item"]]}


def serious(lab: Lab) -> list[dict[str, Any]]:
    """What axe finds on our parts of the page that keeps somebody from using them."""
    found = Axe().run(lab.page, context=OURS).response["violations"]
    return [
        {"id": one["id"], "where": [node["html"][:200] for node in one["nodes"]]}
        for one in found
        if one["impact"] in {"serious", "critical"}
    ]


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_nothing_is_hard_to_read_or_to_reach(
    make_server: MakeServer, fresh_openbao: OpenBao, open_lab: OpenLab, theme: str
) -> None:
    """When all is well, and when the issuer is away and a revocation is owed."""
    provide_once(fresh_openbao)
    server = make_server(fresh_openbao, start=False, profiles=profiles())
    settle(server, theme)
    server.start()
    notebook(server)
    lab = open_lab(server)
    expect(lab.page.locator(f"body[data-jp-theme-name='{theme}']")).to_be_attached()
    lab.run(USE.format(LIVE))
    lab.show_panel()
    expect(lab.lease(LIVE)).to_be_visible()
    assert serious(lab) == []
    fresh_openbao.seal()
    lab.lease(ONCE).get_by_role("button", name=f"Revoke {ONCE}").click()
    lab.confirm("Revoke")
    expect(lab.panel.get_by_role("region", name="Outstanding revocations")).to_be_visible()
    expect(lab.status).to_contain_text("Issuer unavailable")
    assert serious(lab) == []


def test_the_line_in_the_status_bar_does_not_move_what_is_beside_it(
    server: JupyterServer, open_lab: OpenLab
) -> None:
    """Its width stays while seconds pass."""
    notebook(server)
    lab = open_lab(server)
    expect(lab.status).to_contain_text("renewing")
    lab.show_panel()
    timer = lab.lease(LIVE).get_by_role("timer")
    width, time = lab.status.bounding_box(), timer.inner_text()
    wait_until("some seconds have passed", lambda: timer.inner_text() != time, 60)
    assert lab.status.bounding_box() == width


def application(place: Path) -> Path:
    """JupyterLab's own files and Notebook's in one folder, as where both are installed at once."""
    made, lab = place / "application", Path(sys.prefix, "share", "jupyter", "lab")
    (made / "schemas").mkdir(parents=True)
    for name in ("static", "themes"):
        (made / name).symlink_to(lab / name)
    notebooks = place / "notebook" / "share" / "jupyter" / "lab" / "schemas"
    for folder in [*(lab / "schemas").iterdir(), *notebooks.iterdir()]:
        (made / "schemas" / folder.name).symlink_to(folder)
    return made


@pytest.mark.timeout(600)  # it installs Notebook
def test_notebook_7_shows_the_same(
    bao: OpenBao, make_server: MakeServer, open_lab: OpenLab, tmp_path: Path
) -> None:
    """The line beside the menu, the panel, the notice about a key, what is missing above cells."""
    server = make_server(bao, start=False, profiles=profiles())
    Environment(tmp_path / "notebook", "notebook>=7,<8").of(server)
    for variable, place in (("JUPYTER_PATH", "share"), ("JUPYTER_CONFIG_PATH", "etc")):
        server.env[variable] += f":{tmp_path / 'notebook' / place / 'jupyter'}"
    server.env["JUPYTERLAB_DIR"] = str(application(tmp_path))
    settle(server)
    notebook(server)
    server.start()
    lab = open_lab(server, app="notebooks")
    expect(lab.status).to_have_text("3 credentials · 9 min, renewing")
    lab.show_panel()
    expect(lab.lease(LIVE)).to_be_visible()
    paste(lab, 1, f'IonQProvider("{made(9)}")')
    expect(notice(lab)).to_contain_text("API key of IonQ")
    notebook(server, "needs.ipynb", qcred={"requires": ["not-there"]})
    other = open_lab(server, "needs.ipynb", app="notebooks")
    expect(other.page.locator(".qcred-banner")).to_contain_text("not-there: not offered here")

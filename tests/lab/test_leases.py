"""A person at JupyterLab sees what kernels hold, renews it, and takes it back."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("playwright")

from lab.conftest import notebook
from playwright.sync_api import expect
from support.deployment import KEY, LIVE
from support.leases import ONCE, live_leases
from support.openbao import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.page import Lab
    from support.jupyter import JupyterServer
    from support.openbao import OpenBao

    OpenLab = Callable[..., Lab]

USE = "import jupyter_qcred as qcred; cred = qcred.get('{}'); print('held', len(cred.reveal()) > 0)"
AGAIN = """\
try: print(len(cred.reveal()) > 0)
except qcred.QcredError as error: print('refused:', error)"""
PANEL = "jupyter-qcred:panel"
COUNT = re.compile(r"(\d+) min (\d+) s")


def seconds(text: str) -> int:
    """Read a countdown."""
    found = COUNT.search(text)
    assert found, text
    return int(found[1]) * 60 + int(found[2])


def test_the_status_tells_what_the_kernel_holds_and_counts_down(
    server: JupyterServer, open_lab: OpenLab
) -> None:
    """One line, calm, by name and time left; the panel counts the seconds."""
    notebook(server)
    lab = open_lab(server)
    lab.run(USE.format(LIVE))
    expect(lab.status).to_have_text("3 credentials · 9 min, renewing")
    expect(lab.status).to_have_class(re.compile("qcred-calm"))
    expect(lab.status).to_have_attribute("aria-label", re.compile(f"holds .*{LIVE}"))
    lab.status.focus()
    lab.page.keyboard.press("Enter")
    expect(lab.panel).to_be_visible()
    lease = lab.lease(LIVE)
    expect(lease).to_contain_text("staging")
    expect(lease).to_contain_text("project: ion-traps")
    expect(lease).to_contain_text("The issuer ends it when asked")
    expect(lab.lease(KEY)).to_contain_text("the key itself stays valid at its vendor")
    timer = lease.get_by_role("timer")
    before = seconds(timer.inner_text())
    assert 540 < before <= 600
    wait_until("it counts down", lambda: seconds(timer.inner_text()) < before - 1)
    expect(lab.panel).to_contain_text("Issuer answers")


def test_renewing_extends_what_the_kernel_holds(server: JupyterServer, open_lab: OpenLab) -> None:
    """The button extends the life or replaces the value; the cell goes on with it."""
    notebook(server)
    lab = open_lab(server)
    lab.run(USE.format(LIVE))
    lab.show_panel()
    lease = lab.lease(LIVE)
    wait_until("some of its life has passed", lambda: seconds(lease.inner_text()) < 597, seconds=60)
    lease.get_by_role("button", name=f"Renew {LIVE}").click()
    expect(lease).to_contain_text("renewed once")
    expect(lab.page.get_by_text(f"{LIVE} was renewed.")).to_be_visible()
    assert lab.run(AGAIN).strip() == "True"


def test_revoking_takes_it_from_the_cell_and_ends_it_at_the_issuer(
    server: JupyterServer, bao: OpenBao, open_lab: OpenLab
) -> None:
    """After a question. "Revoked" is said because the issuer confirmed; other credentials stay."""
    notebook(server)
    lab = open_lab(server)
    assert "held True" in lab.run(USE.format(ONCE))
    alive = live_leases(bao)
    lab.show_panel()
    lab.lease(ONCE).get_by_role("button", name=f"Revoke {ONCE}").click()
    expect(lab.page.locator(".jp-Dialog")).to_contain_text("The issuer ends it when asked")
    lab.confirm("Cancel")
    expect(lab.lease(ONCE)).to_be_visible()
    assert live_leases(bao) == alive
    lab.lease(ONCE).get_by_role("button", name=f"Revoke {ONCE}").click()
    lab.confirm("Revoke")
    expect(lab.page.get_by_text(f"{ONCE}: revoked, and confirmed by the issuer.")).to_be_visible()
    expect(lab.lease(ONCE)).to_have_count(0)
    expect(lab.lease(LIVE)).to_be_visible()
    assert live_leases(bao) < alive
    assert "refused:" in lab.run(AGAIN)
    expect(lab.status).to_have_text("2 credentials · 9 min, renewing")


def test_two_notebooks_and_a_restart(
    server: JupyterServer, bao: OpenBao, open_lab: OpenLab
) -> None:
    """Each notebook shows its own kernel first; a restart shows what the new process holds."""
    notebook(server)
    notebook(server, "other.ipynb")
    lab = open_lab(server)
    lab.run(USE.format(LIVE))
    lab.show_panel()
    other = server.open_notebook("other.ipynb")
    assert other.execute(USE.format(KEY)).ok
    expect(lab.panel.get_by_role("heading", name="My other kernels")).to_be_visible()
    expect(lab.panel.get_by_role("heading", name="other.ipynb")).to_be_visible()
    expect(lab.lease(LIVE)).to_have_count(2)
    lab.page.get_by_role("listitem", name="Name: other.ipynb").dblclick()
    expect(lab.panel.get_by_role("heading", name="This kernel")).to_contain_text("other.ipynb")
    expect(lab.panel.get_by_role("heading", name="work.ipynb")).to_be_visible()
    # Not before the page is connected to this kernel: it would start another one for the notebook.
    own = lab.panel.get_by_role("region", name="This kernel")
    expect(own.locator(f"[data-credential='{LIVE}']")).to_have_count(1)
    other.delete()
    expect(lab.panel.get_by_role("heading", name="This kernel")).to_be_visible()
    lab.page.get_by_role("tab", name="work.ipynb").click()
    expect(lab.lease(LIVE)).to_have_count(1)
    before = live_leases(bao)
    lab.command("Restart Kernel…")
    lab.confirm("Restart")
    wait_until("what it held was revoked", lambda: not live_leases(bao) & before, 60)
    expect(lab.lease(ONCE)).to_have_count(1)
    assert "held True" in lab.run(USE.format(LIVE))


def test_a_reload_shows_the_same_again(server: JupyterServer, open_lab: OpenLab) -> None:
    """The panel is open as before, and nothing was asked for more than it takes."""
    notebook(server)
    lab = open_lab(server)
    lab.run(USE.format(LIVE))
    lab.show_panel()
    lab.save()
    wait_until("the layout is kept", lambda: open_on_the_right(server) == PANEL, 60)
    lab.page.reload()
    expect(lab.panel).to_be_visible()
    expect(lab.lease(LIVE)).to_be_visible()
    expect(lab.status).to_have_text("3 credentials · 9 min, renewing")


def open_on_the_right(server: JupyterServer) -> str | None:
    """Which panel JupyterLab has written down as open there."""
    for file in (server.config_dir / "lab" / "workspaces").glob("*.jupyterlab-workspace"):
        with suppress(ValueError):  # being written
            data = json.loads(file.read_text())["data"]
            right = data.get("layout-restorer:data", {}).get("right", {})
            return None if right.get("collapsed") else right.get("current")
    return None


def test_an_open_lab_where_nothing_happens_asks_rarely(
    server: JupyterServer, open_lab: OpenLab
) -> None:
    """One question waits at the server; no more than one in ten seconds."""
    notebook(server)
    lab = open_lab(server)
    lab.run(USE.format(LIVE))
    lab.show_panel()
    expect(lab.lease(LIVE)).to_be_visible()
    timer = lab.lease(LIVE).get_by_role("timer")
    begin, asked = seconds(timer.inner_text()), len(lab.asked)
    wait_until(
        "half a minute has passed", lambda: seconds(timer.inner_text()) < begin - 30, 120, 0.5
    )
    assert len(lab.asked) - asked <= 3, lab.asked

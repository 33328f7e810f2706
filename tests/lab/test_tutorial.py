"""A notebook that requires something says above its cells what is missing, and what helps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("playwright")

from axe_playwright_python.sync_playwright import Axe
from lab.conftest import notebook, profiles
from lab.page import settle
from playwright.sync_api import expect
from support import deployment
from support.deployment import CANARY, KEY, LIVE
from support.jupyter import JupyterServer
from support.processes import processes_naming, stop_all
from support.remains import remains

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lab.page import Lab
    from playwright.sync_api import Locator
    from support.openbao import OpenBao

    OpenLab = Callable[..., Lab]

LATER = "ion-traps"
"""Delivered at first use."""
ABSENT = "not-there"
"""Nobody has stored it."""
HIDDEN = "not-allowed"
"""The server keeps it from its kernels."""

EXTRA: dict[str, Any] = {
    LATER: {"vendor": "ionq", "source": f"kv2:qcred/{KEY}", "deliver": "use"},
    ABSENT: {"vendor": "ionq", "source": f"kv2:qcred/{ABSENT}"},
    HIDDEN: {"vendor": "ionq", "source": f"kv2:qcred/{KEY}"},
}
NEEDS = 'import jupyter_qcred as qcred\n\nquantum = qcred.requires("{}"{})'
HELD = "import jupyter_qcred as qcred; print('held', len(qcred.get('ionq').reveal()) > 0)"
ROWS = tuple(f"print({number})" for number in range(60))


def asks(*names: str) -> dict[str, Any]:
    """The metadata of a notebook that requires these."""
    return {"qcred": {"requires": list(names)}}


@pytest.fixture(scope="module")
def server(bao: OpenBao, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    known = profiles() | EXTRA
    made = deployment.server(
        bao,
        tmp_path_factory.mktemp("tutorial"),
        known,
        allowed=[name for name in known if name != HIDDEN],
    )
    settle(made)
    try:
        yield made.start()
    finally:
        made.close()
    assert remains(made.home, made.answers) == []


def banner(lab: Lab) -> Locator:
    return lab.notebook.locator(".qcred-banner:not(.lm-mod-hidden)")


def top(part: Locator) -> float:
    """Where it begins on the screen."""
    box = part.bounding_box()
    assert box is not None
    return box["y"]


def serious(lab: Lab) -> list[str]:
    """What axe finds on the banner that keeps somebody from using it."""
    found = Axe().run(lab.page, context={"include": [[".qcred-banner"]]}).response["violations"]
    return [one["id"] for one in found if one["impact"] in {"serious", "critical"}]


def test_where_nothing_is_missing_there_is_no_banner(
    server: JupyterServer, open_lab: OpenLab
) -> None:
    """Neither for a list in the metadata, nor for a call in a cell."""
    notebook(server, "fine.ipynb", NEEDS.format(KEY, ""), **asks(KEY))
    lab = open_lab(server, "fine.ipynb")
    expect(lab.status).to_contain_text(KEY)
    expect(lab.notebook.locator(".qcred-banner")).to_have_count(1)
    expect(banner(lab)).to_have_count(0)


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_what_is_missing_is_named_with_its_reason_and_its_stand_in(
    bao: OpenBao, make_server: Callable[..., JupyterServer], open_lab: OpenLab, theme: str
) -> None:
    """And what is there, too; one button copies what to ask the operator for."""
    known = profiles() | EXTRA
    server = make_server(
        bao, start=False, profiles=known, allowed=[name for name in known if name != HIDDEN]
    )
    settle(server, theme)
    server.start()
    sources = [NEEDS.format(ABSENT, ""), NEEDS.format(HIDDEN, ", fallback=None")]
    notebook(server, "work.ipynb", *sources, **asks(KEY, ABSENT, HIDDEN))
    lab = open_lab(server)
    line = banner(lab)
    expect(line).to_contain_text(f"{KEY}: ready")
    expect(line).to_contain_text(f"{ABSENT}: no key is stored (a simulator answers)")
    expect(line).to_contain_text(f"{HIDDEN}: not permitted (its cells fail)")
    expect(line.get_by_role("status")).to_contain_text("no key is stored; a simulator answers")
    assert serious(lab) == []
    lab.context.grant_permissions(["clipboard-read"])
    line.get_by_role("button", name=f"{ABSENT}: Copy a Request").click()
    expect(lab.page.get_by_text("Send it to whoever runs this server.")).to_be_visible()
    copied = lab.page.evaluate("navigator.clipboard.readText()")
    assert f"access to {ABSENT} in Jupyter" in copied
    assert "Notebook: work.ipynb" in copied
    assert "(not_stored)" in copied


def test_what_nobody_has_asked_for_is_delivered_by_the_button(
    server: JupyterServer, open_lab: OpenLab
) -> None:
    """The kernel has it before a cell runs; the banner goes, and what is read stays in place."""
    notebook(server, "later.ipynb", NEEDS.format(LATER, ""), *ROWS)
    lab = open_lab(server, "later.ipynb")
    button = banner(lab).get_by_role("button", name=f"{LATER}: Get {LATER}")
    expect(button).to_be_visible()
    lab.notebook.locator(".jp-WindowedPanel-outer").evaluate("it => it.scrollTo(0, 700)")
    row = lab.notebook.locator(".jp-CodeCell", has_text="print(20)")
    expect(row).to_be_in_viewport()
    before = top(row)
    button.click()
    expect(lab.page.get_by_text(f"The kernel has {LATER} now.")).to_be_visible()
    expect(banner(lab)).to_have_count(0)
    assert abs(top(row) - before) < 1
    lab.show_panel()
    expect(lab.lease(LATER)).to_be_visible()


def test_it_is_dismissed_by_the_keyboard_and_stays_away_after_a_reload(
    server: JupyterServer, open_lab: OpenLab
) -> None:
    """For the notebook's session; another notebook has its own."""
    for path in ("one.ipynb", "two.ipynb"):
        notebook(server, path, NEEDS.format(ABSENT, ""), **asks(ABSENT))
    lab = open_lab(server, "one.ipynb")
    line = banner(lab)
    line.get_by_role("button", name=f"{ABSENT}: Copy a Request").focus()
    lab.page.keyboard.press("Tab")
    expect(line.get_by_role("button", name="Dismiss")).to_be_focused()
    lab.page.keyboard.press("Escape")
    expect(banner(lab)).to_have_count(0)
    expect(lab.notebook.locator(":focus")).to_have_count(1)
    lab.open("one.ipynb")
    lab.show_panel()
    expect(lab.panel.locator("[data-code=not_stored]")).to_be_visible()
    expect(banner(lab)).to_have_count(0)
    lab.open("two.ipynb")
    expect(banner(lab)).to_be_visible()


def test_what_the_notebook_s_own_list_leaves_out_can_be_added_to_it(
    server: JupyterServer, open_lab: OpenLab
) -> None:
    """The button writes the list, saves, and offers the restart after which it counts."""
    notebook(server, "narrow.ipynb", NEEDS.format(LIVE, ""), **asks(KEY))
    lab = open_lab(server, "narrow.ipynb")
    expect(banner(lab)).to_contain_text(f"{LIVE}: left out by")
    banner(lab).get_by_role("button", name=f"{LIVE}: Add to the List").click()
    lab.confirm("Restart")
    expect(banner(lab)).to_have_count(0)
    expect(lab.status).to_contain_text("2 credentials")


def test_what_a_cell_requires_is_seen_as_it_is_written(
    server: JupyterServer, open_lab: OpenLab
) -> None:
    """A line that is typed brings the banner, and nothing moves under the hands of who types."""
    notebook(server, "typed.ipynb", *ROWS)
    lab = open_lab(server, "typed.ipynb")
    expect(lab.status).to_contain_text(ABSENT)
    lab.notebook.locator(".jp-WindowedPanel-outer").evaluate("it => it.scrollTo(0, 700)")
    cell = lab.notebook.locator(".jp-CodeCell .cm-content", has_text="print(24)")
    cell.click()
    before = top(cell)
    lab.page.keyboard.press("Control+a")
    lab.page.keyboard.insert_text(NEEDS.format(LATER, ""))
    cell = lab.notebook.locator(".jp-CodeCell .cm-content", has_text="requires")
    expect(banner(lab)).to_contain_text(f"{LATER}: not asked for yet (a simulator answers)")
    expect(cell).to_be_focused()
    assert abs(top(cell) - before) < 1
    lab.page.keyboard.press("Control+a")
    lab.page.keyboard.press("Delete")
    expect(banner(lab)).to_have_count(0)


@pytest.fixture
def laptop(tmp_path: Path) -> Iterator[JupyterServer]:
    """A home without any setting of ours: keys lie in the embedded OpenBao."""
    server = JupyterServer(tmp_path / "home")
    settle(server)
    yield server.start()
    server.close()
    stop_all(processes_naming(tmp_path))


def test_a_key_is_stored_where_the_server_stores_keys(
    laptop: JupyterServer, open_lab: OpenLab
) -> None:
    """Typed once into a hidden field; then the kernel has it, and the page has it not."""
    notebook(laptop, "work.ipynb", NEEDS.format("ionq", ""), **asks("ionq"))
    lab = open_lab(laptop)
    banner(lab).get_by_role("button", name="ionq: Store a Key…").click()
    field = lab.page.locator(".jp-Dialog input")
    expect(field).to_have_attribute("type", "password")
    expect(field).to_be_focused()
    assert serious(lab) == []
    field.fill(CANARY)
    lab.confirm("Store")
    expect(lab.page.get_by_text("The kernel has ionq now.")).to_be_visible()
    expect(banner(lab)).to_have_count(0)
    assert "held True" in lab.run(HELD)

"""A key that is pasted or typed into a cell: noticed, stored, taken out, or left."""

from __future__ import annotations

import hashlib
import json
import random
import re
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("playwright")

from axe_playwright_python.sync_playwright import Axe
from lab.conftest import notebook
from lab.page import settle
from playwright.sync_api import expect
from support.deployment import CANARY, KEY
from support.jupyter import JupyterServer
from support.processes import processes_naming, stop_all
from support.sweep import files_with, texts_with

from jupyter_qcred.detect.examples import fill

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lab.page import Lab
    from playwright.sync_api import Locator

    OpenLab = Callable[..., Lab]

pytestmark = pytest.mark.timeout(400)

DIGEST = "import hashlib; hashlib.sha256({}.encode()).hexdigest()"


def made(seed: int, count: int = 32) -> str:
    """A key of IonQ's form, which nobody issued."""
    return fill(f"{{A-Za-z0-9*{count}}}", random.Random(seed)).text


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """A home without any setting of ours: keys lie in the embedded OpenBao."""
    home = tmp_path_factory.mktemp("laptop")
    server = JupyterServer(home)
    settle(server)
    yield server.start()
    server.close()
    stop_all(processes_naming(home))


def notice(lab: Lab) -> Locator:
    return lab.page.get_by_role("region", name="A key in this notebook")


def press(lab: Lab, button: str) -> None:
    notice(lab).get_by_role("button", name=button, exact=True).click()


def cell(lab: Lab, number: int) -> Locator:
    return lab.notebook.locator(".jp-Cell").nth(number - 1)


def paste(lab: Lab, number: int, text: str) -> None:
    """Paste a text at the end of a cell, as a person does, from the clipboard."""
    lab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    lab.page.evaluate("text => navigator.clipboard.writeText(text)", text)
    cell(lab, number).locator(".cm-content").click()
    lab.page.keyboard.press("Control+End")
    lab.page.keyboard.press("Control+v")


def run(lab: Lab, number: int) -> str:
    """Run a cell; return what it shows."""
    cell(lab, number).locator(".cm-content").click()
    lab.page.keyboard.press("Control+Enter")
    prompt = cell(lab, number).locator(".jp-InputArea-prompt")
    expect(prompt).to_have_text(re.compile(r"\[\d+\]:"))
    output = cell(lab, number).locator(".jp-OutputArea")
    return output.inner_text() if output.count() else ""


def stored(lab: Lab) -> list[dict[str, Any]]:
    """The bodies of the requests that stored a key."""
    return [json.loads(body) for method, _, body in lab.sent if method == "PUT" and "value" in body]


def serious(lab: Lab) -> list[dict[str, Any]]:
    found = Axe().run(lab.page, context={"include": [[".qcred-guard"]]}).response["violations"]
    return [one for one in found if one["impact"] in {"serious", "critical"}]


def test_a_pasted_key_is_stored_and_the_cell_runs_without_it(
    laptop: JupyterServer, open_lab: OpenLab
) -> None:
    """Noticed before anything is sent; then it goes up once, and is in no answer, frame, page,
    store or file; undo does not bring it back; the kernel gets it."""
    key = made(1)
    notebook(laptop, "work.ipynb", "# IonQ", DIGEST.format("token"))
    lab = open_lab(laptop)
    place = lab.notebook.locator(".jp-Notebook").bounding_box()
    paste(lab, 1, f'\ntoken = "{key}"')
    expect(notice(lab)).to_contain_text("API key of IonQ")
    expect(notice(lab)).to_contain_text("cell 1")
    assert lab.notebook.locator(".jp-Notebook").bounding_box() == place
    assert texts_with(key, [body for _, _, body in lab.sent]) == []
    assert serious(lab) == []

    press(lab, "Store it…")
    name = notice(lab).get_by_label("Name of the credential")
    expect(name).to_be_focused()
    expect(name).to_have_value("ionq")
    assert serious(lab) == []
    lab.page.keyboard.press("Enter")
    expect(notice(lab)).to_contain_text("Stored as ionq")
    expect(notice(lab)).to_contain_text("Undo begins anew there")
    assert stored(lab) == [{"value": key, "replace": False}]
    code = cell(lab, 1).locator(".cm-content")
    expect(code).to_contain_text('token = qcred.get("ionq").reveal()')
    expect(code).to_contain_text("import jupyter_qcred as qcred")
    lab.page.keyboard.press("Enter")
    expect(notice(lab)).to_have_count(0)

    code.click()
    lab.page.keyboard.press("Control+z")
    expect(code).to_contain_text('token = qcred.get("ionq").reveal()')
    lab.page.keyboard.press("Control+Shift+z")
    assert run(lab, 1) == ""
    assert hashlib.sha256(key.encode()).hexdigest() in run(lab, 2)
    lab.save()
    assert 'qcred.get(\\"ionq\\").reveal()' in (laptop.root / "work.ipynb").read_text()
    rest = [body for method, url, body in lab.sent if "/qcred/api/credentials/" not in url]
    assert texts_with(key, [*lab.told(), *rest, laptop.log()]) == []
    assert files_with(key, laptop.home) == []


def test_a_typed_key_can_be_ignored_until_the_page_is_loaded_again(
    laptop: JupyterServer, open_lab: OpenLab
) -> None:
    """By keyboard alone; nothing of it is kept in the browser, and later it is noticed anew."""
    key = made(2)
    notebook(laptop, "typed.ipynb")
    lab = open_lab(laptop, "typed.ipynb")
    cell(lab, 1).locator(".cm-content").click()
    lab.page.keyboard.type(f'IonQProvider("{key}")')
    expect(notice(lab)).to_be_visible()
    expect(cell(lab, 1).locator(".cm-content")).to_be_focused()
    lab.command("Go to the Key That Was Noticed")
    expect(notice(lab).get_by_role("button", name="cell 1")).to_be_focused()
    lab.page.keyboard.press("Tab")
    lab.page.keyboard.press("Tab")
    expect(notice(lab).get_by_role("button", name="Ignore")).to_be_focused()
    lab.page.keyboard.press("Enter")
    expect(notice(lab)).to_have_count(0)
    paste(lab, 1, f"  # {key}")
    other = made(3)
    paste(lab, 1, f'\nIonQProvider("{other}")')
    expect(notice(lab)).not_to_contain_text("more")
    press(lab, "Ignore")
    expect(notice(lab)).to_have_count(0)
    assert stored(lab) == []
    kept = lab.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert texts_with(key, [kept, *(body for _, _, body in lab.sent)]) == []
    lab.page.goto("about:blank")
    lab.open("typed.ipynb")
    paste(lab, 1, f'IonQProvider("{key}")')
    expect(notice(lab)).to_contain_text("API key of IonQ")


def test_a_name_that_is_taken_is_not_overwritten_unasked(
    laptop: JupyterServer, open_lab: OpenLab
) -> None:
    """The server's refusal is told where the question was; a second press replaces the key. With
    the notebook, the notice goes."""
    first, second = made(4), made(5)
    notebook(laptop, "taken.ipynb")
    lab = open_lab(laptop, "taken.ipynb")
    for key, presses in ((first, ["Store"]), (second, ["Store", "Replace the stored one"])):
        paste(lab, 1, f"\ntoken = '{key}'")
        press(lab, "Store it…")
        notice(lab).get_by_label("Name of the credential").fill("oqc")
        for button in presses:
            press(lab, button)
        expect(notice(lab)).to_contain_text("Stored as oqc")
        press(lab, "Close")
    assert [one["replace"] for one in stored(lab)] == [False, False, True]
    paste(lab, 1, f"\n# {first}")
    lab.page.keyboard.press("Control+a")
    lab.page.keyboard.insert_text(DIGEST.format('qcred.get("oqc").reveal()'))
    lab.page.keyboard.press("Control+Home")
    lab.page.keyboard.insert_text("import jupyter_qcred as qcred\n")
    assert hashlib.sha256(second.encode()).hexdigest() in run(lab, 1)
    paste(lab, 1, f"\n# another key of IonQ, in a comment: {made(10)}")
    expect(notice(lab)).to_be_visible()
    lab.page.locator("#jp-main-dock-panel .lm-mod-current .lm-TabBar-tabCloseIcon").click()
    lab.confirm("Discard")
    expect(lab.page.locator(".qcred-guard")).to_have_count(0)


def test_the_setting_turns_it_off(laptop: JupyterServer, open_lab: OpenLab) -> None:
    """At once, for what is noticed already as well."""
    notebook(laptop, "off.ipynb")
    lab = open_lab(laptop, "off.ipynb")
    paste(lab, 1, f'IonQProvider("{made(6)}")')
    expect(notice(lab)).to_be_visible()
    lab.command("Settings Editor")
    lab.page.locator(".jp-SettingsPanel, .jp-PluginList").first.wait_for()
    lab.page.locator(".jp-PluginList-entry", has_text="Quantum Credentials").click()
    box = lab.page.get_by_label("Notice keys in cells")
    expect(box).to_be_checked()
    box.uncheck()
    expect(notice(lab)).to_have_count(0)
    expect(lab.page.locator(".qcred-guard")).to_have_count(0)
    box.check()
    expect(lab.page.locator(".qcred-guard")).to_be_attached()


def test_where_no_key_can_be_stored_the_notice_says_what_to_do(
    server: JupyterServer, open_lab: OpenLab
) -> None:
    """A platform has the credential already: the cell uses that, and nothing is sent."""
    notebook(server, "platform.ipynb", "# ibm", DIGEST.format("token"))
    lab = open_lab(server, "platform.ipynb")
    expect(lab.status).to_contain_text("renewing")
    paste(lab, 1, f'\nQiskitRuntimeService(token="{made(7, 44)}")')
    expect(notice(lab)).to_contain_text("API key of IBM Cloud")
    expect(notice(lab).get_by_role("button", name="Store it…")).to_have_count(0)
    press(lab, f"Use {KEY} instead")
    expect(notice(lab)).to_contain_text(f"It is {KEY} now")
    press(lab, "Close")
    code = cell(lab, 1).locator(".cm-content")
    expect(code).to_contain_text(f'QiskitRuntimeService(token=qcred.get("{KEY}").reveal())')
    code.click()
    lab.page.keyboard.press("Control+a")
    lab.page.keyboard.insert_text(
        f'import jupyter_qcred as qcred\ntoken = qcred.get("{KEY}").reveal()'
    )
    assert run(lab, 1) == ""
    assert hashlib.sha256(CANARY.encode()).hexdigest() in run(lab, 2)
    paste(lab, 3, f'IonQProvider("{made(8)}")')
    expect(notice(lab)).to_contain_text("this server stores no keys from a browser")
    assert stored(lab) == []

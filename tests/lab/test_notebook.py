"""What a person sees of redaction, and the lines they need not type."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("playwright")

from lab.conftest import notebook, profiles
from lab.page import settle
from playwright.sync_api import expect
from support import deployment
from support.deployment import KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lab.page import Lab
    from support.jupyter import JupyterServer
    from support.openbao import OpenBao

    OpenLab = Callable[..., Lab]

FAULT = """
from pathlib import Path
import jupyter_qcred.server.save_check as check
look = check.redact_notebook
def redact_notebook(redactor, part):
    if Path("broken").exists():
        raise MemoryError
    return look(redactor, part)
check.redact_notebook = redact_notebook
"""
"""While there is a file of that name beside the notebooks, looking into them fails."""

FORM = "hvs.CAESIJ1kQ0mV7yWbX3rT9pLz2uNfHd8sKcE4aGxYoRtBvMqPGh4KHGh2cy5KbWlXc0ZtU2dQ"
"""A text in the form of a token, which nobody issued."""

SHOW = f"import jupyter_qcred as qcred\nprint(qcred.get('{KEY}').reveal())"


@pytest.fixture(scope="module")
def server(bao: OpenBao, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    made = deployment.server(bao, tmp_path_factory.mktemp("lab"), profiles())
    (made.config_dir / "jupyter_server_config.py").write_text(FAULT)
    settle(made)
    try:
        yield made.start()
    finally:
        made.close()


def saved(server: JupyterServer, path: str = "work.ipynb") -> str:
    return (server.root / path).read_text()


def test_what_was_redacted_is_listed_and_a_click_goes_there(
    server: JupyterServer, open_lab: OpenLab
) -> None:
    """By name and cell; where the file holds other code than the screen, it is said so."""
    rest = [f"print({number})" for number in range(30)]
    notebook(server, "work.ipynb", SHOW, f"token = '{FORM}'", *rest)
    lab = open_lab(server)
    lab.show_panel()
    lab.notebook.locator(".jp-Cell").first.locator(".cm-content").click()
    lab.page.keyboard.press("Shift+Enter")
    expect(lab.notebook.locator(".jp-OutputArea").first).to_contain_text(f"[redacted:{KEY}]")
    lab.save()
    found = lab.panel.get_by_role("region", name="Redacted in this notebook")
    expect(found.get_by_role("button", name="cell 1, output 1")).to_be_visible()
    expect(found).to_contain_text("Token of Vault or OpenBao")
    expect(found).to_contain_text("other code than the screen")
    lab.notebook.locator(".jp-WindowedPanel-outer").evaluate("it => it.scrollTo(0, 100000)")
    expect(lab.notebook.locator(".jp-Cell").first).not_to_be_in_viewport()
    found.get_by_role("button", name="cell 1, output 1").click()
    expect(lab.notebook.locator(".jp-Cell.jp-mod-active")).to_contain_text("reveal")
    expect(lab.notebook.locator(".jp-Cell.jp-mod-active")).to_be_in_viewport()


def test_a_text_that_is_no_secret_can_be_allowed_with_a_reason(
    server: JupyterServer, open_lab: OpenLab
) -> None:
    """It is in the file from the next save on."""
    notebook(server, "example.ipynb", SHOW, f"example = '{FORM}'")
    lab = open_lab(server, "example.ipynb")
    lab.show_panel()
    lab.run("1")
    lab.save()
    assert FORM not in saved(server, "example.ipynb")
    lab.panel.get_by_role("button", name="a secret…").click()
    lab.page.locator(".jp-Dialog input").fill("an example of the documentation")
    lab.confirm("Not a Secret")
    expect(lab.page.get_by_text("From the next save on it is left as it is.")).to_be_visible()
    lab.run("2")
    lab.save()
    assert FORM in saved(server, "example.ipynb")
    expect(lab.panel.get_by_text("Nothing, in the file as it was saved.")).to_be_visible()


def test_a_refused_save_offers_to_save_without_outputs(
    server: JupyterServer, open_lab: OpenLab
) -> None:
    """Why, and a way out, in one dialog; the notebook on the screen stays as it is."""
    notebook(server, "refused.ipynb")
    lab = open_lab(server, "refused.ipynb")
    lab.run(SHOW)
    before = saved(server, "refused.ipynb")
    (server.root / "broken").touch()
    try:
        lab.notebook.locator("[data-jp-item-name=save] jp-button").click()
        dialog = lab.page.locator(".jp-Dialog")
        expect(dialog).to_contain_text("refused.ipynb was not saved")
        expect(dialog).to_have_count(1)
        lab.confirm("Do Not Save")
        expect(dialog).to_have_count(0)
        assert saved(server, "refused.ipynb") == before
        lab.notebook.locator("[data-jp-item-name=save] jp-button").click()
        lab.confirm("Save Without Outputs")
        expect(lab.page.locator("#jp-main-dock-panel .jp-mod-dirty")).to_have_count(0)
    finally:
        (server.root / "broken").unlink()
    written = json.loads(saved(server, "refused.ipynb"))
    assert [cell.get("outputs") for cell in written["cells"]] == [[], []]
    assert "reveal" in "".join(written["cells"][0]["source"])
    assert "qcred" not in written["metadata"]
    expect(lab.notebook.locator(".jp-OutputArea").first).to_contain_text(f"[redacted:{KEY}]")


def test_a_command_writes_the_line_that_uses_a_credential(
    server: JupyterServer, open_lab: OpenLab
) -> None:
    """From the palette, for a credential that this kernel may ask for; then it runs."""
    notebook(server, "snippet.ipynb")
    lab = open_lab(server, "snippet.ipynb")
    expect(lab.status).to_contain_text("renewing")
    lab.command("Insert a Credential…")
    lab.page.locator(".jp-Dialog select").select_option(label=KEY)
    lab.confirm("Insert")
    cell = lab.notebook.locator(".jp-CodeCell").first
    expect(cell).to_contain_text("import jupyter_qcred as qcred")
    expect(cell).to_contain_text(f'cred = qcred.get("{KEY}")')
    lab.page.keyboard.press("Control+Enter")
    expect(cell.locator(".jp-InputArea-prompt")).to_have_text("[1]:")
    expect(cell.locator(".jp-OutputArea-output")).to_have_count(0)

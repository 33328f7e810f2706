"""The panel tells which files of the kernel's folder lead vendors' libraries elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

pytest.importorskip("playwright")

from lab.conftest import notebook
from lab.test_looks import serious
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.page import Lab
    from support.jupyter import JupyterServer

    OpenLab = Callable[..., Lab]

THEIRS = "hunter2-theirs"
HOSTILE = f"IONQ_API_KEY={THEIRS}\nIONQ_API_URL=https://evil.example/{THEIRS}\n"
SECTION = "In this kernel’s folder"  # noqa: RUF001 - as a page writes it


def test_a_file_that_leads_elsewhere_is_told_with_line_variable_and_what_to_do(
    server: JupyterServer, open_lab: OpenLab
) -> None:
    """What sends keys elsewhere stands first, without any value; a clean folder has no section."""
    (server.root / "cloned").mkdir()
    (server.root / "cloned" / ".env").write_text(HOSTILE)
    notebook(server, "cloned/work.ipynb")
    notebook(server, "clean.ipynb")
    lab = open_lab(server, "cloned/work.ipynb")
    lab.show_panel()
    found = lab.panel.get_by_role("region", name=SECTION)
    expect(found.locator("[data-code]")).to_have_count(2)
    first, second = found.locator("[data-code]").all()
    expect(first).to_have_attribute("data-code", "redirected")
    expect(first).to_contain_text(".env, line 2")
    expect(first).to_contain_text("IONQ_API_URL leads qiskit-ionq to evil.example.")
    expect(first).to_contain_text("Clients of `qcred.client` send no key there. Remove it")
    expect(second).to_contain_text(".env, line 1")
    expect(second).to_contain_text("IONQ_API_KEY gives qiskit-ionq another account.")
    assert serious(lab) == []
    lab.open("clean.ipynb")
    lab.show_panel()
    expect(lab.panel.get_by_role("region", name="This kernel")).to_be_visible()
    expect(found).to_have_count(0)
    assert [text for text in lab.seen if THEIRS in text] == []

"""What only somebody else can mend: the panel says who, and has the next step in place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("playwright")

from lab.conftest import notebook, profiles
from lab.page import settle
from lab.test_looks import serious
from playwright.sync_api import expect
from support import deployment
from support.deployment import KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lab.page import Lab
    from playwright.sync_api import Locator
    from support.jupyter import JupyterServer
    from support.openbao import OpenBao

    OpenLab = Callable[..., Lab]

ASKED = "ion-traps"
"""Somebody has to approve of it."""
REFUSED = "annealer"
"""The issuer's policy does not let this user have it."""

EXTRA: dict[str, Any] = {
    ASKED: {"vendor": "ionq", "source": f"kv2:qcred/{KEY}"},
    REFUSED: {"vendor": "dwave", "source": "kv2:elsewhere/annealer"},
}

APPROVAL = f"""
from pathlib import Path
from jupyter_qcred.core.errors import PendingApprovalError
from jupyter_qcred.issue.vault.issuer import VaultIssuer
issue = VaultIssuer.issue
def approved(self, token, profile):
    if profile.name == "{ASKED}" and not Path("approved").exists():
        raise PendingApprovalError("Nobody has approved of {ASKED} yet", credential="{ASKED}")
    return issue(self, token, profile)
VaultIssuer.issue = approved
"""
"""Until there is a file of that name beside the notebooks, one credential waits for approval."""


@pytest.fixture(scope="module")
def server(bao: OpenBao, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    made = deployment.server(bao, tmp_path_factory.mktemp("states"), profiles() | EXTRA)
    (made.config_dir / "jupyter_server_config.py").write_text(APPROVAL)
    settle(made)
    try:
        yield made.start()
    finally:
        made.close()


def notice(lab: Lab, code: str) -> Locator:
    return lab.panel.locator(f"[data-code={code}]")


def test_what_is_not_permitted_names_the_credential_and_copies_a_request(
    server: JupyterServer, open_lab: OpenLab
) -> None:
    """One click: the text says who needs what, and what the server said."""
    (server.root / "approved").touch()
    notebook(server)
    lab = open_lab(server)
    expect(lab.status).to_have_text(f"{REFUSED}: not permitted")
    expect(lab.status).to_have_class(re.compile("qcred-error"))
    lab.show_panel()
    told = notice(lab, "not_entitled")
    expect(told).to_contain_text(f"{REFUSED}: not permitted")
    expect(told).to_contain_text("Ask your operator")
    assert serious(lab) == []
    lab.context.grant_permissions(["clipboard-read"])
    told.get_by_role("button", name=f"{REFUSED}: Copy a Request").click()
    expect(lab.page.get_by_text("Send it to whoever runs this server.")).to_be_visible()
    copied = lab.page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"Please give me access to {REFUSED} in Jupyter.")
    assert "Notebook: work.ipynb" in copied
    assert "(not_entitled)" in copied


def test_an_approval_is_waited_for_without_alarm_and_asked_for_again(
    server: JupyterServer, open_lab: OpenLab
) -> None:
    """ "Check again" says that it still waits; once it is approved, the kernel has it."""
    (server.root / "approved").unlink(missing_ok=True)
    notebook(server, "waits.ipynb", qcred={"requires": [KEY, ASKED]})
    lab = open_lab(server, "waits.ipynb")
    expect(lab.status).to_have_text(f"{ASKED}: waits for approval")
    expect(lab.status).to_have_class(re.compile("qcred-warning"))
    lab.show_panel()
    told = notice(lab, "pending_approval")
    expect(told).to_contain_text(f"Nobody has approved of {ASKED} yet")
    assert serious(lab) == []
    told.get_by_role("button", name=f"{ASKED}: Check Again").click()
    expect(lab.page.locator(".Toastify__toast")).to_contain_text("Nobody has approved")
    expect(told).to_be_visible()
    (server.root / "approved").touch()
    told.get_by_role("button", name=f"{ASKED}: Check Again").click()
    expect(lab.page.get_by_text(f"The kernel has {ASKED} now.")).to_be_visible()
    expect(told).to_have_count(0)
    expect(lab.lease(ASKED)).to_be_visible()
    expect(lab.status).to_have_class(re.compile("qcred-calm"))

"""A login is needed: a person presses the button, logs in in the window, and all is calm."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("playwright")

from lab.conftest import notebook, profiles
from lab.page import settle
from lab.test_leases import USE
from lab.test_looks import serious
from playwright.sync_api import expect
from support.deployment import KEY
from support.leases import provide_once
from support.provider import Provider, by_person, let_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lab.page import Lab
    from support.jupyter import JupyterServer
    from support.openbao import OpenBao

    MakeServer = Callable[..., JupyterServer]
    OpenLab = Callable[..., Lab]

BACK = "http://127.0.0.1/qcred/oidc/callback"


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as made:
        made.manner = "form"
        yield made


def person_server(make_server: MakeServer, bao: OpenBao, provider: Provider) -> JupyterServer:
    """A server at which somebody has to log in, by the provider's page."""
    provide_once(bao)
    let_in(bao, provider, BACK)
    server = make_server(bao, start=False, profiles=profiles())
    by_person(server, bao)
    settle(server)
    notebook(server)
    return server.start()


def test_a_person_logs_in_from_the_panel(
    make_server: MakeServer, fresh_openbao: OpenBao, open_lab: OpenLab, provider: Provider
) -> None:
    """Refused in red, with the button; the window logs in and closes, and a cell has its key."""
    lab = open_lab(person_server(make_server, fresh_openbao, provider))
    expect(lab.status).to_contain_text("needs a login")
    expect(lab.status).to_have_class(re.compile("qcred-error"))
    assert "NeedsLoginError" in lab.run(USE.format(KEY))
    lab.show_panel()
    needed = lab.panel.get_by_role("alert").filter(has_text="A login is needed")
    expect(needed).to_be_visible()
    assert serious(lab) == []
    with lab.page.expect_popup() as opening:
        needed.get_by_role("button", name="Log in…").click()
    window = opening.value
    expect(window.get_by_role("heading", name="Log in")).to_be_visible()
    assert window.evaluate("window.opener") is None
    expect(needed).to_contain_text("Its page is open in another window")
    with window.expect_event("close"):
        window.get_by_role("button", name="Log in").click()
    expect(needed).to_have_count(0)
    expect(lab.page.get_by_text("You are logged in. What waits gets its")).to_be_visible()
    expect(lab.lease(KEY)).to_be_visible()
    expect(lab.page.locator(".qcred-status-login")).to_have_count(0)
    expect(lab.status).to_have_class(re.compile("qcred-calm"))
    assert "held True" in lab.run(USE.format(KEY))
    secrets = [*provider.codes, *provider.states, *provider.tokens, *provider.nonces]
    kept = lab.page.evaluate("() => JSON.stringify([localStorage, sessionStorage])")
    assert [one for one in secrets if one in kept + lab.page.content()] == []


def test_a_refusal_stays_to_be_read_and_the_button_too(
    make_server: MakeServer, fresh_openbao: OpenBao, open_lab: OpenLab, provider: Provider
) -> None:
    """The window says why, so does the panel, and the command begins again."""
    lab = open_lab(person_server(make_server, fresh_openbao, provider))
    provider.manner = "refuse"
    lab.show_panel()
    with lab.page.expect_popup() as opening:
        lab.page.locator(".qcred-status-login").click()
    window = opening.value
    expect(window.get_by_role("heading", name="Not logged in")).to_be_visible()
    expect(window.locator("main")).to_contain_text("did not let you in")
    assert re.search(r"/qcred/oidc/result/[0-9a-f]+$", window.url)
    needed = lab.panel.get_by_role("alert").filter(has_text="A login is needed")
    expect(needed).to_contain_text("did not let you in")
    provider.manner = "at once"
    with lab.page.expect_popup() as opening:
        lab.command("Log in at the Issuer")
    expect(needed).to_have_count(0)
    expect(lab.page.locator(".qcred-status-login")).to_have_count(0)

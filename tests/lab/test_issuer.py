"""When the issuer is away, and when a credential nears its end: what a person sees."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("playwright")

from lab.conftest import notebook, profiles
from lab.page import settle
from lab.test_leases import USE
from playwright.sync_api import expect
from support.deployment import LIVE, PROFILES
from support.leases import ONCE, provide_once

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.page import Lab
    from support.jupyter import JupyterServer
    from support.openbao import OpenBao

    MakeServer = Callable[..., JupyterServer]
    OpenLab = Callable[..., Lab]

TWENTY = PROFILES[LIVE]["source"] | {"parameters": {"ttl": "20s"}}


def test_an_issuer_that_is_away_and_comes_back(
    make_server: MakeServer, fresh_openbao: OpenBao, open_lab: OpenLab
) -> None:
    """Red, with the cause and the next attempt; a warning before what is held ends; calm again."""
    provide_once(fresh_openbao)
    server = make_server(fresh_openbao, start=False, profiles=profiles(source=TWENTY))
    settle(server)
    server.start()
    notebook(server)
    lab = open_lab(server)
    assert "held True" in lab.run(USE.format(LIVE))
    expect(lab.status).to_have_class(re.compile("qcred-calm"))
    fresh_openbao.stop()
    expect(lab.status).to_have_class(re.compile("qcred-error"))
    expect(lab.status).to_contain_text("Issuer unavailable")
    expect(lab.status).to_have_attribute("title", re.compile("What this kernel holds works until"))
    lab.show_panel()
    expect(lab.panel.get_by_role("alert")).to_contain_text("Asked again")
    late = lab.panel.locator(".qcred-late")
    expect(late.first).to_be_visible()
    fresh_openbao.start()
    expect(lab.panel.get_by_role("alert")).to_have_count(0)
    expect(lab.panel).to_contain_text("Issuer answers")
    expect(lab.status).to_have_class(re.compile("qcred-(calm|idle)"))


def test_what_is_owed_to_a_sealed_issuer_is_shown(
    make_server: MakeServer, fresh_openbao: OpenBao, open_lab: OpenLab
) -> None:
    """A revocation that nobody confirmed is called outstanding, and goes when it is confirmed."""
    provide_once(fresh_openbao)
    server = make_server(fresh_openbao, start=False, profiles=profiles())
    settle(server)
    server.start()
    notebook(server)
    lab = open_lab(server)
    assert "held True" in lab.run(USE.format(ONCE))
    lab.show_panel()
    fresh_openbao.seal()
    lab.lease(ONCE).get_by_role("button", name=f"Revoke {ONCE}").click()
    lab.confirm("Revoke")
    expect(lab.page.get_by_text("The issuer has not confirmed yet")).to_be_visible()
    debts = lab.panel.get_by_role("region", name="Outstanding revocations")
    expect(debts).to_contain_text(ONCE)
    expect(debts).to_contain_text("dead by")
    fresh_openbao.unseal()
    expect(debts).to_have_count(0)

"""Another extension, which uses our leases by their token: the one of the documentation."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("playwright")

from lab.conftest import notebook, profiles
from lab.page import settle
from lab.test_leases import USE
from playwright.sync_api import expect
from support.deployment import KEY, LIVE
from support.leases import ONCE, live_leases
from support.openbao import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.page import Lab
    from support.jupyter import JupyterServer
    from support.openbao import OpenBao

    MakeServer = Callable[..., JupyterServer]
    OpenLab = Callable[..., Lab]

EXAMPLE = Path(__file__).parents[2] / "docs" / "how-to" / "examples" / "lease-badge"


def test_another_extension_sees_leases_and_takes_one_back(
    bao: OpenBao, make_server: MakeServer, open_lab: OpenLab
) -> None:
    """By names and times: what it can reach of the model holds no value, nor does its page."""
    exposed = ("--LabApp.expose_app_in_browser=True",)
    server = make_server(bao, start=False, profiles=profiles(), args=exposed)
    shutil.copytree(EXAMPLE, server.home / "data" / "labextensions" / EXAMPLE.name)
    settle(server)
    notebook(server)
    lab = open_lab(server.start())
    badge = lab.page.locator("#lease-badge")
    assert "held True" in lab.run(USE.format(ONCE))
    for name in (KEY, LIVE, ONCE):
        expect(badge).to_contain_text(name)
    assert live_leases(bao)
    lab.page.evaluate(
        "name => window.jupyterapp.commands.execute('lease-badge:take-back', {credential: name})",
        ONCE,
    )
    expect(badge).not_to_contain_text(ONCE)
    expect(badge).to_contain_text(LIVE)
    wait_until("the issuer has ended it", lambda: not live_leases(bao), 60)

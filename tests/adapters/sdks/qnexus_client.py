"""qnexus: its one client takes the access token that is current, and writes none to disk."""

from __future__ import annotations

from pathlib import Path

import pytest
import qnexus.client
from qnexus.config import CONFIG

import jupyter_qcred as qcred
from jupyter_qcred.testing.rotations import outlives_rotations
from jupyter_qcred.testing.vendor import Vendor

VALUES = [f"eyJ0eXAi.value-{number}.c2lnbmF0dXJl" for number in range(4)]


def presented(headers):
    """The cookie ``myqos_id``, where it comes alone."""
    name, _, token = headers.get("Cookie", "").partition("=")
    return token if name == "myqos_id" else ""


def test_one_client_outlives_rotations(kernel, monkeypatch):
    """Without a file below the home."""
    with Vendor(presented, lambda *_: {"data": {"attributes": {"display_name": "A"}}}) as vendor:
        public = {"url": vendor.url}

        def work(module):
            response = qnexus.client.get_nexus_client().get("/api/users/v1beta2/me")
            response.raise_for_status()
            assert module is qnexus

        outlives_rotations(
            kernel, vendor, "quantinuum",
            lambda value: kernel.deliver("quantinuum", {"token": value}, public=public),
            VALUES, lambda: qcred.client("quantinuum"), work,
        )  # fmt: skip
    assert not (Path.home() / ".qnx").exists()


def test_another_host_gets_nothing(kernel):
    """Where something has changed where qnexus sends its requests."""
    with Vendor(presented, lambda *_: {}) as vendor:
        kernel.deliver("quantinuum", {"token": VALUES[0]})
        qcred.client("quantinuum")
        client = qnexus.client.get_nexus_client()
        assert client.base_url == "https://nexus.quantinuum.com:443"
        with pytest.raises(qcred.QcredError, match="another host"):
            client.get(f"{vendor.url}/api/users/v1beta2/me")
        assert vendor.calls == []


def test_certificates_are_looked_at_whatever_a_folder_says(kernel, monkeypatch):
    """Its own settings can turn that off, also by a variable."""
    monkeypatch.setattr(CONFIG, "httpx_verify", False)
    kernel.deliver("quantinuum", {"token": VALUES[0]})
    qcred.client("quantinuum")
    assert CONFIG.httpx_verify is True

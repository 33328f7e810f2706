"""iqm-client: each request takes the token that is current."""

from __future__ import annotations

import jupyter_qcred as qcred
from jupyter_qcred.testing.rotations import outlives_rotations
from jupyter_qcred.testing.vendor import Vendor, bearer

VALUES = [f"eyJ0eXAi.value-{number}.c2lnbmF0dXJl" for number in range(4)]
COMPUTERS = {
    "quantum_computers": [
        {"id": "0197c2a4-0000-7000-8000-000000000000", "alias": "garnet", "display_name": "Garnet"}
    ]
}


def answer(method, path, body):
    """The computers, or the health of one."""
    return COMPUTERS if path.endswith("quantum-computers") else {"healthy": True}


def test_one_client_outlives_rotations(kernel, monkeypatch):
    """And leaves the token of somebody else in the environment alone."""
    monkeypatch.setenv("IQM_TOKEN", "somebody-else")
    monkeypatch.setenv("IQM_SERVER_URL", "https://evil.example")
    monkeypatch.setenv("IQM_QUANTUM_COMPUTER", "somebody-else-s")
    with Vendor(bearer, answer) as vendor:
        client = outlives_rotations(
            kernel, vendor, "iqm",
            lambda value: kernel.deliver("iqm", {"token": value}, public={"url": vendor.url}),
            VALUES, lambda: qcred.client("iqm"), lambda client: client.get_health(),
        )  # fmt: skip
        assert not set(VALUES) & set(map(str, client.serialize().values()))

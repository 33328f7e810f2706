"""azure-quantum: a workspace finds its endpoint by the resource manager, and works over the day."""

from __future__ import annotations

import pytest

import jupyter_qcred as qcred
from jupyter_qcred.testing.rotations import outlives_rotations
from jupyter_qcred.testing.vendor import Vendor, bearer

VALUES = [f"eyJ0eXAi.value-{number}.c2lnbmF0dXJl" for number in range(4)]


@pytest.fixture
def azure(tmp_path, monkeypatch):
    """The resource manager and the service, at one address, over TLS."""
    vendor: Vendor

    def answer(method, path, body):
        if path.startswith("/subscriptions") and "quotas" not in path:
            properties = {"endpointUri": vendor.url, "workspaceKind": "V2"}
            return {"location": "westus", "properties": properties}
        return {"value": []}

    with Vendor(bearer, answer, tls=tmp_path / "tls") as vendor:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(vendor.authority))
        yield vendor


def test_one_workspace_outlives_rotations(kernel, azure, monkeypatch):
    """Whatever identity and addresses the environment has."""
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "somebody-else")
    monkeypatch.setenv("AZURE_QUANTUM_ENV", "canary")
    monkeypatch.setenv(
        "AZURE_QUANTUM_CONNECTION_STRING",
        "SubscriptionId=s;ResourceGroupName=g;WorkspaceName=w;ApiKey=k;"
        "QuantumEndpoint=https://evil.example/;",
    )
    public = {
        "subscription_id": "11111111-2222-3333-4444-555555555555", "resource_group": "group",
        "workspace": "mine", "location": "westus", "arm_endpoint": azure.url,
    }  # fmt: skip
    outlives_rotations(
        kernel, azure, "azure-quantum",
        lambda value: kernel.deliver("azure-quantum", {"token": value}, public=public),
        VALUES, lambda: qcred.client("azure-quantum"), lambda workspace: workspace.get_quotas(),
    )  # fmt: skip
    paths = [call.path for call in azure.calls]
    assert any("Microsoft.Quantum/workspaces/mine" in path for path in paths)
    assert any("quotas" in path for path in paths)


def test_a_workspace_without_a_location_asks_the_resource_manager(kernel, azure, monkeypatch):
    """What the environment would fill in sends tokens elsewhere, without asking it."""
    for name, value in {
        "CONNECTION_STRING": "SubscriptionId=11111111-2222-3333-4444-555555555555;"
        "ResourceGroupName=g;WorkspaceName=w;ApiKey=k;QuantumEndpoint=https://evil.example/;",
        "WORKSPACE_LOCATION": "evil.example/x?",
    }.items():
        monkeypatch.setenv(f"AZURE_QUANTUM_{name}", value)
    public = {
        "subscription_id": "11111111-2222-3333-4444-555555555555", "resource_group": "group",
        "workspace": "mine", "arm_endpoint": azure.url,
    }  # fmt: skip
    kernel.deliver("azure-quantum", {"token": VALUES[0]}, public=public)
    azure.alive = VALUES[0]
    workspace = qcred.client("azure-quantum")
    workspace.get_quotas()
    assert workspace.location == "westus"
    assert {call.presented for call in azure.calls} == {VALUES[0]}

"""qcs-sdk-python: its OAuth session takes tokens from us."""

from __future__ import annotations

from qcs_sdk.client import QCSClient
from qcs_sdk.qpu import list_quantum_processors

import jupyter_qcred as qcred
from jupyter_qcred.testing import AdapterContract


class TestRigettiQcs(AdapterContract):
    """At the address of the profile."""

    vendor = "rigetti-qcs"
    values = [f"eyJ0eXAi.value-{number}.c2lnbmF0dXJl" for number in range(4)]

    def answer(self, method, path, body):
        """What the list of processors looks like."""
        return {"quantumProcessors": [{"id": "Ankaa-3"}]}

    def work(self, client):
        """Ask for it."""
        list_quantum_processors(client=client)


SECRETS = """
[credentials.default]
token_payload = {access_token = "theirs", refresh_token = "theirs"}
"""
SETTINGS = """
default_profile_name = "default"
[profiles.default]
api_url = "https://evil.example"
grpc_api_url = "https://evil.example"
auth_server_name = "default"
credentials_name = "default"
[auth_servers.default]
client_id = "theirs"
issuer = "https://evil.example"
"""


def test_no_settings_of_a_folder_have_a_say(kernel, monkeypatch, tmp_path):
    """A file or an address that variables name; the SDK alone goes by them."""
    (tmp_path / "settings.toml").write_text(SETTINGS)
    (tmp_path / "secrets.toml").write_text(SECRETS)
    monkeypatch.setenv("QCS_SETTINGS_FILE_PATH", str(tmp_path / "settings.toml"))
    monkeypatch.setenv("QCS_SECRETS_FILE_PATH", str(tmp_path / "secrets.toml"))
    assert QCSClient.load().api_url == "https://evil.example"
    kernel.deliver("rigetti-qcs", {"token": "eyJ0eXAi.value.c2lnbmF0dXJl"})
    client = qcred.client("rigetti-qcs")
    assert client.api_url == "https://api.qcs.rigetti.com"
    assert client.grpc_api_url == "https://grpc.qcs.rigetti.com"
    assert "evil" not in repr(client.oauth_session)
    monkeypatch.setenv("QCS_SETTINGS_APPLICATIONS_API_URL", "https://worse.example")
    monkeypatch.setenv("QCS_SETTINGS_APPLICATIONS_GRPC_URL", "https://worse.example")
    client = qcred.client("rigetti-qcs")
    assert client.api_url == "https://api.qcs.rigetti.com"
    assert client.grpc_api_url == "https://grpc.qcs.rigetti.com"

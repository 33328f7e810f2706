"""amazon-braket-sdk: a session, its copies for other regions, and the devices made with it."""

from __future__ import annotations

import pytest
from braket.aws import AwsSession

import jupyter_qcred as qcred
from jupyter_qcred.testing.rotations import outlives_rotations
from jupyter_qcred.testing.vendor import Vendor, aws_token

VALUES = [f"session-token-{number}-0123456789abcdef" for number in range(4)]
TASK = {
    "createdAt": "2026-01-01T00:00:00Z", "deviceArn": "arn:aws:braket:::device/q/s",
    "deviceParameters": "{}", "outputS3Bucket": "b", "outputS3Directory": "d",
    "quantumTaskArn": "arn:aws:braket:us-west-2:1:quantum-task/t", "shots": 1, "status": "RUNNING",
}  # fmt: skip


@pytest.fixture
def braket():
    """Tells about a task to whom signs with a live token."""
    with Vendor(aws_token, lambda *_: TASK) as vendor:
        yield vendor


def delivering(kernel, vendor):
    """A profile that names the service's address."""

    def deliver(value):
        fields = {
            "secret_key": f"secret-of-{value}",
            "access_key": "ASIA" + value[-16:],
            "session_token": value,
        }
        public = {"region": "us-west-2", "endpoint": vendor.url, "bucket": "amazon-braket-b"}
        kernel.deliver("amazon-braket", fields, public=public, expires_in=900.0)

    return deliver


@pytest.mark.parametrize("region", [None, "us-west-2", "eu-west-2"])
def test_one_session_and_its_copies_outlive_rotations(kernel, braket, monkeypatch, region):
    """A copy has our identity too, while another one lies in the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIASOMEBODYELSE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "somebody-else")
    monkeypatch.setenv("BRAKET_ENDPOINT", "https://evil.example")

    def make():
        session = qcred.client("amazon-braket")
        assert isinstance(session, AwsSession)
        copy = session if region is None else session.copy_session(region, max_connections=7)
        assert copy.region == (region or "us-west-2")
        assert copy.default_bucket() == "amazon-braket-b"
        return copy

    outlives_rotations(
        kernel, braket, "amazon-braket", delivering(kernel, braket), VALUES, make,
        lambda session: session.get_quantum_task(TASK["quantumTaskArn"]), talkative="botocore",
    )  # fmt: skip


def test_results_go_to_no_bucket_that_a_folder_names(kernel, braket, monkeypatch):
    """Without one in the profile it is the SDK's own default for the account."""
    monkeypatch.setenv("AMZN_BRAKET_OUT_S3_BUCKET", "a-stranger-s")
    fields = {"secret_key": "s", "access_key": "ASIA" + VALUES[0][-16:], "session_token": VALUES[0]}
    kernel.deliver("amazon-braket", fields, public={"region": "us-west-2"})
    session = qcred.client("amazon-braket")
    assert session._default_bucket is None
    assert AwsSession(session.boto_session)._default_bucket == "a-stranger-s"


def test_a_library_that_names_itself_moves_no_client(kernel, braket, monkeypatch):
    """The SDK makes its client anew for that, at the address in a variable."""
    monkeypatch.setenv("BRAKET_ENDPOINT", "https://evil.example")
    delivering(kernel, braket)(VALUES[0])
    braket.alive = VALUES[0]
    session = qcred.client("amazon-braket")
    for _ in range(2):
        session.add_braket_user_agent("a-library/1.0")
    assert session.get_quantum_task(TASK["quantumTaskArn"])["status"] == "RUNNING"
    assert session.braket_client.meta.endpoint_url == braket.url
    agents = session.braket_client._client_config.user_agent_extra
    assert agents.count("a-library/1.0") == 1
    assert session.copy_session("eu-west-2")._braket_user_agents.count("a-library/1.0") == 1

"""boto3: every request is signed with what is current, by our credential or not at all."""

from __future__ import annotations

import sys
from pathlib import Path

import boto3
import botocore.exceptions
import pytest
from botocore.config import Config

import jupyter_qcred as qcred
from jupyter_qcred.testing.rotations import outlives_rotations
from jupyter_qcred.testing.vendor import Vendor, aws_token

VALUES = [f"session-token-{number}-0123456789abcdef" for number in range(4)]
IDENTITY = b"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<GetCallerIdentityResult><Arn>arn:aws:sts::1:assumed-role/q/k</Arn><UserId>u</UserId>
<Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"""

KEYS = "[default]\naws_access_key_id = AKIAANOTHER\naws_secret_access_key = another\n"


@pytest.fixture
def sts():
    """Says who it is to whom signs with a live token."""
    with Vendor(aws_token, lambda *_: IDENTITY) as vendor:
        yield vendor


def delivering(kernel, left=900.0):
    """As Vault's engine ``aws`` has it: 15 minutes, with all three parts changed each time."""

    def deliver(value):
        fields = {
            "secret_key": f"secret-of-{value}",
            "access_key": "ASIA" + value[-16:],
            "security_token": value,
        }
        kernel.deliver("amazon-braket", fields, public={"region": "us-west-2"}, expires_in=left)

    return deliver


@pytest.mark.parametrize("left", [900.0, 43200.0, None, 5.0])
def test_one_client_outlives_rotations(kernel, sts, left):
    """Whatever time is left, with botocore's windows of 10 and 15 minutes in mind."""
    outlives_rotations(
        kernel, sts, "amazon-braket", delivering(kernel, left), VALUES,
        lambda: qcred.credential("amazon-braket").client("sts", endpoint_url=sts.url),
        lambda client: client.get_caller_identity(), talkative="botocore",
    )  # fmt: skip


def test_no_other_identity_is_ever_taken(kernel, sts, monkeypatch, tmp_path):
    """Neither the environment nor a file in the home stands in for a lease that has ended."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIASOMEBODYELSE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "somebody-else")
    (tmp_path / "credentials").write_text(KEYS)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    delivering(kernel)(VALUES[0])
    session = qcred.credential("amazon-braket")
    assert session.get_credentials().get_frozen_credentials().token == VALUES[0]
    kernel.end("amazon-braket")
    client = session.client("sts", endpoint_url=sts.url)
    with pytest.raises(qcred.LeaseExpiredError):
        client.get_caller_identity()
    assert sts.calls == []


@pytest.mark.parametrize("region", [None, "eu-west-2"])
def test_nobody_else_is_even_asked(kernel, sts, monkeypatch, tmp_path, region):
    """No file of keys is opened, no program run, no metadata service asked: all lie in wait here.

    Nor does a profile that is not there get in the way.
    """
    files = Path.home() / ".aws"
    files.mkdir(exist_ok=True)
    ran, opened = tmp_path / "ran", []
    (files / "credentials").write_text(KEYS)
    (files / "config").write_text(f"[default]\ncredential_process = touch {ran}\n")
    sys.addaudithook(lambda event, args: event == "open" and opened.append(str(args[0])))
    with Vendor(lambda headers: "anybody", lambda *_: {}) as elsewhere:
        elsewhere.accepts = lambda shown: True
        for name, value in {
            "AWS_ACCESS_KEY_ID": "AKIASOMEBODYELSE",
            "AWS_SECRET_ACCESS_KEY": "somebody-else",
            "AWS_SESSION_TOKEN": "somebody-else",
            "AWS_PROFILE": "not-there",
            "AWS_ROLE_ARN": "arn:aws:iam::1:role/x",
            "AWS_WEB_IDENTITY_TOKEN_FILE": str(files / "token"),
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{elsewhere.url}/container",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": elsewhere.url,
        }.items():
            monkeypatch.setenv(name, value)
        delivering(kernel)(VALUES[0])
        sts.alive = VALUES[0]
        session = qcred.credential("amazon-braket")
        client = session.client("sts", endpoint_url=sts.url, region_name=region)
        assert client.get_caller_identity()["Account"] == "123456789012"
        kernel.end("amazon-braket")
        with pytest.raises(qcred.LeaseExpiredError):
            client.get_caller_identity()
        assert elsewhere.calls == []
    assert {call.presented for call in sts.calls} == {VALUES[0]}
    assert opened
    assert not [file for file in opened if file.startswith((str(files / "cred"), str(files / "t")))]
    assert not ran.exists()


def test_addresses_of_the_folder_are_not_followed(kernel, monkeypatch):
    """What a stranger's file put into the environment gets no session token."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://evil.example")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "https://evil.example")
    delivering(kernel)(VALUES[0])
    session = qcred.credential("amazon-braket")
    assert session.client("sts").meta.endpoint_url == "https://sts.us-west-2.amazonaws.com"
    plain = boto3.Session(region_name="us-west-2").client("sts", config=Config())
    assert plain.meta.endpoint_url == "https://evil.example"


def test_parts_that_are_missing_are_named(kernel):
    """A key without its id is no credential, and the message says what to store."""
    kernel.deliver("amazon-braket", {"secret_key": "only-the-secret"})
    session = qcred.credential("amazon-braket")
    with pytest.raises(qcred.QcredError, match=r"access_key.*qcred put amazon-braket") as caught:
        session.client("sts", region_name="us-east-1").get_caller_identity()
    assert not isinstance(caught.value, botocore.exceptions.BotoCoreError)
    assert "only-the-secret" not in str(caught.value)

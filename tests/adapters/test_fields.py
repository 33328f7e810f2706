"""The fields of a credential, as an adapter reads them."""

from __future__ import annotations

import pytest

import jupyter_qcred as qcred
from jupyter_qcred.kernel.adapters.fields import first, needed
from jupyter_qcred.testing.held import HeldKernel


@pytest.fixture
def credential():
    """A key of two parts, one of them the credential itself, and a region."""
    values = {"access_key": "the-id", "secret_key": "the-key", "session_token": ""}
    kernel = HeldKernel()
    return kernel.deliver("acme", values, main="secret_key", public={"region": "us-west-2"})


def test_all_fields_come_from_one_delivery(credential):
    """With the one that is the credential under the empty name as well."""
    assert credential.reveal_all() == {
        "access_key": "the-id",
        "secret_key": "the-key",
        "session_token": "",
        "region": "us-west-2",
        "": "the-key",
    }


def test_the_first_field_that_is_there_is_taken(credential):
    """An empty one is none."""
    fields = credential.reveal_all()
    assert first(fields, "access_key_id", "access_key") == "the-id"
    assert first(fields, "session_token", "security_token") == ""
    assert needed(credential, fields, "session_token", "") == "the-key"


def test_a_field_that_is_missing_is_named_without_the_others(credential):
    """And how to store it."""
    with pytest.raises(qcred.QcredError, match=r"acme has no field 'project'.*put acme") as caught:
        needed(credential, credential.reveal_all(), "project", "project_id")
    assert "the-" not in str(caught.value)


def test_an_ended_lease_reveals_nothing(credential):
    """No field is left of it."""
    credential._Credential__client.end("acme")
    with pytest.raises(qcred.LeaseExpiredError, match="revoked"):
        credential.reveal_all()

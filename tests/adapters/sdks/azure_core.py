"""azure-core: its own policy asks our credential before each request."""

from __future__ import annotations

import time

import pytest
from azure.core import PipelineClient
from azure.core.pipeline.policies import BearerTokenCredentialPolicy, RetryPolicy
from azure.core.rest import HttpRequest

import jupyter_qcred as qcred
from jupyter_qcred.testing.rotations import outlives_rotations
from jupyter_qcred.testing.vendor import Vendor, bearer

VALUES = [f"eyJ0eXAi.value-{number}.c2lnbmF0dXJl" for number in range(4)]
SCOPE = "https://quantum.microsoft.com/.default"


class Old:
    """A credential as clients see it that know ``get_token`` alone."""

    def __init__(self, credential):
        self._credential = credential

    def get_token(self, *scopes, **options):
        return self._credential.get_token(*scopes, **options)


@pytest.mark.parametrize("wrap", [lambda same: same, Old], ids=["get_token_info", "get_token"])
@pytest.mark.parametrize("left", [3600.0, 86400.0, 20.0])
def test_one_client_outlives_rotations(kernel, wrap, left):
    """The policy keeps a token that has more than five minutes left: ours is never kept."""
    with Vendor(bearer, lambda *_: {"ok": True}) as vendor:

        def make():
            credential = wrap(qcred.credential("azure-quantum"))
            policies = [BearerTokenCredentialPolicy(credential, SCOPE), RetryPolicy(retry_total=0)]
            return PipelineClient(vendor.url, policies=policies)

        def work(client):
            # azure-core sends no token over plain HTTP, unless told that it may.
            request = HttpRequest("GET", f"{vendor.url}/jobs")
            client.send_request(request, enforce_https=False).raise_for_status()

        outlives_rotations(
            kernel, vendor, "azure-quantum",
            lambda value: kernel.deliver("azure-quantum", {"token": value}, expires_in=left),
            VALUES, make, work,
        )  # fmt: skip


def test_the_end_that_is_told_is_not_after_the_lease_s(kernel):
    """Nobody goes on with a token that has died, who trusts in what we say."""
    kernel.deliver("azure-quantum", {"token": VALUES[0]}, expires_in=100.0)
    credential = qcred.credential("azure-quantum")
    with credential:
        assert credential.get_token(SCOPE).expires_on <= time.time() + 100
        assert credential.get_token_info(SCOPE, options={}).expires_on <= time.time() + 100


def test_the_resource_manager_gets_its_own_token(kernel):
    """A token is for one audience: another credential may serve the other."""
    kernel.deliver("azure-quantum", {"token": "q"}, public={"arm_credential": "azure-arm"})
    kernel.deliver("azure-quantum", {"token": "arm"}, name="azure-arm")
    credential = qcred.credential("azure-quantum")
    assert credential.get_token(SCOPE).token == "q"
    assert credential.get_token("https://management.azure.com/.default").token == "arm"

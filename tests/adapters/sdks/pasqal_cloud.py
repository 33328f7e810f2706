"""pasqal-cloud: its client asks our token provider before each request."""

from __future__ import annotations

import jupyter_qcred as qcred
from jupyter_qcred.testing.rotations import outlives_rotations
from jupyter_qcred.testing.vendor import Vendor, bearer

VALUES = [f"eyJ0eXAi.value-{number}.c2lnbmF0dXJl" for number in range(4)]
SPECS = {"status": "success", "message": "OK", "code": "200", "data": {"FRESNEL": "{}"}}


def test_one_client_outlives_rotations(kernel):
    """At the address of the profile."""
    with Vendor(bearer, lambda *_: SPECS) as vendor:
        public = {"url": vendor.url, "project_id": "project-1"}
        outlives_rotations(
            kernel, vendor, "pasqal",
            lambda value: kernel.deliver("pasqal", {"token": value}, public=public),
            VALUES, lambda: qcred.client("pasqal"),
            lambda client: client.get_device_specs_dict(),
        )  # fmt: skip


def test_the_address_is_the_vendor_s_own(kernel):
    """Where the profile names none."""
    kernel.deliver("pasqal", {"token": VALUES[0]})
    client = qcred.client("pasqal")
    assert client._client.endpoints.core == "https://apis.pasqal.cloud/core-fast"
    assert client._client.endpoints.account == "https://apis.pasqal.cloud/account"

"""google-auth: each request takes the token that is current."""

from __future__ import annotations

import pytest
from google.auth.transport.requests import AuthorizedSession

import jupyter_qcred as qcred
from jupyter_qcred.testing.rotations import outlives_rotations
from jupyter_qcred.testing.vendor import Vendor, bearer

VALUES = [f"ya29.value-{number}-0123456789abcdef" for number in range(4)]


@pytest.mark.parametrize("left", [3600.0, 60.0, None])
@pytest.mark.parametrize("project", [None, "billed-project"])
def test_one_session_outlives_rotations(kernel, left, project):
    """Also after the copy for another quota project, and within 3:45 of the end."""
    with Vendor(bearer, lambda *_: {"ok": True}) as vendor:

        def make():
            credential = qcred.credential("google-quantum")
            return AuthorizedSession(
                credential.with_quota_project(project) if project else credential
            )

        outlives_rotations(
            kernel, vendor, "google-quantum",
            lambda value: kernel.deliver("google-quantum", {"token": value}, expires_in=left),
            VALUES, make, lambda session: session.get(vendor.url).raise_for_status(),
        )  # fmt: skip

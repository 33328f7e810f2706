"""qcs-sdk-python: its OAuth session takes tokens from us."""

from __future__ import annotations

from qcs_sdk.qpu import list_quantum_processors

import jupyter_qcred as qcred
from jupyter_qcred.testing.rotations import outlives_rotations
from jupyter_qcred.testing.vendor import Vendor, bearer

VALUES = [f"eyJ0eXAi.value-{number}.c2lnbmF0dXJl" for number in range(4)]
PROCESSORS = {"quantumProcessors": [{"id": "Ankaa-3"}]}


def test_one_client_outlives_rotations(kernel):
    """At the address of the profile."""
    with Vendor(bearer, lambda *_: PROCESSORS) as vendor:
        public = {"url": vendor.url}
        outlives_rotations(
            kernel, vendor, "rigetti-qcs",
            lambda value: kernel.deliver("rigetti-qcs", {"token": value}, public=public),
            VALUES, lambda: qcred.client("rigetti-qcs"),
            lambda client: list_quantum_processors(client=client),
        )  # fmt: skip

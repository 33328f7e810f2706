"""qcs-sdk-python: its OAuth session takes tokens from us."""

from __future__ import annotations

from qcs_sdk.qpu import list_quantum_processors

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

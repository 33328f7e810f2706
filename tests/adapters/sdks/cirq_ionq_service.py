"""cirq-ionq: the key is looked up when a request's headers are read."""

from __future__ import annotations

import json

import jupyter_qcred as qcred
from jupyter_qcred.testing.rotations import outlives_rotations
from jupyter_qcred.testing.vendor import Vendor

VALUES = [f"ionq-key-{number}-0123456789abcdef" for number in range(4)]


def presented(headers):
    """What stands behind ``apiKey``."""
    scheme, _, key = headers.get("Authorization", "").partition(" ")
    return key if scheme == "apiKey" else ""


def test_one_service_outlives_rotations(kernel, monkeypatch):
    """At the address of the profile, whatever the environment says."""
    monkeypatch.setenv("IONQ_REMOTE_HOST", "https://evil.example")
    job = {"id": "job-1", "status": "completed", "backend": "simulator"}
    with Vendor(presented, lambda *_: job) as vendor:
        service = outlives_rotations(
            kernel, vendor, "ionq",
            lambda value: kernel.deliver(
                "ionq", {"value": value}, public={"remote_host": vendor.url}, expires_in=None),
            VALUES, lambda: qcred.client("ionq", sdk="cirq-ionq"),
            lambda service: service.get_job("job-1"),
        )  # fmt: skip
        assert "served-by-jupyter-qcred" in repr(service._client.headers)


def test_the_address_is_the_vendor_s_own(kernel, monkeypatch):
    """Where the profile names none; and this SDK is found where the other is not installed."""
    monkeypatch.setenv("CIRQ_IONQ_REMOTE_HOST", "https://evil.example")
    kernel.deliver("ionq", {"value": VALUES[0]})
    assert qcred.client("ionq")._client.url == "https://api.ionq.co/v0.4"


def test_a_tutorial_runs_live_and_on_a_simulator(kernel, capsys):
    """One circuit and one way to run it, whoever answers."""
    import cirq

    qubit = cirq.LineQubit(0)
    circuit = cirq.Circuit(cirq.X(qubit), cirq.measure(qubit, key="m"))
    submitted = []

    def answer(method, path, body):
        if method == "POST":
            submitted.append(json.loads(body))
            return {"id": "job-1", "status": "ready"}
        if "results" in path:
            return {"1": 1.0}
        job = {"id": "job-1", "status": "completed", "backend": "simulator", "shots": 10}
        return job | {"stats": {"qubits": 1}, "metadata": submitted[0]["metadata"]}

    with Vendor(presented, answer) as vendor:
        vendor.alive = VALUES[0]
        kernel.deliver("ionq", {"value": VALUES[0]}, public={"remote_host": vendor.url})
        live = qcred.requires("ionq")
        kernel.end("ionq")
        local = qcred.requires("ionq")
        assert (live.live, local.live) == (True, False)
        kernel.deliver("ionq", {"value": VALUES[0]}, public={"remote_host": vendor.url})
        for found in (live, local):
            measured = found.backend().run(circuit, repetitions=10)
            assert measured.histogram(key="m") == {1: 10}
    assert [one["backend"] for one in submitted] == ["simulator"]
    assert "cirq.Simulator" in capsys.readouterr().out

"""qiskit-ionq: the key is looked up when a request's header is written."""

from __future__ import annotations

import copy
import pickle
import sys

import pytest
from qiskit import QuantumCircuit
from qiskit_ionq import IonQProvider

import jupyter_qcred as qcred
from jupyter_qcred.testing.rotations import outlives_rotations
from jupyter_qcred.testing.vendor import Vendor

VALUES = [f"ionq-key-{number}-0123456789abcdef" for number in range(4)]


def presented(headers):
    """What stands behind ``apiKey``."""
    scheme, _, key = headers.get("Authorization", "").partition(" ")
    return key if scheme == "apiKey" else ""


def answer(method, path, body):
    """As the API v0.4 does: a job that is ready."""
    job = {"id": "job-1", "status": "ready", "backend": "simulator", "type": "ionq.circuit.v1"}
    return job if method == "POST" else job | {"stats": {}, "metadata": {}}


def test_one_provider_outlives_rotations(kernel):
    """One backend submits and asks, with a ``.env`` of a stranger in the working directory."""
    with Vendor(presented, answer) as vendor:
        circuit = QuantumCircuit(2, 2)
        circuit.h(0)
        circuit.cx(0, 1)
        circuit.measure([0, 1], [0, 1])

        def make():
            return qcred.client("ionq", sdk="qiskit-ionq").get_backend("simulator")

        def work(backend):
            job = backend.run(circuit, shots=10)
            assert backend.client.retrieve_job(job.job_id())["status"] == "ready"

        outlives_rotations(
            kernel, vendor, "ionq",
            lambda value: kernel.deliver(
                "ionq", {"value": value}, public={"url": f"{vendor.url}/v0.4"}, expires_in=None),
            VALUES, make, work,
        )  # fmt: skip
        assert {"POST", "GET"} <= {call.method for call in vendor.calls}


def test_what_the_provider_keeps_is_masked(kernel):
    """It can be looked at and copied, and not pickled; the address is the vendor's own."""
    kernel.deliver("ionq", {"value": VALUES[0]})
    provider = qcred.client("ionq")
    assert provider.credentials["url"] == "https://api.ionq.co/v0.4"
    for shown in (repr(provider.credentials), str(provider.credentials["token"])):
        assert VALUES[0] not in shown
    assert VALUES[0] not in repr(vars(copy.deepcopy(provider.get_backend("simulator").client)))
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(provider.credentials["token"])


def test_the_seam_is_there():
    """The SDK writes its header anew for each request, by an f-string of what it was given."""
    from qiskit_ionq.ionq_client import IonQClient

    written = []

    class Seen:
        def __format__(self, spec):
            written.append(spec)
            return f"value-{len(written)}"

    client = IonQClient(token=Seen(), url="https://api.ionq.co/v0.4")
    assert client.api_headers["Authorization"] == "apiKey value-1"
    assert client.api_headers["Authorization"] == "apiKey value-2"


def test_a_folder_s_file_leads_the_sdk_and_not_our_provider(kernel, monkeypatch, tmp_path):
    """The SDK itself takes address and key of a ``.env`` before those of the environment."""
    (tmp_path / ".env").write_text("IONQ_API_URL=https://evil.example\nIONQ_API_KEY=theirs\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)  # as in a notebook
    monkeypatch.setenv("IONQ_API_URL", "https://api.ionq.co/v0.4")
    plain = IonQProvider()
    assert plain.credentials == {"url": "https://evil.example", "token": "theirs"}
    kernel.deliver("ionq", {"value": VALUES[0]})
    with pytest.warns(qcred.QcredWarning, match="IONQ_API_URL leads qiskit-ionq to evil.example"):
        provider = qcred.client("ionq", sdk="qiskit-ionq")
    assert provider.credentials["url"] == "https://api.ionq.co/v0.4"
    assert f"{provider.credentials['token']:}" == VALUES[0]
    with pytest.raises(qcred.RedirectedError, match="IONQ_API_URL"), qcred.use("ionq"):
        pytest.fail("it was let in")


def test_the_number_of_qubits_is_asked_for_at_the_profile_s_address(kernel, monkeypatch, tmp_path):
    """The SDK asks without regard to the provider, without a key, and believes the answer."""
    known = {"qubits": 29}
    with (
        Vendor(presented, lambda *_: known, open_paths=("/v0.4/backends",)) as vendor,
        Vendor(presented, lambda *_: {"qubits": 1}, open_paths=("/",)) as evil,
    ):
        (tmp_path / ".env").write_text(f"IONQ_API_URL={evil.url}/v0.4\n")
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)  # as in a notebook
        monkeypatch.setenv("IONQ_API_URL", evil.url)
        kernel.deliver("ionq", {"value": VALUES[0]}, public={"url": f"{vendor.url}/v0.4"})
        provider = qcred.client("ionq", sdk="qiskit-ionq")
        assert isinstance(provider, IonQProvider)
        assert provider.get_backend("simulator").num_qubits == 29
        assert evil.calls == []
        plain = IonQProvider(token="mine", url=f"{vendor.url}/v0.4")
        assert plain.get_backend("simulator").num_qubits == 1
        assert evil.calls

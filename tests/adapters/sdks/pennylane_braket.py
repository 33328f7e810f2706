"""PennyLane: a circuit on Braket's device, which was handed our session, goes on over the day."""

from __future__ import annotations

import json
import math

import pennylane as qml
import pytest
from braket.default_simulator import StateVectorSimulator
from braket.device_schema.simulators import GateModelSimulatorDeviceCapabilities
from braket.ir.openqasm import Program
from braket.tasks import GateModelQuantumTaskResult

import jupyter_qcred as qcred
from jupyter_qcred.testing.rotations import outlives_rotations
from jupyter_qcred.testing.vendor import Vendor, aws_token

VALUES = [f"session-token-{number}-0123456789abcdef" for number in range(4)]
DEVICE = "arn:aws:braket:::device/quantum-simulator/amazon/sv1"
TASK = "arn:aws:braket:us-east-1:123456789012:quantum-task/"
BUCKET = "amazon-braket-loopback"


def device():
    """A simulator's description, as Braket gives it."""
    window = {"executionDay": "Everyday", "windowStartHour": "00:00", "windowEndHour": "23:59:59"}
    action = {
        "version": ["1.0"], "actionType": "braket.ir.openqasm.program",
        "supportedOperations": ["h", "cnot", "ry"], "supportedPragmas": [],
        "supportedResultTypes": [
            {"name": "Expectation", "observables": ["z", "i"], "minShots": 0, "maxShots": 100},
            {"name": "Probability", "minShots": 0, "maxShots": 100},
        ],
    }  # fmt: skip
    capabilities = GateModelSimulatorDeviceCapabilities.parse_obj(
        {
            "service": {"executionWindows": [window], "shotsRange": [0, 100],
                        "getTaskPollIntervalMillis": 50},
            "action": {"braket.ir.openqasm.program": action},
            "paradigm": {"qubitCount": 4}, "deviceParameters": {},
        }
    )  # fmt: skip
    return {
        "deviceArn": DEVICE, "deviceName": "SV1", "providerName": "Amazon Braket",
        "deviceStatus": "ONLINE", "deviceType": "SIMULATOR", "deviceQueueInfo": [],
        "deviceCapabilities": capabilities.json(),
    }  # fmt: skip


def run(program, shots):
    """A simulator's result, with the values that were asked for, as it lies in S3."""
    result = StateVectorSimulator().run(program, shots=shots)
    found = GateModelQuantumTaskResult.from_object(result).result_types
    values = [{"type": one.type.dict(), "value": float(one.value)} for one in found]
    return json.dumps(json.loads(result.json()) | {"resultTypes": values})


@pytest.fixture
def braket():
    """Braket and S3 at one address: it runs circuits, for whoever signs with a live token."""
    results = []

    def answer(method, path, body):
        if path.startswith("/device/"):
            return device()
        if path == "/quantum-task":
            asked = json.loads(body)
            results.append(run(Program.parse_raw(asked["action"]), asked["shots"]))
            return {"quantumTaskArn": f"{TASK}{len(results) - 1}"}
        if path.startswith("/quantum-task/"):
            number = path.partition("?")[0].rpartition("%2F")[2]
            return {
                "quantumTaskArn": TASK + number, "deviceArn": DEVICE, "status": "COMPLETED",
                "shots": 1, "deviceParameters": "{}", "outputS3Bucket": BUCKET,
                "outputS3Directory": f"tasks/{number}", "createdAt": "2026-01-01T00:00:00Z",
                "endedAt": "2026-01-01T00:00:01Z",
            }  # fmt: skip
        return results[int(path.split("/")[-2])].encode()

    with Vendor(aws_token, answer) as vendor:
        yield vendor


def test_one_device_outlives_rotations(kernel, braket, monkeypatch):
    """Tasks are signed with what is current, at the profile's addresses, and tell what it is."""
    monkeypatch.setenv("BRAKET_ENDPOINT", "https://evil.example")

    def deliver(value):
        fields = {
            "secret_key": f"secret-of-{value}",
            "access_key": "ASIA" + value[-16:],
            "session_token": value,
        }
        public = {
            "region": "us-east-1", "bucket": BUCKET,
            "endpoint": braket.url, "s3_endpoint": braket.url,
        }  # fmt: skip
        kernel.deliver("amazon-braket", fields, public=public, expires_in=900.0)

    def make():
        made = qml.device(
            "braket.aws.qubit", wires=2, device_arn=DEVICE, poll_interval_seconds=0.05,
            aws_session=qcred.client("amazon-braket"), s3_destination_folder=(BUCKET, "tasks"),
        )  # fmt: skip

        @qml.qnode(made)
        def circuit(angle):
            qml.Hadamard(0)
            qml.CNOT([0, 1])
            qml.CNOT([0, 1])
            qml.Hadamard(0)
            qml.RY(angle, 1)
            return qml.expval(qml.PauliZ(1))

        return qml.set_shots(circuit, 10)

    def work(circuit):
        assert float(circuit(math.pi)) == pytest.approx(-1)

    outlives_rotations(
        kernel, braket, "amazon-braket", deliver, VALUES, make, work, talkative="botocore"
    )  # fmt: skip

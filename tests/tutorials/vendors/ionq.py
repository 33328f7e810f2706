"""IonQ-shaped: jobs of the API v0.4, for one key."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

from qiskit import QuantumCircuit
from qiskit.quantum_info import Statevector

from jupyter_qcred.testing.vendor import Vendor

if TYPE_CHECKING:
    from collections.abc import Mapping


class Ionq:
    """Takes one key, which is static as at the vendor."""

    name = "ionq"

    def __init__(self) -> None:
        self.key = secrets.token_urlsafe(24)
        self._jobs: dict[str, dict[str, Any]] = {}
        self.vendor = Vendor(presented, self._answer, open_paths=("/v0.4/backends/",))
        self.vendor.alive = self.key

    def profile(self) -> dict[str, Any]:
        """A stored key, and the address beside it."""
        return {"source": "kv2:qcred/ionq", "public": ["url"]}

    def stored(self) -> dict[str, str]:
        """What an operator stores."""
        return {"value": self.key, "url": f"{self.vendor.url}/v0.4"}

    def _answer(self, method: str, path: str, body: bytes) -> Any:
        parts = path.strip("/").split("/")[1:]
        if parts[0] == "backends":
            return {"backend": parts[1], "qubits": 29}
        if parts == ["jobs"]:
            job = f"job-{len(self._jobs) + 1}"
            self._jobs[job] = json.loads(body)
            return {"id": job, "status": "submitted"}
        asked = self._jobs[parts[1]]
        if parts[2:]:
            return _probabilities(asked["input"])
        url = f"/v0.4/jobs/{parts[1]}/results/probabilities"
        return {
            "id": parts[1], "status": "completed", "type": asked["type"], "backend": "simulator",
            "stats": {"qubits": asked["input"]["qubits"], "circuits": 1},
            "results": {"probabilities": {"url": url}}, "metadata": asked["metadata"],
            "execution_duration_ms": 3,
        }  # fmt: skip


def presented(headers: Mapping[str, str]) -> str:
    """What stands behind ``apiKey``."""
    scheme, _, key = headers.get("Authorization", "").partition(" ")
    return key if scheme == "apiKey" else ""


def _probabilities(asked: dict[str, Any]) -> dict[str, float]:
    circuit = QuantumCircuit(asked["qubits"])
    for step in asked["circuit"]:
        targets, controls = step.get("targets", []), step.get("controls", [])
        angle = [step["rotation"]] if "rotation" in step else []
        name = {"cnot": "cx"}.get(step["gate"], "c" * len(controls) + step["gate"])
        getattr(circuit, name)(*angle, *controls, *targets)
    found = Statevector(circuit).probabilities()
    return {str(outcome): float(share) for outcome, share in enumerate(found) if share > 1e-12}

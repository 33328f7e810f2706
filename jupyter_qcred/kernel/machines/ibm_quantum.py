"""IBM Quantum: a sampler of qiskit's own kind (``BaseSamplerV2``), live and here.

A device takes only circuits in its own gates and on its own qubits, a simulator takes any. So the
live one fits each circuit to its device first, and a tutorial has one line for both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.kernel.adapters.ibm_quantum import SDK
from jupyter_qcred.kernel.adapters.sdk import Sdk

from .machine import KEY, Field

if TYPE_CHECKING:
    from collections.abc import Mapping

QISKIT: Final = Sdk(distribution="qiskit", least="1.3", below="3")

_INSTANCE: Final = Field(
    name="instance", label="instance, by name or CRN (may be empty)", secret=False, optional=True
)


class IbmQuantum:
    """``live``: the least busy device, unless one is named."""

    sdk = SDK
    simulator = QISKIT
    stand_in = "qiskit's StatevectorSampler"
    asks = (KEY, _INSTANCE)

    def address(self, public: Mapping[str, str]) -> str:
        """Return IAM's address, without which nothing begins."""
        return public.get("iam_url") or "https://iam.cloud.ibm.com"

    def live(self, client: Any, device: str) -> Any:
        """Return a sampler."""
        backend = client.backend(device) if device else client.least_busy(operational=True)
        transpiler = QISKIT.load("qiskit.transpiler")
        manager = transpiler.generate_preset_pass_manager(backend=backend, optimization_level=1)
        sampler = SDK.load("qiskit_ibm_runtime").SamplerV2(mode=backend)
        return _class()(backend, sampler, manager)

    def local(self) -> Any:
        """Return a sampler."""
        return QISKIT.load("qiskit.primitives").StatevectorSampler()


def _class() -> Any:
    base: Any = QISKIT.load("qiskit.primitives").BaseSamplerV2
    pub_class: Any = QISKIT.load("qiskit.primitives.containers.sampler_pub").SamplerPub

    class FittingSampler(base):  # type: ignore[misc]
        """Runs any circuit on one device, after fitting it to the device's gates and qubits."""

        def __init__(self, backend: Any, sampler: Any, manager: Any) -> None:
            self.backend = backend
            self._sampler = sampler
            self._manager = manager

        def __repr__(self) -> str:
            return f"<sampler on {self.backend.name}>"

        def run(self, pubs: Any, *, shots: int | None = None) -> Any:
            """Return a job, as each sampler of qiskit does."""
            return self._sampler.run([self._fitted(pub, shots) for pub in pubs])

        def _fitted(self, pub: Any, shots: int | None) -> Any:
            pub = pub_class.coerce(pub, shots)
            return self._manager.run(pub.circuit), pub.parameter_values, pub.shots

    return FittingSampler

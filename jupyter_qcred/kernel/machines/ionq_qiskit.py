"""IonQ by qiskit-ionq: a backend, whose ``run`` takes a circuit and the number of shots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.kernel.adapters.ionq_qiskit import SDK, quietly
from jupyter_qcred.kernel.adapters.sdk import Sdk

from .machine import KEY

if TYPE_CHECKING:
    from collections.abc import Mapping

QISKIT: Final = Sdk(distribution="qiskit", least="1.3", below="3")


class IonqQiskit:
    """``live``: IonQ's simulator, which is free, unless a device is named."""

    sdk = SDK
    simulator = QISKIT
    stand_in = "qiskit's BasicSimulator"
    asks = (KEY,)

    def address(self, public: Mapping[str, str]) -> str:
        """Return the API's address."""
        return public.get("url") or "https://api.ionq.co"

    def live(self, client: Any, device: str) -> Any:
        """Return an ``IonQBackend``."""
        with quietly(client.credentials["url"]):
            return client.get_backend(device or "simulator")

    def local(self) -> Any:
        """Return a ``BasicSimulator``."""
        return QISKIT.load("qiskit.providers.basic_provider").BasicSimulator()

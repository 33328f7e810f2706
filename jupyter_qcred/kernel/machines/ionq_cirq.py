"""IonQ by cirq-ionq: a ``cirq.Sampler``, whose ``run`` takes a circuit and ``repetitions``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.kernel.adapters.ionq_cirq import SDK
from jupyter_qcred.kernel.adapters.sdk import Sdk

from .machine import KEY

if TYPE_CHECKING:
    from collections.abc import Mapping

CIRQ: Final = Sdk(distribution="cirq-core", least="1.3", below="2")


class IonqCirq:
    """``live``: IonQ's simulator, which is free, unless a device is named."""

    sdk = SDK
    simulator = CIRQ
    stand_in = "cirq.Simulator"
    asks = (KEY,)

    def address(self, public: Mapping[str, str]) -> str:
        """Return the API's address."""
        return public.get("remote_host") or public.get("url") or "https://api.ionq.co"

    def live(self, client: Any, device: str) -> Any:
        """Return a sampler of the service."""
        return client.sampler(target=device or "simulator")

    def local(self) -> Any:
        """Return a ``Simulator``."""
        return CIRQ.load("cirq").Simulator()

"""What ``qcred.requires`` returns: a vendor's machine, or the simulator in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

from jupyter_qcred.core.errors import QcredError, fresh

from .adapters.registry import adapter_for
from .machines.registry import machine_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from .credential import Credential


@final
class Required:
    """A credential that a tutorial needs, or what takes its place.

    Attributes:
        name: of the credential.
        vendor: which quantum cloud it is for.
    """

    def __init__(
        self,
        name: str,
        vendor: str,
        found: Credential | QcredError,
        local: Callable[[], Any] | None = None,
    ) -> None:
        self.name = name
        self.vendor = vendor
        self._found = found
        self._local = local

    @property
    def live(self) -> bool:
        """Whether the vendor answers, rather than a simulator."""
        return not isinstance(self._found, QcredError)

    @property
    def why(self) -> str:
        """Why it is not live, and what helps; empty when it is."""
        return str(self._found) if isinstance(self._found, QcredError) else ""

    def backend(self, device: str = "", *, sdk: str = "", **options: Any) -> Any:
        """Return what runs a circuit or a model: used in the same way, live or not.

        ``ibm-quantum``: a sampler of qiskit. ``amazon-braket``: a device. ``ionq``: a backend of
        qiskit, or a sampler of cirq. ``dwave``: a sampler of dimod.

        Args:
            device: the vendor's name of it; by default one that suits a tutorial.
            sdk: which of the vendor's SDKs, by its name for pip; by default the first one that is
                installed.
            options: those of the SDK's own client.

        Raises:
            NoAdapterError: none of ours is known for the vendor.
            SdkError: the SDK or the simulator is missing; the message has the line for pip.
        """
        if not self.live and self._local is not None:
            return self._local()
        machine = machine_for(self.vendor, sdk)
        if not self.live:
            return machine.local()
        client = self.client(sdk=machine.sdk.distribution, **options)
        return machine.live(client, device)

    def client(self, *, sdk: str = "", **options: Any) -> Any:
        """Return the vendor's own client, as ``qcred.client`` does.

        Raises:
            QcredError: it is not live: the cause; or as for ``qcred.client``.
        """
        return adapter_for(self.vendor, sdk).client(self._credential(), **options)

    def credential(self, *, sdk: str = "") -> Any:
        """Return the credential as an object of the vendor's SDK, as ``qcred.credential`` does.

        Raises:
            QcredError: as for ``client``.
        """
        return adapter_for(self.vendor, sdk).credential(self._credential())

    def _credential(self) -> Credential:
        if isinstance(self._found, QcredError):
            raise fresh(self._found)
        return self._found

    def __repr__(self) -> str:
        return f"<{self.name}: {'live' if self.live else 'simulator'}>"

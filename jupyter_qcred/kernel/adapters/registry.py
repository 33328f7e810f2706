"""Find the adapter for a credential's vendor."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Final

from jupyter_qcred.core.errors import NoAdapterError, SdkError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.metadata import EntryPoint

    from .adapter import Adapter

GROUP: Final = "jupyter_qcred.adapters"

_HERE: Final = "jupyter_qcred.kernel.adapters."

BUILTIN: Final = {
    "amazon-braket": f"{_HERE}amazon_braket:AmazonBraket",
    "azure-quantum": f"{_HERE}azure_quantum:AzureQuantum",
    "dwave": f"{_HERE}dwave:Dwave",
    "google-quantum": f"{_HERE}google_quantum:GoogleQuantum",
    "ibm-quantum": f"{_HERE}ibm_quantum:IbmQuantum",
    "ionq.cirq": f"{_HERE}ionq_cirq:IonqCirq",
    "ionq.qiskit": f"{_HERE}ionq_qiskit:IonqQiskit",
    "iqm": f"{_HERE}iqm:Iqm",
    "pasqal": f"{_HERE}pasqal:Pasqal",
    "quantinuum": f"{_HERE}quantinuum:Quantinuum",
    "rigetti-qcs": f"{_HERE}rigetti_qcs:RigettiQcs",
}
"""By the name of their entry points. They are known here as well: where our half came with the
kernel, nothing of ours is installed, and there are no entry points."""


def adapter_for(vendor: str, sdk: str = "") -> Adapter:
    """Return the adapter for a vendor.

    Args:
        vendor: as in the profile.
        sdk: name of a distribution, for a vendor with several; by default the first one that is
            installed.

    Raises:
        NoAdapterError: there is none for this vendor, or none for this SDK.
        SdkError: somebody else's adapter can't be loaded.
    """
    adapters = list(_adapters(vendor))
    if not adapters:
        raise NoAdapterError(
            f"There is no adapter for {vendor or 'a credential without a vendor'}",
            next_step="There are some for: " + ", ".join(vendors()) + ". `qcred.get(…).reveal()` "
            "gives the value for everything else",
        )
    if not sdk:
        installed = (adapter for adapter in adapters if adapter.sdk.installed)
        return next(installed, adapters[0])
    for adapter in adapters:
        if adapter.sdk.distribution == sdk:
            return adapter
    known = ", ".join(adapter.sdk.distribution for adapter in adapters)
    raise NoAdapterError(f"{vendor} has no adapter for {sdk}", next_step=f"There is: {known}")


def vendors() -> list[str]:
    """Return the vendors that have an adapter."""
    names = [*BUILTIN, *(point.name for point in _others())]
    return sorted({name.partition(".")[0] for name in names})


def _adapters(vendor: str) -> Iterator[Adapter]:
    for point in _others():
        if point.name.partition(".")[0] == vendor:
            yield _loaded(point)
    for name, place in BUILTIN.items():
        if name.partition(".")[0] == vendor:
            module, _, kind = place.partition(":")
            yield getattr(import_module(module), kind)()


def _others() -> list[EntryPoint]:
    """Return what others have registered.

    Ours are left out: an environment may have another version of this package, whose modules are
    not those that were loaded.
    """
    found = entry_points(group=GROUP)
    return sorted(point for point in found if not point.value.startswith(_HERE))


def _loaded(point: EntryPoint) -> Adapter:
    try:
        adapter: Adapter = point.load()()
    except Exception as error:  # noqa: BLE001 - somebody else's code
        raise SdkError(
            f"The adapter {point.name} ({point.value}) can't be loaded: {type(error).__name__}",
            next_step="Update or uninstall the package that brings it",
        ) from None
    return adapter

"""Find the machine for a vendor, and the SDK that is here."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from jupyter_qcred.core.errors import NoAdapterError

if TYPE_CHECKING:
    from .machine import Machine

_HERE: Final = "jupyter_qcred.kernel.machines."

MACHINES: Final = {
    "amazon-braket": (f"{_HERE}amazon_braket:AmazonBraket",),
    "dwave": (f"{_HERE}dwave:Dwave",),
    "ibm-quantum": (f"{_HERE}ibm_quantum:IbmQuantum",),
    "ionq": (f"{_HERE}ionq_qiskit:IonqQiskit", f"{_HERE}ionq_cirq:IonqCirq"),
}


def machine_for(vendor: str, sdk: str = "") -> Machine:
    """Return the machine of a vendor.

    Args:
        vendor: as in the profile.
        sdk: name of a distribution, for a vendor with several; by default the first one that is
            installed, or whose simulator is.

    Raises:
        NoAdapterError: there is none for this vendor, or none for this SDK.
    """
    found = [_made(place) for place in MACHINES.get(vendor, ())]
    if not found:
        raise NoAdapterError(
            f"Nothing of ours runs circuits on {vendor or 'a credential without a vendor'}, or "
            "simulates it",
            next_step="There is a backend for: " + ", ".join(sorted(MACHINES)) + ". For others "
            "use `.live` and `.client()`, or name a simulator of your own as the fallback",
        )
    if sdk:
        found = [machine for machine in found if machine.sdk.distribution == sdk]
        if not found:
            raise NoAdapterError(
                f"{vendor} has no backend by {sdk}", next_step="Leave `sdk` out, or use `.client()`"
            )
        return found[0]
    live = (machine for machine in found if machine.sdk.installed)
    local = (machine for machine in found if machine.simulator.installed)
    return next(live, None) or next(local, found[0])


def _made(place: str) -> Machine:
    module, _, kind = place.partition(":")
    machine: Machine = getattr(import_module(module), kind)()
    return machine

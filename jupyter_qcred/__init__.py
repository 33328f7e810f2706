"""Session-bound quantum-cloud credentials for Jupyter kernels.

In a notebook::

    import jupyter_qcred as qcred

    qcred.client("ibm-quantum")       # the vendor's own client, which outlives renewals
    cred = qcred.get("ibm-quantum")   # masked everywhere; cred.reveal() is the only way in
    qcred.status()                    # what this kernel holds, and for how long

Names are loaded at first use, so that importing this package costs a kernel next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jupyter_qcred.deliver.enable import enable
    from jupyter_qcred.kernel.credential import Credential
    from jupyter_qcred.kernel.doctor import doctor
    from jupyter_qcred.kernel.helper import client, credential, get, renew, revoke, status, use
    from jupyter_qcred.kernel.helper import list as list  # noqa: A004 - not for import *
    from jupyter_qcred.kernel.required import Required
    from jupyter_qcred.kernel.requires import requires

from jupyter_qcred.core.version import __version__ as __version__

# Without list: a star import must not hide the builtin.
__all__ = [
    "Credential",
    "Required",
    "client",
    "credential",
    "doctor",
    "enable",
    "get",
    "renew",
    "requires",
    "revoke",
    "status",
    "use",
]

_HOMES: Final = {
    "Credential": "kernel.credential",
    "QcredWarning": "core.errors",
    "Required": "kernel.required",
    "client": "kernel.helper",
    "credential": "kernel.helper",
    "doctor": "kernel.doctor",
    "enable": "deliver.enable",
    "get": "kernel.helper",
    "list": "kernel.helper",
    "renew": "kernel.helper",
    "requires": "kernel.requires",
    "revoke": "kernel.helper",
    "status": "kernel.helper",
    "use": "kernel.helper",
}


def __getattr__(name: str) -> Any:
    # Errors are public too, and there are many: `qcred.NotStoredError`.
    home = _HOMES.get(name) or ("core.errors" if name.endswith("Error") else None)
    module = None if home is None else import_module(f"{__name__}.{home}")
    if module is None or not hasattr(module, name):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(module, name)


def __dir__() -> Iterable[str]:
    return sorted([*__all__, "list", "__version__"])


def _jupyter_server_extension_points() -> Sequence[dict[str, Any]]:
    """Tell Jupyter Server where the extension is."""
    from jupyter_qcred.server.app import QcredApp

    return [{"module": "jupyter_qcred", "app": QcredApp}]

"""A kernel that our provisioner never launches: to the server it is one of any language."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from support.jupyter import JupyterServer

_SPEC: Final = {
    "argv": ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
    "display_name": "Foreign",
    "language": "python",
    "metadata": {"kernel_provisioner": {"provisioner_name": "local-provisioner"}},
}


def foreign_kernel(server: JupyterServer) -> str:
    """Start a kernel that does not redact by itself; return its id."""
    place = server.home / "data" / "kernels" / "foreign"
    place.mkdir(parents=True, exist_ok=True)
    (place / "kernel.json").write_text(json.dumps(_SPEC))
    return str(server.api("POST", "api/kernels", {"name": "foreign"})["id"])

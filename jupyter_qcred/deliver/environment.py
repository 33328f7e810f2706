"""What a kernel does not inherit from its server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping

PROVISIONER_ENV: Final = "JUPYTER_DEFAULT_PROVISIONER_NAME"
"""A kernel that inherits it loses every kernelspec where our package isn't installed."""

SERVER_SECRETS: Final = (
    "VAULT_TOKEN",
    "BAO_TOKEN",
    "VAULT_SECRET_ID",
    "BAO_SECRET_ID",
    "JUPYTER_TOKEN",
    "JPY_COOKIE_SECRET",
    "CONFIGPROXY_AUTH_TOKEN",
)
"""Names that hold a secret of the server. ``JUPYTERHUB_API_TOKEN`` stays: users' own code (Dask
Gateway, for one) reads it in kernels."""


def withhold(environment: MutableMapping[str, str], names: Iterable[str]) -> None:
    """Take ``names`` and our own switch out of a kernel's environment."""
    for name in (PROVISIONER_ENV, *names):
        environment.pop(name, None)

"""The one client of this process, or the reason why there is none."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from jupyter_qcred.core.errors import NotOnPlatformError

if TYPE_CHECKING:
    from .client import Client

UNAVAILABLE_ENV = "JUPYTER_QCRED_UNAVAILABLE"
"""Set by the server for kernels it could not reach; holds the cause in words, never a secret."""

# Reloading this module (autoreload, importlib.reload) must not forget the channel.
if "_client" not in globals():
    _client: Client | None = None
    _why: tuple[str, str] = ("", "")


def set_client(client: Client) -> None:
    """Make a started client the one of this process."""
    globals()["_client"] = client


def set_reason(why: str, next_step: str) -> None:
    """Remember why this kernel has no channel, and what helps."""
    globals()["_why"] = (why, next_step)


def current_client() -> Client:
    """Return the client.

    Raises:
        NotOnPlatformError: there is none; the message names the cause.
    """
    if _client is not None:
        return _client
    why, next_step = _why
    if why:
        raise NotOnPlatformError(why, next_step=next_step)
    if told := os.environ.get(UNAVAILABLE_ENV):
        raise NotOnPlatformError(
            told,
            next_step="Use a kernelspec whose command is `python -m ipykernel_launcher` on the "
            "server's own machine",
        )
    raise NotOnPlatformError("This process was not started by a Jupyter server with jupyter_qcred")

"""The one client of this process, or the reason why there is none."""

from __future__ import annotations

import os
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from jupyter_qcred.core.errors import NotOnPlatformError

if TYPE_CHECKING:
    from .client import Client

UNAVAILABLE_ENV = "JUPYTER_QCRED_UNAVAILABLE"
"""Set by the server for kernels it could not reach; holds the cause in words, never a secret."""

_STATE = "_jupyter_qcred_state"


def _state() -> Any:
    """Return what outlives this module: ``%autoreload`` empties a module before it runs it again.

    It is a module of its own, without a file that anybody could load it from again.
    """
    state = sys.modules.get(_STATE)
    if state is None:
        state = ModuleType(_STATE)
        vars(state).update(client=None, why=("", ""))
        sys.modules[_STATE] = state
    return state


def set_client(client: Client) -> None:
    """Make a started client the one of this process."""
    _state().client = client


def set_reason(why: str, next_step: str) -> None:
    """Remember why this kernel has no channel, and what helps."""
    _state().why = (why, next_step)


def current_client() -> Client:
    """Return the client.

    Raises:
        NotOnPlatformError: there is none; the message names the cause.
    """
    state = _state()
    if state.client is not None:
        client: Client = state.client
        return client
    why, next_step = state.why
    if why:
        raise NotOnPlatformError(why, next_step=next_step)
    if told := os.environ.get(UNAVAILABLE_ENV):
        raise NotOnPlatformError(
            told,
            next_step="Use a kernelspec whose command is `python -m ipykernel_launcher` on the "
            "server's own machine",
        )
    raise NotOnPlatformError("This process was not started by a Jupyter server with jupyter_qcred")

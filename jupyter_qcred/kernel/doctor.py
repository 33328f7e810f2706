"""``qcred.doctor()``: what this kernel can know about why something does not work.

What only the machine shows (the settings, the issuer, other kernels), `jupyter qcred doctor` looks
at, in a terminal.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.core.errors import QcredError
from jupyter_qcred.core.version import __version__

from .current import current_client
from .table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .client import Client

    Row = tuple[str, str, str, str]

_HEADINGS: Final = ("check", "verdict", "what was seen", "what to do")
_OK: Final = "ok"
_LOOK: Final = "look"
_WRONG: Final = "wrong"
_UNKNOWN: Final = "-"

_PATIENCE: Final = 5.0
"""Seconds that the server has to answer."""

_PR_GET_DUMPABLE: Final = 3
_MACHINE: Final = "In a terminal: `jupyter qcred doctor`"


def doctor() -> Table:
    """Return what is right and what is wrong with credentials in this kernel; never a value.

    Each row has a ``verdict``: ``ok``; ``look`` where something could be better, or a person will
    have to do something; ``wrong``; ``-`` where there is nothing to look at. ``what to do`` is a
    command, a line, or words. Works without a server, too. For what a kernel cannot see, run
    `jupyter qcred doctor` in a terminal.
    """
    rows = [*_channel(), *_redaction(), *_memory(), *_encryption(), *_credentials()]
    rows += [*_environment(), *_folder(), *_history(), _versions()]
    return Table(_HEADINGS, tuple(rows), "")


def _client() -> Client | None:
    try:
        return current_client()
    except QcredError:
        return None


def _channel() -> Iterator[Row]:
    """The server behind this kernel, by asking it what it lets this kernel have."""
    try:
        client = current_client()
        begun = time.monotonic()
        known = client.catalog(_PATIENCE)
    except QcredError as error:
        yield "server", _WRONG, error.reason, f"{error.next_step}. {_MACHINE}"
        return
    if known:
        took = time.monotonic() - begun
        names = ", ".join(sorted(known)[:8]) + (" …" if len(known) > 8 else "")
        yield "server", _OK, f"answers within {max(took, 0.001):.3f} s; may ask for {names}", ""
    else:
        seen = "this kernel may use no credentials"
        yield "server", _WRONG, seen, f"{_MACHINE} issuer sources"


def _redaction() -> Iterator[Row]:
    """Whether what this kernel sends goes through our session."""
    application = _application()
    if application is None:
        yield "redaction", _UNKNOWN, "this is no Jupyter kernel", ""
        return
    redactor = getattr(application, "redactor", None)
    sends = getattr(application.kernel, "session", None)
    if redactor is None:
        yield "redaction", _UNKNOWN, "a kernel without credentials redacts by its server alone", ""
    elif getattr(sends, "redactor", None) is redactor:
        yield "redaction", _OK, "everything that this kernel sends is redacted", ""
    else:
        seen = f"another package has put {type(sends).__name__} in the place of our session"
        yield "redaction", _WRONG, seen, "Restart the kernel, and leave that package out"


def _application() -> Any:
    kernelapp = sys.modules.get("ipykernel.kernelapp")
    kind = None if kernelapp is None else kernelapp.IPKernelApp
    return kind.instance() if kind is not None and kind.initialized() else None


def _memory() -> Iterator[Row]:
    """Whether other processes of this user can read it."""
    if _client() is None or not sys.platform.startswith("linux"):
        return
    dumpable = None
    with suppress(ImportError, OSError, AttributeError):
        import ctypes

        dumpable = int(ctypes.CDLL(None).prctl(_PR_GET_DUMPABLE, 0, 0, 0, 0))
    if dumpable == 0:
        yield "memory", _OK, "other processes of yours cannot read it", ""
    else:
        step = "Leave `hide_memory` on in the server's settings and in the kernelspec"
        yield "memory", _LOOK, "other processes of yours can read this kernel's memory", step


def _encryption() -> Iterator[Row]:
    """Whether others on this machine can read what the kernel sends."""
    application = _application()
    if application is None:
        return
    if application.transport == "ipc" or getattr(application, "curve_secretkey", None):
        yield "encryption", _OK, "others on this machine cannot read what it sends", ""
    else:
        step = f"{_MACHINE} encryption kernelspecs"
        yield "encryption", _LOOK, "outputs travel over TCP as they are", step


def _credentials() -> Iterator[Row]:
    """What is held, and what a person has to see to."""
    client = _client()
    if client is None:
        return
    store = client.store
    told = {name: notice.why for name, notice in store.notices().items()}
    told |= {name: gone.why for name, gone in store.gone().items() if gone.again}
    for name, why in sorted(told.items()):
        held = store.find(name) is not None
        yield f"credential {name}", _LOOK if held else _WRONG, why.reason, why.next_step
    fine = sorted(set(store.names()) - told.keys())
    if fine or not told:
        yield "credentials", _OK, f"held: {', '.join(fine) or 'none yet'}", ""


def _environment() -> Iterator[Row]:
    """Keys that this kernel has inherited. Their names alone are looked at."""
    from .adapters.variables import MAIN, VARIABLES

    for vendor, variables in sorted(VARIABLES.items()):
        for name, filling in variables.items():
            if MAIN in filling.filled_by and os.environ.get(name):
                step = f"Unset it where Jupyter is started, and `jupyter qcred put {vendor}`"
                yield "environment", _LOOK, f"{name} holds a key of {vendor}", step


def _folder() -> Iterator[Row]:
    """Files in the working directory that would lead SDKs elsewhere."""
    from .guard.told import look_here

    for trap in look_here():
        error = trap.error
        yield "this folder", _WRONG, error.reason, error.next_step


def _history() -> Iterator[Row]:
    """Whether what is typed into cells is kept in a file."""
    shell = getattr(getattr(_application(), "kernel", None), "shell", None)
    manager = getattr(shell, "history_manager", None)
    file = str(getattr(manager, "hist_file", "") or "")
    if manager is None or not getattr(manager, "enabled", False) or file in {"", ":memory:"}:
        return
    seen = f"what is typed into cells is kept in {file}"
    yield "history", _OK, seen, "For keys in it, in a terminal: `jupyter qcred doctor history`"


def _versions() -> Row:
    ipykernel = getattr(sys.modules.get("ipykernel"), "__version__", "none")
    seen = f"jupyter_qcred {__version__}, ipykernel {ipykernel}, Python {platform.python_version()}"
    return "versions", _OK, seen, ""

"""Tell the kernel's user of what a folder holds: each thing once, and never at any cost."""

from __future__ import annotations

import threading
import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jupyter_qcred.core.errors import QcredWarning, RedirectedError

from .look import look

if TYPE_CHECKING:
    from jupyter_qcred.kernel.store import Store

    from .trap import Trap

_PATIENCE: Final = 2.0
"""Seconds that making a client waits for the folder's file system."""


def look_here(patience: float = _PATIENCE) -> tuple[Trap, ...]:
    """Return what is in the working directory; nothing where it does not answer in time."""
    found: list[Trap] = []

    def run() -> None:
        with suppress(OSError):  # the working directory has gone
            found.extend(look(Path.cwd()))

    thread = threading.Thread(target=run, name="qcred-guard", daemon=True)
    thread.start()
    thread.join(patience)
    return tuple(found)


def warn_of_folder(store: Store, vendor: str, depth: int = 3) -> None:
    """Warn of what would lead other clients of a vendor than ours elsewhere, if nobody has yet."""
    for trap in look_here():
        if trap.concerns(vendor) and store.caution(trap.error):
            store.cautioned(trap.error)
            warnings.warn(str(trap.error), QcredWarning, stacklevel=depth)


def refuse_folder(vendor: str) -> None:
    """Refuse to hand a key to an SDK that would be led elsewhere by a file, whatever it is given.

    qiskit-ionq asks a ``.env`` before the environment (1.1, ``resolve_credentials``).

    Raises:
        RedirectedError: such a file is there.
    """
    for trap in look_here():
        if vendor == "ionq" and trap.reader == "qiskit-ionq" and _installed(trap.reader):
            raise RedirectedError(
                f"{trap.error.reason}, also in a block that sets the environment",
                next_step="Remove the line, or use `qcred.client`, which is not led there",
            )


def _installed(distribution: str) -> bool:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return bool(version(distribution))
    except PackageNotFoundError:
        return False

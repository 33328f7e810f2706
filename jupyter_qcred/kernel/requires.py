"""``qcred.requires``: what a tutorial says in the place of a key."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.core.errors import IssuerUnreachableError, NoAdapterError, QcredError

from .credential import TIMEOUT, Credential
from .helper import get
from .machines.machine import KEY
from .machines.registry import machine_for
from .reach import unreachable
from .required import Required
from .typed import NobodyAnswersError, Typed

if TYPE_CHECKING:
    from collections.abc import Callable

    from .machines.machine import Machine

SIMULATOR: Final = "simulator"
ASK: Final = "ask"

_typed = Typed()


def requires(
    name: str,
    fallback: str | Callable[[], Any] | None = SIMULATOR,
    *,
    vendor: str = "",
    timeout: float = TIMEOUT,
) -> Required:
    """Say what a tutorial needs, and what takes its place where it can't be had.

    Prints one line that says what will answer: the vendor, or a simulator and why. It is live where
    this kernel gets the credential and the vendor's host answers. Elsewhere the fallback counts: in
    Colab, Binder and plain Python, on a train, for a reader who is not entitled::

        quantum = qcred.requires("ibm-quantum", fallback="simulator")
        sampler = quantum.backend()

    Args:
        name: the credential's name, such as ``ibm-quantum``.
        fallback: ``simulator``: the vendor's own, on this machine. ``ask``: a hidden prompt for a
            key, which stays in this process's memory; the simulator if nothing is typed or nobody
            can be asked. A function: what it returns is the ``backend()``. None: nothing, the error
            is raised.
        vendor: which quantum cloud, where the name does not say it and there is no server.
        timeout: longest wait for the server, in seconds.

    Returns:
        An object with ``live``, ``why``, ``backend()``, ``client()`` and ``credential()``.

    Raises:
        ValueError: there is no such fallback.
        QcredError: it can't be had, and there is no fallback.
    """
    if fallback not in (SIMULATOR, ASK, None) and not callable(fallback):
        raise ValueError("fallback is 'simulator', 'ask', a function that makes one, or None")
    try:
        return _live(name, timeout)
    except QcredError as error:
        if fallback is None:
            raise
        return _instead(name, vendor or name, error, fallback)


def _live(name: str, timeout: float) -> Required:
    found = get(name, timeout=timeout)
    machine = _machine(found.vendor)
    if machine is not None and (host := unreachable(machine.address(found.public))):
        raise IssuerUnreachableError(
            f"{host} can't be reached from here",
            next_step="Check this machine's network, then run the cell again",
            credential=name,
        )
    _say(f"{name}: live.")
    return Required(name, found.vendor, found)


def _instead(
    name: str, vendor: str, why: QcredError, fallback: str | Callable[[], Any]
) -> Required:
    machine = _machine(vendor)
    if fallback == ASK:
        found = _asked(name, vendor, machine)
        if found is not None:
            _say(f"{name}: live, with what you typed. It is in this process's memory only.")
            return Required(name, vendor, found)
    if callable(fallback):
        _say(f"{name}: a simulator on this machine. {why.reason}.")
        return Required(name, vendor, why, fallback)
    stand_in = "no simulator is known" if machine is None else machine.stand_in
    _say(f"{name}: not live, a simulator on this machine ({stand_in}). {why.reason}.")
    return Required(name, vendor, why)


def _asked(name: str, vendor: str, machine: Machine | None) -> Credential | None:
    """Return what a person types, or has typed before in this process."""
    try:
        return _typed.find(name) or _typed.prompt(
            name, vendor, (KEY,) if machine is None else machine.asks
        )
    except NobodyAnswersError:
        return None


def _machine(vendor: str) -> Machine | None:
    try:
        return machine_for(vendor)
    except NoAdapterError:
        return None


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")  # a reader has to know which of the two answers

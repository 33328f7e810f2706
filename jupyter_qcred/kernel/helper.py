"""What users call: ``import jupyter_qcred as qcred``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_qcred.core.duration import format_duration

from .credential import Credential
from .current import current_client
from .table import Table

if TYPE_CHECKING:
    from .store import Held, Store

_TIMEOUT = 30.0
"""Seconds that a call waits for the server, which itself waits for the issuer."""


def get(name: str, *, timeout: float = _TIMEOUT) -> Credential:
    """Return a credential of this kernel, asking the server for it if it isn't here yet.

    Args:
        name: the credential's name, such as ``ibm-quantum``.
        timeout: longest wait in seconds.

    Raises:
        QcredError: as one of its subclasses: no platform, unknown name, nothing stored, not
            entitled, issuer unreachable. The message names the cause and the next step.
    """
    client = current_client()
    if client.store.find(name) is None:
        client.ask("get", name, timeout)
    return Credential(name, client.store)


def renew(name: str, *, timeout: float = _TIMEOUT) -> Credential:
    """Extend or replace a credential now, without waiting for the renewal that comes by itself.

    Raises:
        QcredError: as for ``get``.
    """
    client = current_client()
    client.ask("renew", name, timeout)
    return Credential(name, client.store)


def revoke(name: str, *, timeout: float = _TIMEOUT) -> str:
    """Give a credential back before the kernel ends.

    Returns:
        ``confirmed`` when the upstream invalidated it; ``unsupported`` when the vendor cannot: it
        is forgotten here, yet lives until its own end.

    Raises:
        QcredError: as for ``get``.
    """
    answer = current_client().ask("revoke", name, timeout)
    return answer.data.get("outcome", "unsupported")


def list() -> Table:  # noqa: A001 - reads as qcred.list()
    """Return the credentials that this kernel may use, held or not.

    Raises:
        NotOnPlatformError: there is no server behind this process.
    """
    client = current_client()
    held = frozenset(client.store.names())
    rows = tuple(
        (name, vendor, "held" if name in held else "at first use")
        for name, vendor in sorted(client.catalog(_TIMEOUT).items())
    )
    return Table(("credential", "vendor", "state"), rows, "This kernel may use no credentials.")


def status() -> Table:
    """Return the leases that this kernel holds, and how long they live.

    Raises:
        NotOnPlatformError: there is no server behind this process.
    """
    store = current_client().store
    rows = tuple(
        _row(store, held) for name in store.names() if (held := store.find(name)) is not None
    )
    headings = ("credential", "vendor", "time left", "at the end", "lease")
    return Table(headings, rows, "This kernel holds no credentials.")


def _row(store: Store, held: Held) -> tuple[str, ...]:
    left = store.remaining(held)
    return (
        held.name,
        held.vendor,
        "static key" if left is None else format_duration(left),
        "revoked" if held.revocable else "forgotten here; the vendor cannot revoke it",
        held.lease_id,
    )

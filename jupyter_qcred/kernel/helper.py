"""What users call: ``import jupyter_qcred as qcred``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_qcred.core.duration import format_duration

from .credential import TIMEOUT, Credential, warn_once
from .current import current_client
from .table import Table

if TYPE_CHECKING:
    from .store import Held, Store

_HEADINGS = (
    *("credential", "vendor", "state", "time left"),
    *("at the end", "lease", "next step"),
)


def get(name: str, *, timeout: float = TIMEOUT) -> Credential:
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
    warn_once(client.store, name)
    return Credential(name, client)


def renew(name: str, *, timeout: float = TIMEOUT) -> Credential:
    """Extend or replace a credential now, without waiting for the renewal that comes by itself.

    Raises:
        QcredError: as for ``get``.
    """
    client = current_client()
    client.ask("renew", name, timeout)
    return Credential(name, client)


def revoke(name: str, *, timeout: float = TIMEOUT) -> str:
    """Give a credential back before the kernel ends.

    Returns:
        ``confirmed`` when the upstream invalidated it; ``unsupported`` when the vendor cannot: it
        is forgotten here, yet lives until its own end; ``expired`` when that has come already;
        ``outstanding`` when the issuer has not answered within five seconds: it is forgotten here,
        and the server tries again until it is answered.

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
        for name, vendor in sorted(client.catalog(TIMEOUT).items())
    )
    return Table(("credential", "vendor", "state"), rows, "This kernel may use no credentials.")


def status() -> Table:
    """Return the leases that this kernel holds, how long they live, and what a person has to do.

    ``state`` is ``held`` while everything happens by itself. Otherwise it is the code of the error
    that a person has to see to, such as ``needs_login``, before the time has run out or after;
    ``next step`` tells how.

    Raises:
        NotOnPlatformError: there is no server behind this process.
    """
    store = current_client().store
    held = {name: one for name in store.names() if (one := store.find(name)) is not None}
    rows = [_row(store, one) for one in held.values()]
    missing = {name: gone.why for name, gone in store.gone().items() if gone.again}
    missing |= {name: warned.why for name, warned in store.notices().items()}
    rows += [
        (name, "", why.code, "", "", "", f"{why.reason}. {why.next_step}")
        for name, why in missing.items()
        if name not in held
    ]
    return Table(_HEADINGS, tuple(sorted(rows)), "This kernel holds no credentials.")


def _row(store: Store, held: Held) -> tuple[str, ...]:
    left = store.remaining(held)
    warned = store.notices().get(held.name)
    return (
        held.name,
        held.vendor,
        "held" if warned is None else warned.why.code,
        "static key" if left is None else format_duration(left),
        "revoked" if held.revocable else "forgotten here; the vendor cannot revoke it",
        held.lease_id,
        "" if warned is None else f"{warned.why.reason}. {warned.why.next_step}",
    )

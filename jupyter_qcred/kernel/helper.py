"""What users call: ``import jupyter_qcred as qcred``."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from jupyter_qcred.core.duration import format_duration
from jupyter_qcred.core.errors import QcredWarning
from jupyter_qcred.core.static_key import STATIC_KEY, STATIC_KEY_MEANS

from .credential import TIMEOUT, Credential, warn_once
from .current import current_client
from .table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def client(name: str, /, *, sdk: str = "", **options: Any) -> Any:
    """Return a client of the vendor that goes on working after a renewal.

    Args:
        name: the credential's name.
        sdk: which of the vendor's SDKs, by its name for pip; by default the first one installed.
        options: those of the SDK's own client, of which several take a ``name``.

    Raises:
        NoAdapterError: there is no adapter for the vendor, or the SDK.
        SdkError: the SDK is missing, or of a version that does not fit.
        QcredError: as for ``get``.
    """
    from .adapters.registry import adapter_for
    from .guard.told import warn_of_folder

    found = get(name)
    warn_of_folder(current_client().store, found.vendor)
    return adapter_for(found.vendor, sdk).client(found, **options)


def credential(name: str, *, sdk: str = "") -> Any:
    """Return the credential as an object of the vendor's own SDK, which serves the current value.

    Raises:
        QcredError: as for ``client``.
    """
    from .adapters.registry import adapter_for
    from .guard.told import warn_of_folder

    found = get(name)
    warn_of_folder(current_client().store, found.vendor)
    return adapter_for(found.vendor, sdk).credential(found)


@contextmanager
def use(name: str) -> Iterator[None]:
    """Set the environment variables that a vendor's libraries read, for the time of a block.

    For libraries that read nothing else. They hold the value of the block's begin: a renewal does
    not reach them. The environment is that of the whole process, and programs that are started in
    the block get a copy, which is theirs to keep.

    Raises:
        NoAdapterError: no variables are known for the vendor.
        RedirectedError: a file of the working directory would override them.
        QcredError: as for ``get``; or another thread or task has such a block open for another
            credential.
    """
    from .adapters.environment import scoped
    from .adapters.variables import variables_of
    from .guard.told import refuse_folder

    found = get(name)
    wanted = variables_of(found)
    refuse_folder(found.vendor)
    warnings.warn(
        f"Programs started in this block can read {name} from their environment, and keep it",
        QcredWarning,
        stacklevel=3,
    )
    with scoped(wanted):
        yield


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
    ``next step`` tells how. Rows of ``this folder`` are files that would lead SDKs elsewhere.

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
    rows += [
        ("this folder", "", why.code, "", "", "", f"{why.reason}. {why.next_step}")
        for why in store.cautions()
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
        _at_the_end(held),
        held.lease_id,
        "" if warned is None else f"{warned.why.reason}. {warned.why.next_step}",
    )


def _at_the_end(held: Held) -> str:
    if held.revocable:
        return "revoked"
    if STATIC_KEY in held.labels:
        return f"static key: {STATIC_KEY_MEANS}"
    return "forgotten here; the vendor cannot revoke it"

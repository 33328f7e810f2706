"""Set up the embedded OpenBao: its keys before the first start, its policies after each upgrade."""

from __future__ import annotations

import json
import secrets
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from jupyter_qcred.core.secret import Secret
from jupyter_qcred.issue.embedded.client import BadRequestError, Client
from jupyter_qcred.issue.embedded.failures import failure, lost
from jupyter_qcred.issue.embedded.files import write_private
from jupyter_qcred.issue.embedded.lock import FileLock
from jupyter_qcred.issue.embedded.plan import KEEPER, identities

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jupyter_qcred.issue.embedded.layout import Layout
    from jupyter_qcred.issue.embedded.plan import Plan, Request

_FRESH_MOUNT: Final = 5.0
"""Seconds in which a 400 may mean that a KV engine was mounted a moment ago."""


@contextmanager
def setting_up(layout: Layout, deadline: float) -> Iterator[None]:
    """Keep other processes from preparing, starting or updating the same instance.

    Raises:
        IssuerError: another one does not finish by the deadline (monotonic seconds).
    """
    lock = FileLock(layout.setup_lock)
    if not lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
        raise failure(layout, "is being started by another process, which does not finish")
    with lock:
        yield


def make_keys(layout: Layout) -> None:
    """Make the unseal key and the secret ids that are not there yet.

    Raises:
        ConfigError: one is gone although it was in use; a new one would not fit.
    """
    for path in (layout.unseal_key, *(layout.secret_id(name) for name in identities())):
        if path.exists():
            continue
        if layout.applied.exists():
            raise lost(layout, path)
        random = secrets.token_bytes(32)
        is_key = path == layout.unseal_key  # which is raw; a secret id is text
        write_private(path, random if is_key else random.hex().encode())


def secret_id(layout: Layout, identity: str) -> Secret:
    """Return the AppRole secret id of an identity. Raises OSError."""
    return Secret(layout.secret_id(identity).read_text(encoding="ascii"))


def up_to_date(plan: Plan) -> bool:
    """Whether the policies and roles in force are those of the plan."""
    return _applied(plan.layout) == plan.fingerprint()


def apply(plan: Plan, address: str, deadline: float) -> None:
    """Write the plan's policies and roles, as the keeper.

    Raises:
        QcredError: OpenBao can't be reached or refuses.
    """
    with setting_up(plan.layout, deadline):
        client = Client(address)
        client.login(KEEPER, secret_id(plan.layout, KEEPER))
        for request in plan.updates():
            _write(client, request, deadline)
        if not up_to_date(plan):
            content = json.dumps({"applied": plan.fingerprint()})
            write_private(plan.layout.applied, content.encode())


def _write(client: Client, request: Request, deadline: float) -> None:
    patience = min(deadline, time.monotonic() + _FRESH_MOUNT)
    while True:
        try:
            client.request("POST", request.path, request.data)
        except BadRequestError:
            if time.monotonic() >= patience:
                raise
            time.sleep(0.02)
        else:
            return


def _applied(layout: Layout) -> str | None:
    try:
        found = json.loads(layout.applied.read_bytes())["applied"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return str(found)

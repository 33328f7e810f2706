"""Extending tokens and leases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_qcred.issue.vault import problems
from jupyter_qcred.issue.vault.call import Call

if TYPE_CHECKING:
    from jupyter_qcred.core.secret import Secret
    from jupyter_qcred.issue.vault.client import VaultClient


def renew_token(client: VaultClient, token: Secret) -> float:
    """Extend a token by itself; return its new TTL in seconds.

    Raises:
        LeaseExpiredError: it is dead, or its longest life is used up.
        QcredError: the issuer refused or failed.
    """
    call = Call("renewing a token", "POST", "auth/token/renew-self", changes=True)
    ttl = client.request(call, token=token).section("auth").get("lease_duration")
    if not isinstance(ttl, int | float):
        raise problems.unexpected("the new TTL", call, client.issuer)
    return float(ttl)


def renew_lease(client: VaultClient, session: Secret, lease: str) -> float:
    """Extend a lease; return its new TTL in seconds.

    Raises:
        LeaseExpiredError: it is gone, or cannot be extended: issue anew.
        QcredError: the issuer refused or failed.
    """
    call = Call("renewing a lease", "POST", "sys/leases/renew", changes=True)
    answer = client.send(call, token=session, body={"lease_id": lease})
    if answer.status == 400 and answer.says("lease not found", "not renewable", "expired"):
        raise problems.ended_lease(call, client.issuer)
    if not answer.ok:
        raise client.problem(answer, call, session)
    ttl = answer.body.get("lease_duration")
    if not isinstance(ttl, int | float):
        raise problems.unexpected("the new TTL", call, client.issuer)
    if ttl <= 0:
        raise problems.ended_lease(call, client.issuer)
    return float(ttl)

"""Ending tokens and leases, and what Vault's answer to that proves.

Seen on OpenBao with PostgreSQL: the end of a token is answered at once, its leases are ended in the
background some 50 ms later, and with the database down not for a long while. So a revoked token
proves that nobody can use it or its children; that a lease is over, only its own revocation with
``sync`` proves. Ending what is ended already succeeds.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from jupyter_qcred.core.errors import (
    ConfigError,
    IssuerBrokenError,
    IssuerError,
    LeaseExpiredError,
    NotEntitledError,
    QcredError,
)
from jupyter_qcred.core.lease import Outcome
from jupyter_qcred.issue.vault.call import Call

if TYPE_CHECKING:
    from jupyter_qcred.core.lease import Accessor
    from jupyter_qcred.core.secret import Secret
    from jupyter_qcred.issue.issuer import IssuedToken
    from jupyter_qcred.issue.vault.call import Answer
    from jupyter_qcred.issue.vault.client import VaultClient


def revoke_token(client: VaultClient, token: IssuedToken) -> Outcome:
    """Invalidate a token by itself, and with it every token below."""
    if not token.own:
        return Outcome.UNSUPPORTED  # everything of this user hangs on it, and it is not ours
    call = _revoke_self("revoking a token")
    try:
        return _outcome(client, client.send(call, token=token.token), call, token.token)
    except LeaseExpiredError:
        return Outcome.CONFIRMED  # dead already, says the look-up after the 403


def revoke_lease(client: VaultClient, by: Secret, lease: str) -> Outcome:
    """Invalidate one lease, and wait until its engine has done so."""
    call = Call("revoking a lease", "POST", "sys/leases/revoke", changes=True)
    answer = client.send(call, token=by, body={"lease_id": lease, "sync": True})
    return _outcome(client, answer, call, by)


def revoke_accessor(client: VaultClient, by: Secret, accessor: Accessor) -> Outcome:
    """Invalidate a token by its accessor."""
    call = Call("revoking by accessor", "POST", "auth/token/revoke-accessor", changes=True)
    answer = client.send(call, token=by, body={"accessor": accessor})
    if answer.status in {400, 404} and answer.says("accessor"):
        return Outcome.CONFIRMED  # no such token: HashiCorp Vault; OpenBao says so with a 200
    return _outcome(client, answer, call, by)


def drop(client: VaultClient, token: Secret) -> None:
    """Revoke a token which nobody else uses, best effort: its TTL ends it anyway."""
    with suppress(QcredError):
        client.send(_revoke_self("dropping a token"), token=token)


def _revoke_self(doing: str) -> Call:
    return Call(doing, "POST", "auth/token/revoke-self", changes=True)


def _outcome(client: VaultClient, answer: Answer, call: Call, by: Secret) -> Outcome:
    """Return what an answer proves.

    Raises:
        LeaseExpiredError: ``by`` is dead.
        IssuerError: nothing is decided (unreachable, sealed, throttled): try again.
    """
    if answer.ok:
        return Outcome.CONFIRMED
    problem = client.problem(answer, call, by)
    if isinstance(problem, NotEntitledError):
        return Outcome.UNSUPPORTED
    if isinstance(problem, ConfigError | IssuerBrokenError) or type(problem) is IssuerError:
        return Outcome.FAILED  # such as an engine that cannot reach its database
    raise problem

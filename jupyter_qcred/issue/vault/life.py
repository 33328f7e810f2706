"""Whether what should be dead is dead: asked of Vault itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_qcred.issue.vault.call import Call

if TYPE_CHECKING:
    from jupyter_qcred.core.secret import Secret
    from jupyter_qcred.issue.vault.client import VaultClient


def lease_alive(client: VaultClient, by: Secret, lease: str) -> bool | None:
    """Whether Vault still keeps a lease; None where ``by`` lacks the right to look.

    A lease that is over is answered with a 400, "invalid lease" (OpenBao 2.7).

    Raises:
        LeaseExpiredError: ``by`` is dead.
        QcredError: the issuer failed.
    """
    call = Call("looking a lease up", "POST", "sys/leases/lookup", changes=False)
    answer = client.send(call, token=by, body={"lease_id": lease})
    if answer.ok:
        return True
    if answer.status == 400 and answer.says("invalid lease", "lease not found"):
        return False
    if answer.status == 403 and client.alive(by):
        return None
    raise client.problem(answer, call, by)

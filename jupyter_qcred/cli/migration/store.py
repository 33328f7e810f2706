"""Read back what was put into the embedded OpenBao: prove that it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_qcred.core.errors import IssuerBrokenError
from jupyter_qcred.core.secret import Secret
from jupyter_qcred.issue.embedded.client import Client
from jupyter_qcred.issue.embedded.plan import JUPYTER, MOUNT
from jupyter_qcred.issue.embedded.setup import secret_id
from jupyter_qcred.issue.vault.roles import KERNEL_ROLE, SERVER_ROLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_qcred.issue.embedded.openbao import EmbeddedOpenBao


class _Reader(Client):
    """A client that goes from token to token, as a server does for a kernel."""

    def become(self, token: Secret) -> None:
        self._token = token

    def open(self, role: str) -> Secret:
        answer = self.request("POST", f"auth/token/create/{role}", {})
        token = Secret(answer["auth"]["client_token"])
        self.become(token)
        return token


def stored_fields(embedded: EmbeddedOpenBao, name: str) -> dict[str, Secret]:
    """Read a credential as a kernel's session would: whoever stores may not read.

    Returns:
        Its fields, none if nothing is stored.

    Raises:
        QcredError: as for EmbeddedOpenBao.hold.
    """
    with embedded.hold() as hold:
        reader = _Reader(hold.address)
        reader.login(JUPYTER, secret_id(embedded.layout, JUPYTER))
        server = reader.open(SERVER_ROLE)
        try:
            reader.open(KERNEL_ROLE)
            answer = reader.request("GET", f"{MOUNT}/data/{name}")
        finally:
            reader.become(server)
            reader.request("POST", "auth/token/revoke-self", {})
    data = (answer.get("data") or {}).get("data") or {}
    return {key: Secret(value) for key, value in data.items() if isinstance(value, str)}


def prove(embedded: EmbeddedOpenBao, name: str, fields: Mapping[str, Secret]) -> None:
    """When this returns, the store gives a credential back as it was put there.

    Raises:
        IssuerBrokenError: it gives back something else.
        QcredError: as for EmbeddedOpenBao.hold.
    """
    if stored_fields(embedded, name) != dict(fields):
        raise IssuerBrokenError(
            f"The store does not give {name} back as it was stored",
            next_step="The file was left as it is; see the store's log",
        )

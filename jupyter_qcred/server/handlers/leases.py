"""The leases that kernels hold: list, renew and revoke them."""

from __future__ import annotations

from http import HTTPStatus

from jupyter_qcred.deliver.overview import as_json

from .base import PATIENCE, CredentialsHandler, guarded
from .revoke import answer


class LeasesHandler(CredentialsHandler):
    """``/leases``."""

    SUPPORTED_METHODS = ("GET", "OPTIONS")

    @guarded
    async def get(self) -> None:
        """Answer with the leases of all kernels, or of the one named by ``?kernel=``."""
        wanted = self.get_query_argument("kernel", None, strip=False)
        status = await self.ask(self.oversight.status())
        leases = [
            {
                "session": kernel.session,
                "kernel": kernel.kernel,
                "notebook": kernel.notebook,
                **as_json(credential),
            }
            for kernel in status.kernels
            if wanted is None or kernel.kernel == wanted
            for credential in kernel.credentials
        ]
        self.respond({"leases": leases})


class LeaseHandler(CredentialsHandler):
    """``/leases/<lease_id>``."""

    SUPPORTED_METHODS = ("DELETE", "OPTIONS")
    _track_activity = True

    @guarded
    async def delete(self, lease_id: str) -> None:
        """Take the credential from its kernel, and revoke it."""
        answer(self, await self.ask(self.oversight.revoke_lease(lease_id, PATIENCE)))


class RenewHandler(CredentialsHandler):
    """``/leases/<lease_id>/renew``."""

    SUPPORTED_METHODS = ("POST", "OPTIONS")
    _track_activity = True

    @guarded
    async def post(self, lease_id: str) -> None:
        """Extend the credential's life or replace it; 202 while the issuer has not answered."""
        try:
            held = await self.ask(self.oversight.renew(lease_id), PATIENCE)
        except TimeoutError:
            self.respond({"lease": None, "outstanding": True}, HTTPStatus.ACCEPTED)
            return
        self.respond({"lease": as_json(held), "outstanding": False})

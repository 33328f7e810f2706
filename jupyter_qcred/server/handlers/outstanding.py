"""What is to be revoked, and not yet answered for."""

from __future__ import annotations

from jupyter_qcred.deliver.overview import as_json

from .base import CredentialsHandler, guarded


class OutstandingHandler(CredentialsHandler):
    """``/outstanding``."""

    SUPPORTED_METHODS = ("GET", "OPTIONS")

    @guarded
    async def get(self) -> None:
        """Answer with the debts of this server, and of earlier ones."""
        owed, left = await self.ask(self.oversight.outstanding())
        self.respond(
            {"outstanding": list(map(as_json, owed)), "leftovers": list(map(as_json, left))}
        )

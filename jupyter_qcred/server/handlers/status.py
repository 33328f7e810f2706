"""Everything that is held, owed and known."""

from __future__ import annotations

from jupyter_qcred.deliver.overview import as_json

from .base import CredentialsHandler, guarded


class StatusHandler(CredentialsHandler):
    """``/status``."""

    SUPPORTED_METHODS = ("GET", "OPTIONS")

    @guarded
    async def get(self) -> None:
        """Answer with a ``ServerOverview``."""
        self.respond(as_json(await self.ask(self.oversight.status())))

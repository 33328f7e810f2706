"""Everything that is held, owed and known."""

from __future__ import annotations

from .base import CredentialsHandler, guarded


class StatusHandler(CredentialsHandler):
    """``/status``."""

    SUPPORTED_METHODS = ("GET", "OPTIONS")

    @guarded
    async def get(self) -> None:
        """Answer with a ``ServerOverview``, and what can be done with this server."""
        self.respond(await self.parts.status())

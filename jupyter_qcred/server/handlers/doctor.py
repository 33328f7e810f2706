"""What `jupyter qcred doctor` asks a running server: who does what in it, and a save to try."""

from __future__ import annotations

import asyncio
import os
import secrets
from contextlib import suppress
from typing import Any, Final

from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_core.utils import ensure_async
from nbformat import v4
from tornado.web import HTTPError

from .base import CredentialsHandler, guarded

_CONNECTION: Final = "kernel_websocket_connection_class"
_VALUE: Final = "qcred_canary"
"""Where the value is kept among the application's settings: one a process, however often asked."""

_CREDENTIAL: Final = "qcred-canary"


class PartsHandler(CredentialsHandler):
    """``/parts``."""

    SUPPORTED_METHODS = ("GET", "OPTIONS")

    @guarded
    async def get(self) -> None:
        """Answer with the classes at work, and the settings that count, wherever they came from."""
        manager, connection = self.contents_manager, self.settings[_CONNECTION]
        config = self.settings["kernel_manager"].config
        factory = KernelProvisionerFactory.instance(parent=self.settings["kernel_manager"])
        encryption = config.get("KernelManager", {}).get("transport_encryption")
        self.respond(
            {
                "enabled": self.service.enabled,
                "provisioner": factory.default_provisioner_name,
                "transport_encryption": str(encryption or "disabled").lower(),
                "contents": _part(type(manager)),
                "connection": _part(connection),
            }
        )


class CanaryHandler(CredentialsHandler):
    """``/canary``."""

    SUPPORTED_METHODS = ("POST", "OPTIONS")

    @guarded
    async def post(self) -> None:
        """Save a notebook with a made-up value, look at what was saved, and remove it."""
        value = await self._armed()
        path = f"qcred-doctor-{secrets.token_hex(6)}.ipynb"
        model = {"type": "notebook", "format": "json", "content": _notebook(value)}
        manager: Any = self.contents_manager
        try:
            await ensure_async(manager.save(model, path))
            found = await ensure_async(manager.get(path, content=True, type="file", format="text"))
        except Exception as error:  # noqa: BLE001 - of anybody's contents manager; its words stay here
            refused = error.status_code if isinstance(error, HTTPError) else 500
            self.respond({"saved": False, "redacted": None, "refused_with": refused})
            return
        finally:
            await _remove(manager, path)
        redacted = value not in str(found["content"])
        self.respond({"saved": True, "redacted": redacted, "refused_with": None})

    async def _armed(self) -> str:
        """Return the value, which the server's redactor looks for from the first call on."""
        if _VALUE not in self.settings:
            self.settings[_VALUE] = made = f"{_CREDENTIAL}-{secrets.token_hex(20)}"
            await asyncio.to_thread(self.service.redactor.arm, _CREDENTIAL, [made])
        value: str = self.settings[_VALUE]
        return value


def _part(kind: type[Any]) -> dict[str, Any]:
    ours = bool(getattr(kind, "qcred_redacts", False))
    return {"class": f"{kind.__module__}.{kind.__qualname__}", "redacts": ours}


def _notebook(value: str) -> Any:
    made: Any = v4  # which carries no types
    shown = made.new_output("stream", text=f"{value}\n")
    return made.new_notebook(cells=[made.new_code_cell(f"print({value!r})", outputs=[shown])])


async def _remove(manager: Any, path: str) -> None:
    with suppress(Exception):  # it may never have been there
        if not hasattr(manager, "_get_os_path"):
            await ensure_async(manager.delete(path))
            return
        # Not by the manager: it puts what it deletes into the desktop's wastebasket.
        await asyncio.to_thread(os.unlink, manager._get_os_path(path))  # noqa: SLF001 - no other
    with suppress(Exception):  # as above
        await ensure_async(manager.checkpoints.delete_all_checkpoints(path))

"""What is redacted in a file, and where."""

from __future__ import annotations

import asyncio
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from jupyter_core.utils import ensure_async
from tornado import web

from jupyter_qcred.server.redactions import LARGEST, as_json, placeholders
from jupyter_qcred.server.threads import redacting_threads

from .base import BadRequestError, CredentialsHandler, RefusedError, guarded

if TYPE_CHECKING:
    from jupyter_qcred.server.receipt import Spot

    Found = tuple[tuple[Spot, ...], tuple[str, ...]]

_LONGEST: Final = 4096


class RedactionsHandler(CredentialsHandler):
    """``/redactions``."""

    SUPPORTED_METHODS = ("GET", "OPTIONS")

    @guarded
    async def get(self) -> None:
        """Answer with the placeholders in the file ``?path=``, as clients name files."""
        path = self.get_query_argument("path", strip=False)
        if not 0 < len(path) <= _LONGEST:
            raise BadRequestError(f"`path` has not 1 to {_LONGEST} characters")
        path = path.strip("/")
        await self._check_may_read_contents()
        saving = self.parts.saving
        found = await self._found(path)
        receipt = saving.receipts.get(path) if saving is not None else None
        self.respond(as_json(path, found, receipt, saving.title if saving else lambda _: ""))

    async def _check_may_read_contents(self) -> None:
        """Who may not read a file must not learn here whether it exists, nor what is in it."""
        may = self.authorizer.is_authorized(self, self.current_user, "read", "contents")
        if not await ensure_async(may):
            raise web.HTTPError(HTTPStatus.FORBIDDEN)

    async def _found(self, path: str) -> Found | None:
        about = await self._model(path, content=False)
        if about["type"] == "directory":
            raise _no_file()
        if (about.get("size") or 0) > LARGEST:
            return None
        model = await self._model(path, content=True, type="file", format="text")
        loop = asyncio.get_running_loop()
        look = partial(placeholders, model["content"], path)
        return await loop.run_in_executor(redacting_threads(), look)

    async def _model(self, path: str, **how: Any) -> dict[str, Any]:
        manager = self.settings["contents_manager"]
        try:
            model: dict[str, Any] = await ensure_async(manager.get(path, **how))
        except web.HTTPError as error:
            raise _unreadable(error) from None
        return model


def _no_file() -> RefusedError:
    return RefusedError(
        HTTPStatus.NOT_FOUND, "not_found", "There is no such file", "Check its path"
    )


def _unreadable(error: web.HTTPError) -> Exception:
    """Say it in our words: the manager's name places on this machine."""
    if error.status_code == HTTPStatus.NOT_FOUND:
        return _no_file()
    if error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        return BadRequestError("The file cannot be read as text")
    return RefusedError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "busy",
        "The file cannot be read",
        "Try again; if it lasts, see the server's log",
    )

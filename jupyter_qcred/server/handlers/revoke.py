"""Revoke by kernel, notebook, credential, user, or all."""

from __future__ import annotations

import os
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.deliver.oversight import By, Selector
from jupyter_qcred.deliver.overview import as_json

from .base import PATIENCE, BadRequestError, CredentialsHandler, guarded

if TYPE_CHECKING:
    from jupyter_qcred.deliver.overview import Revocation

_LONGEST: Final = 4096
"""Characters of a selector's value: as long as a path may be."""


class RevokeHandler(CredentialsHandler):
    """``/revoke``."""

    SUPPORTED_METHODS = ("POST", "OPTIONS")
    _track_activity = True

    @guarded
    async def post(self) -> None:
        """Take what is selected from its kernels, and revoke it."""
        selector = selector_of(self.json_body(), Path(self.settings["server_root_dir"]))
        answer(self, await self.ask(self.oversight.revoke(selector, PATIENCE)))


def selector_of(body: dict[str, Any], root: Path) -> Selector:
    """Read a request's body.

    Args:
        body: one of ``{"kernel": id}``, ``{"notebook": path}``, ``{"credential": name}``,
            ``{"user": name}`` and ``{"all": true}``.
        root: of the server's contents; a notebook's path may be relative to it.

    Raises:
        BadRequestError: anything else.
    """
    known = {by.value for by in By}
    if len(body) != 1 or not body.keys() <= known:
        raise BadRequestError(f"The body needs exactly one of: {', '.join(sorted(known))}")
    ((name, value),) = body.items()
    by = By(name)
    if by is By.ALL:
        if value is not True:
            raise BadRequestError("The value of `all` can only be true")
        return Selector(by)
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST:
        raise BadRequestError(f"The value of `{name}` is no text of 1 to {_LONGEST} characters")
    if by is By.NOTEBOOK:
        if "\0" in value:
            raise BadRequestError("The value of `notebook` is no path")
        return Selector(by, os.path.normpath(root.expanduser() / value))
    return Selector(by, value)


def answer(handler: CredentialsHandler, revocation: Revocation) -> None:
    """Tell what was revoked: 200 where all is settled, 202 where something is outstanding."""
    status = HTTPStatus.ACCEPTED if revocation.outstanding else HTTPStatus.OK
    handler.respond(as_json(revocation), status)

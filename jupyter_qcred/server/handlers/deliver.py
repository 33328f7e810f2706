"""Deliver a credential to a kernel at a person's wish: what it did not get, and may have by now."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from jupyter_qcred.deliver.overview import as_json
from jupyter_qcred.issue.profile import NAME_FORM, is_name

from .base import PATIENCE, BadRequestError, CredentialsHandler, guarded

_LONGEST: Final = 4096
"""Characters of a kernel's id, which clients may choose."""


class DeliverHandler(CredentialsHandler):
    """``/deliver``."""

    SUPPORTED_METHODS = ("POST", "OPTIONS")
    _track_activity = True

    @guarded
    async def post(self) -> None:
        """Answer with what the kernel holds then; 202 while the issuer has not answered."""
        kernel, name = _read(self.json_body())
        try:
            held = await self.ask(self.oversight.deliver(kernel, name), PATIENCE)
        except TimeoutError:
            self.respond({"lease": None, "outstanding": True}, HTTPStatus.ACCEPTED)
            return
        self.respond({"lease": as_json(held), "outstanding": False})


def _read(body: dict[str, Any]) -> tuple[str, str]:
    if body.keys() != {"kernel", "credential"}:
        raise BadRequestError("The body needs `kernel` and `credential`, and nothing else")
    kernel, name = body["kernel"], body["credential"]
    if not isinstance(kernel, str) or not 0 < len(kernel) <= _LONGEST:
        raise BadRequestError(f"The value of `kernel` is no text of 1 to {_LONGEST} characters")
    if not is_name(name):
        raise BadRequestError(f"A credential is called by {NAME_FORM}")
    return kernel, name

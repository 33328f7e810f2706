"""Keys that a browser gives to be stored. They travel once, in the body, and never back."""

from __future__ import annotations

import re
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.issue.embedded.openbao import NAME
from jupyter_qcred.issue.embedded.pasted import BadValueError, secret_of
from jupyter_qcred.server.keys import AlreadyStoredError, main_field

from .base import BadRequestError, CredentialsHandler, RefusedError, guarded

if TYPE_CHECKING:
    from jupyter_qcred.core.secret import Secret

_FIELD: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MOST_FIELDS: Final = 16


class CredentialHandler(CredentialsHandler):
    """``/credentials/<name>``."""

    SUPPORTED_METHODS = ("PUT", "OPTIONS")
    _track_activity = True

    @guarded
    async def put(self, name: str) -> None:
        """Store a key in the embedded OpenBao; one that is there stays, unless told otherwise."""
        fields, replace = _read(name, self.json_body())
        store = partial(self.parts.keys.store, name, fields, replace=replace, who=self.who())
        try:
            await self.service.workers.run(store)
        except AlreadyStoredError:
            raise RefusedError(
                HTTPStatus.CONFLICT,
                "already_stored",
                "There is a key of this name already",
                "Say that it is to be replaced, or choose another name",
            ) from None
        self.log.warning("jupyter_qcred: a browser stored a key as %s", name)
        self.respond({"stored": name, "fields": sorted(fields)})


def _read(name: str, body: dict[str, Any]) -> tuple[dict[str, Secret], bool]:
    if not NAME.fullmatch(name):
        raise BadRequestError(
            "A credential is called by lower-case letters, digits and hyphens, 64 at most"
        )
    if not body.keys() <= {"value", "fields", "replace"} or ("value" in body) == ("fields" in body):
        raise BadRequestError("The body needs `value` or `fields`, and may have `replace`")
    replace = body.get("replace", False)
    if not isinstance(replace, bool):
        raise BadRequestError("`replace` is neither true nor false")
    fields = {main_field(name): body["value"]} if "value" in body else body["fields"]
    if not isinstance(fields, dict) or not 0 < len(fields) <= _MOST_FIELDS:
        raise BadRequestError(f"`fields` is no object of 1 to {_MOST_FIELDS} texts")
    if not all(_FIELD.fullmatch(field) for field in fields):
        raise BadRequestError("A field is called by letters, digits, _ and -, 64 at most")
    return {field: _secret(field, text) for field, text in fields.items()}, replace


def _secret(field: str, text: object) -> Secret:
    if not isinstance(text, str):
        raise BadRequestError(f"The value of {field} is no text")
    try:
        text.encode()
        return secret_of(text, field)
    except UnicodeEncodeError:
        raise BadRequestError(f"The value of {field} is no text") from None
    except BadValueError as error:
        raise BadRequestError(str(error).rstrip(".")) from None

"""Texts that somebody says are no secrets."""

from __future__ import annotations

import asyncio
import re
from datetime import date
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from jupyter_qcred.detect import Allowance
from jupyter_qcred.server.threads import redacting_threads

from .base import BadRequestError, CredentialsHandler, RefusedError, guarded

_FINGERPRINT: Final = re.compile(r"[A-Z2-7]{16}")
_LONGEST: Final = 500
_KEYS: Final = {"fingerprint", "reason", "until"}


class AllowedHandler(CredentialsHandler):
    """``/allowed``."""

    SUPPORTED_METHODS = ("POST", "OPTIONS")
    _track_activity = True

    @guarded
    async def post(self) -> None:
        """Leave a text as it is from the next save on; only one that a save has just redacted."""
        allowance = _allowance(self.json_body(), self.who())
        saving = self.parts.saving
        if saving is None or not saving.receipts.knows(allowance.fingerprint):
            raise RefusedError(
                HTTPStatus.NOT_FOUND,
                "not_found",
                "No save of this server has redacted a text with this fingerprint",
                "Save the notebook again, and take the fingerprint from /redactions",
            )
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(redacting_threads(), partial(saving.allow, allowance))
        until = allowance.until
        self.respond(
            {
                "fingerprint": allowance.fingerprint,
                "reason": allowance.reason,
                "who": allowance.who,
                "until": until.isoformat() if until is not None else None,
            }
        )


def _allowance(body: dict[str, Any], who: str) -> Allowance:
    if not {"fingerprint", "reason"} <= body.keys() <= _KEYS:
        raise BadRequestError("The body needs `fingerprint` and `reason`, and may have `until`")
    fingerprint, reason = body["fingerprint"], body["reason"]
    if not isinstance(fingerprint, str) or not _FINGERPRINT.fullmatch(fingerprint):
        raise BadRequestError("`fingerprint` is no fingerprint")
    if not isinstance(reason, str) or not 0 < len(reason.strip()) <= len(reason) <= _LONGEST:
        raise BadRequestError(f"`reason` is no text of 1 to {_LONGEST} characters")
    if not _is_text(reason):
        raise BadRequestError("`reason` holds what is no text")
    return Allowance(
        fingerprint=fingerprint, reason=reason.strip(), who=who, until=_day(body.get("until"))
    )


def _is_text(reason: str) -> bool:
    """Whether it can be written to a file: JSON's escapes can spell half a character."""
    try:
        reason.encode()
    except UnicodeEncodeError:
        return False
    return True


def _day(value: object) -> date | None:
    if value is None:
        return None
    try:
        # Other forms of ISO 8601, such as 20270131, are not what the document says.
        if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise BadRequestError("`until` is no date such as 2027-01-31")

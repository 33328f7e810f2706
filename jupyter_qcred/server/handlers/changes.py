"""What has changed since a client looked last."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from math import isfinite
from typing import TYPE_CHECKING, Final

from jupyter_qcred.server.changes import LONGEST_WAIT, StoppingError, TooManyError

from .base import BadRequestError, CredentialsHandler, RefusedError, guarded

if TYPE_CHECKING:
    from jupyter_qcred.server.changes import News

_LONGEST_ID: Final = 128
_WAIT: Final = "25"


class ChangesHandler(CredentialsHandler):
    """``/changes``."""

    SUPPORTED_METHODS = ("GET", "OPTIONS")

    _waiting: asyncio.Task[News] | None = None

    @guarded
    async def get(self) -> None:
        """Answer as soon as something is new since ``?since=``, or after ``?wait=`` seconds."""
        since = self.get_query_argument("since", "")
        if len(since) > _LONGEST_ID:
            raise BadRequestError("`since` is no id of an answer")
        wait = _seconds(self.get_query_argument("wait", _WAIT))
        self._waiting = asyncio.ensure_future(self.parts.changes.after(since, wait))
        try:
            news = await self._waiting
        except StoppingError:
            raise _stopping() from None
        except TooManyError:
            self.set_header("Retry-After", "10")
            raise _too_many() from None
        except asyncio.CancelledError:
            return  # whoever asked is gone
        shown = self.parts.shown(news.status) if news.status is not None else None
        self.respond(
            {
                "id": news.id,
                "status": shown,
                "resumed": news.resumed,
                "redactions": list(news.redactions),
            }
        )

    def on_connection_close(self) -> None:
        """Wait for nobody."""
        if self._waiting is not None:
            self._waiting.cancel()
        super().on_connection_close()


def _seconds(text: str) -> float:
    try:
        wait = float(text)
    except ValueError:
        wait = -1.0
    if not (isfinite(wait) and 0 <= wait <= LONGEST_WAIT):
        raise BadRequestError(f"`wait` is no number from 0 to {LONGEST_WAIT:g}")
    return wait


def _stopping() -> RefusedError:
    return RefusedError(
        HTTPStatus.SERVICE_UNAVAILABLE, "stopping", "This server is stopping", "Start it again"
    )


def _too_many() -> RefusedError:
    return RefusedError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "busy",
        "As many clients wait for changes as may",
        "Close a window, or ask for /status instead",
    )

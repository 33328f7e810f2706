"""Whether a request that failed can have been carried out."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Final

from requests import exceptions as http
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

if TYPE_CHECKING:
    from collections.abc import Iterator


_NO_CONNECTION: Final = (
    http.ConnectTimeout,
    ConnectTimeoutError,
    NewConnectionError,
    ssl.SSLError,
)


def never_sent(failure: BaseException) -> bool:
    """Whether the failure proves that no request left: no connection, or no handshake."""
    for cause in _causes(failure):
        if isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return False  # seen after the handshake, too
        if isinstance(cause, _NO_CONNECTION):
            return True
    return False


def _causes(failure: BaseException) -> Iterator[BaseException]:
    """Yield the failure and what requests and urllib3 wrapped into it."""
    seen: BaseException | None = failure
    while seen is not None:
        yield seen
        inner = getattr(seen, "reason", None) or (seen.args[0] if seen.args else None)
        seen = inner if isinstance(inner, BaseException) else None

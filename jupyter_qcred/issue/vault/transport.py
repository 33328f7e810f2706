"""What hvac takes for a session of requests: it sends what it is given, and adds nothing.

No cookies, no redirects, no proxies, no netrc, no hooks. ``requests`` does all of these unless it
is told otherwise, and takes longer for it than for the request itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from json import dumps
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import urlsplit

import certifi
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, Timeout

from jupyter_qcred.issue.vault.unixsocket import UnixPool

if TYPE_CHECKING:
    from collections.abc import Mapping

UNIX: Final = "unix://"
_POOL: Final = 32  # more than the threads of any caller; unused ones cost nothing


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, read to its end.

    Attributes:
        status: HTTP status.
        headers: by name, in any case.
        data: the body.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    data: bytes = field(repr=False)

    @property
    def ok(self) -> bool:
        """What hvac looks at."""
        return self.status < 400


class Transport:
    """A pool of connections to one address. Safe to call from several threads.

    Args:
        address: ``https://host:port``, ``http://host:port`` or ``unix:///abs/socket``.
        ca_file: bundle of trusted authorities; empty means certifi's.
    """

    # hvac asks a session for these. They are about requests, not about us.
    verify: ClassVar[None] = None
    cert: ClassVar[None] = None
    proxies: ClassVar[None] = None

    def __init__(self, address: str, ca_file: str) -> None:
        self._pool = _pool(address, ca_file)
        self.base_uri = "http://localhost" if address.startswith(UNIX) else address

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        json: Mapping[str, Any] | None = None,
        timeout: tuple[float, float],
        **_: Any,
    ) -> Reply:
        """Send one request, as hvac calls it.

        Args:
            method: of HTTP.
            url: below ``base_uri``.
            headers: to send.
            json: body.
            timeout: seconds until a connection stands, and between two bytes of the answer.

        Raises:
            urllib3.exceptions.HTTPError: there is no answer, or not a whole one.
        """
        body = None if json is None else dumps(json).encode()
        kind = {} if body is None else {"Content-Type": "application/json"}
        connect, read = timeout
        response = self._pool.urlopen(
            method.upper(),
            _path(url),
            body=body,
            headers={**headers, **kind},
            retries=False,
            redirect=False,
            timeout=Timeout(connect=connect, read=read),
        )
        return Reply(response.status, response.headers, response.data)

    def close(self) -> None:
        """Drop the kept connections."""
        self._pool.close()


def _path(url: str) -> str:
    """Return what stands in the request line, of a URL that is quoted already."""
    return url[url.index("/", url.index("://") + 3) :]


def _pool(address: str, ca_file: str) -> HTTPConnectionPool:
    if address.startswith(UNIX):
        return UnixPool(address.removeprefix(UNIX), size=_POOL)
    where = urlsplit(address)
    if where.scheme != "https":
        return HTTPConnectionPool(where.hostname or "", where.port, maxsize=_POOL)
    return HTTPSConnectionPool(
        where.hostname or "",
        where.port,
        maxsize=_POOL,
        cert_reqs="CERT_REQUIRED",
        ca_certs=ca_file or certifi.where(),
    )

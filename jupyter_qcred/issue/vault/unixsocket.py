"""HTTP over a unix socket, for urllib3 and for requests."""

from __future__ import annotations

import socket
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError


class _UnixConnection(HTTPConnection):
    """One connection; fails as a TCP connection of urllib3 does, so callers tell no difference."""

    def __init__(self, host: str, *, socket_path: str, **kwargs: Any) -> None:
        super().__init__(host, **kwargs)
        self._socket_path = socket_path

    def _new_conn(self) -> socket.socket:
        stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            limit = self.timeout
            stream.settimeout(limit if isinstance(limit, int | float) else None)
            stream.connect(self._socket_path)
        except TimeoutError as error:
            stream.close()
            raise ConnectTimeoutError(self, "the socket does not answer") from error
        except OSError as error:
            stream.close()
            raise NewConnectionError(self, f"cannot connect: {error.strerror}") from error
        return stream


class UnixPool(HTTPConnectionPool):
    """Connections to one unix socket.

    Args:
        path: absolute path of the socket. The kernel accepts about 107 bytes.
        size: connections kept open.
    """

    ConnectionCls = _UnixConnection

    def __init__(self, path: str, *, size: int) -> None:
        super().__init__("localhost", maxsize=size, socket_path=path)


class UnixAdapter(HTTPAdapter):
    """Sends every request of the prefix it is mounted on to one unix socket.

    Args:
        path: absolute path of the socket.
        pool_size: connections kept open.
    """

    def __init__(self, path: str, *, pool_size: int = 10) -> None:
        self._pool = UnixPool(path, size=pool_size)
        super().__init__(pool_connections=1, pool_maxsize=pool_size, max_retries=0)

    def get_connection_with_tls_context(self, *_args: Any, **_kwargs: Any) -> HTTPConnectionPool:
        """Return the pool of the socket, whatever the URL's host is."""
        return self._pool

    def close(self) -> None:
        """Close the kept connections."""
        self._pool.close()
        super().close()

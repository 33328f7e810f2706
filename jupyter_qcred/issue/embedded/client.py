"""The few requests we make to the embedded OpenBao, over its unix socket or loopback.

Standard library: no proxy from the environment, no ``VAULT_*``, no token helper, no redirects.
"""

from __future__ import annotations

import http.client
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.core.errors import (
    IssuerBrokenError,
    IssuerError,
    IssuerSealedError,
    IssuerUnreachableError,
    NotEntitledError,
)
from jupyter_qcred.core.secret import Secret
from jupyter_qcred.issue.embedded.sockets import UNIX, connect

if TYPE_CHECKING:
    import socket


_SEE_LOG: Final = "Its log is openbao.log; `jupyter qcred init` names the directory"


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, address: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._address = address
        self._seconds = timeout

    def connect(self) -> None:
        self.sock: socket.socket = connect(self._address, self._seconds)


class Client:
    """One identity's requests.

    Args:
        address: ``unix:///abs/bao.sock`` or ``http://127.0.0.1:port``.
        timeout: seconds for each request.
    """

    def __init__(self, address: str, timeout: float = 10.0) -> None:
        self._address = address
        self._timeout = timeout
        self._token: Secret | None = None

    def login(self, role_id: str, secret_id: Secret) -> None:
        """Log in by AppRole; later requests are made by that identity.

        Raises:
            IssuerError: as for :meth:`request`; a refused secret id is NotEntitledError.
        """
        self._token = None
        try:
            answer = self.request(
                "POST",
                "auth/approle/login",
                {"role_id": role_id, "secret_id": secret_id.reveal()},
            )
        except BadRequestError:
            raise NotEntitledError(
                f"The embedded OpenBao does not know {role_id}", next_step=_SEE_LOG
            ) from None
        try:
            self._token = Secret(answer["auth"]["client_token"])
        except (KeyError, TypeError):
            raise IssuerBrokenError(
                "The embedded OpenBao's answer is no login", next_step=_SEE_LOG
            ) from None

    def request(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Make one request; return the decoded answer, empty where there is none.

        Raises:
            IssuerUnreachableError: no answer.
            IssuerSealedError: it is not unsealed (yet).
            NotEntitledError: 403.
            BadRequestError: any other 4xx but 404, which gives an empty answer.
            IssuerBrokenError: anything else.
        """
        status, content = self._exchange(method, path, body)
        if status == HTTPStatus.NOT_FOUND:
            return {}
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            raise _refusal(status, path)
        try:
            answer = json.loads(content) if content else {}
        except ValueError:
            raise IssuerBrokenError(
                "The embedded OpenBao's answer is no JSON", next_step=_SEE_LOG
            ) from None
        return answer if isinstance(answer, dict) else {}

    def _exchange(self, method: str, path: str, body: dict[str, Any] | None) -> tuple[int, bytes]:
        headers = {"X-Vault-Request": "true"}
        if self._token is not None:
            headers["X-Vault-Token"] = self._token.reveal()
        content = None if body is None else json.dumps(body).encode()
        link = self._connection()
        try:
            link.request(method, f"/v1/{path}", content, headers)
            answer = link.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            raise IssuerUnreachableError(
                "The embedded OpenBao does not answer", next_step=f"Try again. {_SEE_LOG}"
            ) from None
        finally:
            link.close()

    def _connection(self) -> http.client.HTTPConnection:
        if self._address.startswith(UNIX):
            return _UnixConnection(self._address, self._timeout)
        return http.client.HTTPConnection(
            self._address.removeprefix("http://"), timeout=self._timeout
        )


class BadRequestError(IssuerError):
    """The request itself is refused; a retry changes nothing."""


def _refusal(status: int, path: str) -> Exception:
    answers = f"The embedded OpenBao answers {path} with {status}"
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return IssuerSealedError("The embedded OpenBao is sealed", next_step=_SEE_LOG)
    if status == HTTPStatus.FORBIDDEN:
        return NotEntitledError(
            answers, next_step="Bring its policies up to date: `jupyter qcred init`"
        )
    if status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return BadRequestError(answers, next_step=_SEE_LOG)
    return IssuerBrokenError(answers, next_step=_SEE_LOG)

"""What all handlers share: who may come in, how they ask the service, how they say no."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypeVar

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado import web

from jupyter_qcred.core.errors import (
    ConfigError,
    IssuerError,
    LeaseExpiredError,
    NeedsLoginError,
    NotEntitledError,
    NotStoredError,
    PendingApprovalError,
    QcredError,
    UnknownCredentialError,
)
from jupyter_qcred.deliver.oversight import Oversight
from jupyter_qcred.deliver.overview import as_json, moment

if TYPE_CHECKING:
    from jupyter_qcred.deliver.overview import ServerOverview
    from jupyter_qcred.deliver.service import CredentialService
    from jupyter_qcred.server.changes import Changes
    from jupyter_qcred.server.keys import KeyStore
    from jupyter_qcred.server.saving import SaveRedaction

T = TypeVar("T")
Verb = TypeVar("Verb", bound=Callable[..., Coroutine[Any, Any, None]])

PARTS: Final = "qcred_api"
"""Where the application keeps an ``ApiParts`` among its settings."""

AUTH_RESOURCE: Final = "qcred"
"""What an authorizer is asked about: ``read`` for GET, ``write`` for the other verbs."""

PATIENCE: Final = 2.0
"""Seconds that an answer waits for the issuer. What takes longer goes on, and the answer is 202."""

LONGEST_BODY: Final = 512 * 1024
"""Bytes of a request's body."""

_RANDOM: Final = re.compile(r"[0-9a-f]{32}|")
_LONGEST_NAME: Final = 500

_SLACK: Final = 3.0
"""Seconds more, in which the service itself has to answer."""

_STATUS: Final[tuple[tuple[type[QcredError], HTTPStatus], ...]] = (
    (UnknownCredentialError, HTTPStatus.NOT_FOUND),
    (NotEntitledError, HTTPStatus.FORBIDDEN),
    (ConfigError, HTTPStatus.CONFLICT),
    (NotStoredError, HTTPStatus.CONFLICT),
    (NeedsLoginError, HTTPStatus.CONFLICT),
    (PendingApprovalError, HTTPStatus.CONFLICT),
    (LeaseExpiredError, HTTPStatus.CONFLICT),
)


def guarded(method: Verb) -> Verb:
    """Let only authenticated users in whom the server's authorizer allows it."""
    return web.authenticated(authorized(method))  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class ApiParts:
    """What the handlers of one server speak to.

    Attributes:
        saving: None where saves are not redacted.
    """

    service: CredentialService
    saving: SaveRedaction | None
    keys: KeyStore
    changes: Changes

    async def status(self) -> dict[str, Any]:
        """Return everything that people may see, as JSON has it.

        Raises:
            TimeoutError: the service does not answer in time.
        """
        return self.shown(await look(self.service))

    def shown(self, overview: ServerOverview) -> dict[str, Any]:
        """Return a state as JSON has it, with what can be done with this server."""
        return {
            **as_json(overview),
            "stores_keys": self.keys.usable,
            "redacts_saves": self.saving is not None,
        }


async def look(service: CredentialService) -> ServerOverview:
    """Return everything that people may see.

    Raises:
        TimeoutError: the service does not answer in time.
    """
    return await service.ask(Oversight(service).status(), PATIENCE + _SLACK)


class CredentialsHandler(APIHandler):
    """Parses, asks the service, responds with JSON."""

    auth_resource = AUTH_RESOURCE
    # A panel that looks every few seconds must not keep an idle server from being culled.
    _track_activity = False

    @property
    def service(self) -> CredentialService:
        """The service of this server."""
        return self.parts.service

    @property
    def parts(self) -> ApiParts:
        """What this server's handlers speak to."""
        parts: ApiParts = self.settings[PARTS]
        return parts

    @property
    def oversight(self) -> Oversight:
        """What people may see and do."""
        return Oversight(self.service)

    def who(self) -> str:
        """Return whoever logged in; a server's token gives everybody a random name."""
        name: str = self.current_user.username
        return self.service.user if _RANDOM.fullmatch(name) else name[:_LONGEST_NAME]

    async def ask(self, coroutine: Coroutine[Any, Any, T], timeout: float = PATIENCE + _SLACK) -> T:
        """Run a coroutine where credentials live, while this server's own loop goes on.

        Raises:
            TimeoutError: no result within ``timeout`` seconds; it goes on by itself.
            QcredError: from the coroutine.
        """
        return await self.service.ask(coroutine, timeout)

    def respond(self, body: dict[str, Any], status: HTTPStatus = HTTPStatus.OK) -> None:
        """Send an answer, and the server's time with it."""
        self.set_status(status)
        self.set_header("Cache-Control", "no-store")
        self.finish(json.dumps({"now": moment(self.service.clock.wall()), **body}))

    def json_body(self) -> dict[str, Any]:
        """Return the request's body, a JSON object.

        Raises:
            BadRequestError: it is none, or is called something else than JSON, which browsers send
                to other sites unasked. The body itself is not logged: it may hold anything.
        """
        kind = self.request.headers.get("Content-Type", "").partition(";")[0]
        if kind.strip().lower() != "application/json":
            raise BadRequestError(
                "The body is not application/json", HTTPStatus.UNSUPPORTED_MEDIA_TYPE
            )
        if len(self.request.body) > LONGEST_BODY:
            raise BadRequestError(f"The body is longer than {LONGEST_BODY} bytes")
        try:
            body = json.loads(self.request.body)
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            raise BadRequestError("The body is not a JSON object")
        return body

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Say what failed and what to do next, as JSON; nothing of the request is repeated."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        if isinstance(error, BadRequestError):
            status_code = error.status
            body = {"code": "bad_request", "reason": str(error), "next_step": _READ_THE_DOCUMENT}
        elif isinstance(error, QcredError):
            status_code = self._status_of(error)
            body = {"code": error.code, "reason": error.reason, "next_step": error.next_step}
        elif isinstance(error, RefusedError):
            status_code = error.status
            body = {"code": error.code, "reason": error.reason, "next_step": error.next_step}
        elif isinstance(error, TimeoutError):
            status_code = HTTPStatus.SERVICE_UNAVAILABLE
            body = {
                "code": "busy",
                "reason": "The server's credential service does not answer",
                "next_step": "Try again; if it lasts, see the server's log",
            }
        else:
            body = _of_http(status_code)
        if status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            self.set_header("Allow", ", ".join(self.SUPPORTED_METHODS))
        self.set_status(status_code)
        self.set_header("Cache-Control", "no-store")
        # `message` is what Jupyter's front-ends show.
        self.finish(json.dumps({"message": f"{body['reason']}. {body['next_step']}.", **body}))

    @staticmethod
    def _status_of(error: QcredError) -> int:
        if isinstance(error, IssuerError):
            retryable = error.retryable
            return HTTPStatus.SERVICE_UNAVAILABLE if retryable else HTTPStatus.BAD_GATEWAY
        for kind, status in _STATUS:
            if isinstance(error, kind):
                return status
        return HTTPStatus.INTERNAL_SERVER_ERROR

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Log faults of ours; a refusal is an answer, which the client gets."""
        if not isinstance(value, BadRequestError | RefusedError | QcredError | TimeoutError):
            super().log_exception(typ, value, tb)


class BadRequestError(Exception):
    """The request is not what this route takes; the message says why, and quotes none of it."""

    def __init__(self, why: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        self.status = status
        super().__init__(why)


class RefusedError(Exception):
    """A well-formed request that is not carried out; see the attributes of ``QcredError``."""

    def __init__(self, status: HTTPStatus, code: str, reason: str, next_step: str) -> None:
        self.status = status
        self.code = code
        self.reason = reason
        self.next_step = next_step
        super().__init__(reason)


_READ_THE_DOCUMENT: Final = "See openapi.yaml of jupyter_qcred"

_HTTP: Final = {
    HTTPStatus.BAD_REQUEST: (
        "bad_request",
        "The request is not what this address takes",
        _READ_THE_DOCUMENT,
    ),
    HTTPStatus.FORBIDDEN: (
        "forbidden",
        "This server does not let you do that",
        "Log in, send its token, or ask whoever runs it",
    ),
    HTTPStatus.NOT_FOUND: ("not_found", "There is nothing here", "Check the address"),
    HTTPStatus.METHOD_NOT_ALLOWED: (
        "method_not_allowed",
        "This address does not know this verb",
        _READ_THE_DOCUMENT,
    ),
}


def _of_http(status_code: int) -> dict[str, str]:
    code, reason, next_step = _HTTP.get(
        HTTPStatus(status_code),
        ("error", HTTPStatus(status_code).phrase, "See the server's log"),
    )
    return {"code": code, "reason": reason, "next_step": next_step}

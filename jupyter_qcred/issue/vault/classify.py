"""Every way in which Vault fails, as one of our errors.

An answer is judged by its status, and by a few phrases of its error list where one status means
several things. Phrases are only looked for: no text of an answer, no exception of requests and no
header ever gets into an error of ours.

``ambiguous`` is set when the request would change something and may have been carried out: always,
unless the failure proves that it was not (no connection, refused before execution).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import requests
from requests import exceptions as http
from urllib3.exceptions import NewConnectionError

from jupyter_qcred.core.errors import (
    ConfigError,
    IssuerBrokenError,
    IssuerError,
    IssuerSealedError,
    IssuerThrottledError,
    IssuerUnreachableError,
    LeaseExpiredError,
    NotEntitledError,
    QcredError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Call:
    """What was asked, in words for a message.

    Attributes:
        doing: completes "… while": ``asking for the server token``.
        method: HTTP method.
        path: API path without ``/v1/``.
        changes: the request changes something upstream (a read of a dynamic source does).
        credential: the credential's name where there is one.
    """

    doing: str
    method: str
    path: str
    changes: bool
    credential: str | None = None

    @property
    def capability(self) -> str:
        """The right that a policy must give for this call."""
        return "read" if self.method == "GET" else "update"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of Vault, whatever its status.

    Attributes:
        status: HTTP status.
        body: the JSON object; empty for 204 and for what is not JSON.
        errors: the error list, in lower case, or the start of a text that is not JSON.
        valid: the body is what the API promises: an object, or nothing at all.
    """

    status: int
    body: Mapping[str, Any] = field(default_factory=dict, repr=False)
    errors: tuple[str, ...] = field(default=(), repr=False)
    valid: bool = True

    @property
    def ok(self) -> bool:
        """Carried out, and the answer makes sense."""
        return 200 <= self.status < 300 and self.valid

    def says(self, *phrases: str) -> bool:
        """Whether an error holds one of the phrases (lower case)."""
        return any(phrase in error for error in self.errors for phrase in phrases)


_NO_LEADER: Final = ("leadership lost", "local node not active", "no active", "standby")
_SEALED: Final = ("sealed", "not initialized", "not yet initialized")
_PAST_MAXIMUM: Final = ("past the max ttl", "past max ttl")
_PLAIN_TO_TLS: Final = ("http request to an https server",)
_NO_ROUTE: Final = ("no handler for route", "unsupported path", "route entry not found")


def _never_sent(failure: requests.RequestException) -> bool:
    if isinstance(failure, http.ConnectTimeout | http.SSLError):
        return True
    reason = failure.args[0] if failure.args else None
    return isinstance(getattr(reason, "reason", reason), NewConnectionError)


def of_transport(failure: requests.RequestException, call: Call, issuer: str) -> QcredError:
    """Return our error for a request that got no answer."""
    ambiguous = call.changes and not _never_sent(failure)
    if isinstance(failure, http.SSLError):
        return IssuerUnreachableError(
            f"no trusted TLS connection to {issuer}",
            next_step="Set ca_file to the authority that signed its certificate, and check that "
            "the address's host and scheme (https or http) are the server's own",
            credential=call.credential,
        )
    if isinstance(failure, http.InvalidURL | http.MissingSchema | http.InvalidSchema):
        return ConfigError(
            f"no request can be made to {issuer}", next_step="Correct the address of the issuer"
        )
    if isinstance(failure, http.ConnectTimeout):
        how = "did not accept a connection in time"
    elif isinstance(failure, http.Timeout):
        how = "did not answer in time"
    elif _never_sent(failure):
        how = "cannot be reached"
    else:
        how = "broke the connection"
    return IssuerUnreachableError(
        f"{issuer} {how} while {call.doing}", credential=call.credential, ambiguous=ambiguous
    )


def of_answer(answer: Answer, call: Call, issuer: str) -> QcredError:
    """Return our error for an answer that is not ``ok``.

    A 403 is taken as a missing right here: whether the token is alive is for the caller to find out.
    """
    if answer.status < 300:
        return _broken(answer, call, issuer)
    if answer.status < 400:
        return IssuerUnreachableError(
            f"{issuer} points to another address (HTTP {answer.status}), which is not followed",
            next_step="Set the address to the active node or to the load balancer in front of it",
            credential=call.credential,
        )
    if answer.status < 500:
        return _refused(answer, call, issuer)
    return _failed(answer, call, issuer)


def _refused(answer: Answer, call: Call, issuer: str) -> QcredError:
    if answer.says(*_PLAIN_TO_TLS):
        return ConfigError(
            f"{issuer} speaks TLS and was asked without",
            next_step="Write the address with https://",
        )
    if answer.status == 429:
        return IssuerThrottledError(
            f"{issuer} limits the rate of requests: {call.doing} has to wait",
            credential=call.credential,
        )
    if answer.status == 412 or answer.says(*_NO_LEADER):
        return _no_leader(call, issuer)
    if answer.says(*_PAST_MAXIMUM):
        return past_maximum(call)
    if answer.status in {401, 403}:
        return missing_right(call, issuer)
    if answer.status == 404:
        return ConfigError(
            f"{issuer} has nothing at {call.path}, needed for {call.doing}",
            next_step="Check the mount, the path and the namespace",
            credential=call.credential,
        )
    if answer.status == 405 or answer.says(*_NO_ROUTE):
        return ConfigError(
            f"{call.path} of {issuer} does not allow {call.doing}",
            next_step="Check the kind and the path of the source",
            credential=call.credential,
        )
    return IssuerError(
        f"{issuer} refused {call.doing} at {call.path} (HTTP {answer.status})",
        next_step="Check the role, the policy and the parameters of that path; "
        "the issuer's audit log has the reason",
        credential=call.credential,
    )


def _failed(answer: Answer, call: Call, issuer: str) -> QcredError:
    if answer.says(*_PAST_MAXIMUM):
        return past_maximum(call)
    if answer.says(*_SEALED) or answer.status == 501:
        return IssuerSealedError(
            f"{issuer} is sealed or not initialised", credential=call.credential
        )
    if answer.status in {502, 503, 504} or answer.says(*_NO_LEADER):
        return _no_leader(call, issuer)
    return _broken(answer, call, issuer)


def _no_leader(call: Call, issuer: str) -> QcredError:
    return IssuerUnreachableError(
        f"{issuer} has no active node at the moment, {call.doing} is undecided",
        next_step="It is retried by itself; if it lasts, ask your operator",
        credential=call.credential,
        ambiguous=call.changes,
    )


def _broken(answer: Answer, call: Call, issuer: str) -> QcredError:
    return IssuerBrokenError(
        f"{issuer} gave an answer that makes no sense (HTTP {answer.status}) while {call.doing}",
        credential=call.credential,
        ambiguous=call.changes,
    )


def unexpected(what: str, call: Call, issuer: str) -> QcredError:
    """Return the error for a good answer that lacks what the API promises."""
    return IssuerBrokenError(
        f"{issuer} answered {call.doing} without {what}",
        credential=call.credential,
        ambiguous=call.changes,
    )


def past_maximum(call: Call) -> QcredError:
    """Return the error for a renewal beyond the longest life: only a new issue helps."""
    return LeaseExpiredError(
        "the longest life that the role allows is used up",
        next_step="Get the credential again; restart the kernel if that fails",
        credential=call.credential,
    )


def missing_right(call: Call, issuer: str) -> QcredError:
    """Return the error for a live token whose policies do not allow the call."""
    return NotEntitledError(
        f"{issuer} does not allow {call.doing}: `{call.capability}` on `{call.path}` is missing",
        next_step=f"Ask your operator for a policy with `{call.capability}` on `{call.path}`",
        credential=call.credential,
    )


def dead_token(call: Call, issuer: str) -> QcredError:
    """Return the error for a token that Vault no longer knows."""
    return LeaseExpiredError(
        f"the token used for {call.doing} is dead at {issuer}: expired or revoked",
        next_step="The server logs in again by itself; restart the kernel if it does not",
        credential=call.credential,
    )

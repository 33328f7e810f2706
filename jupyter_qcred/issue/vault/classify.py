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
    from collections.abc import Callable, Mapping


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

    A 403 is taken as a missing right: whether the token is alive, the caller has to find out.
    """
    for phrases, build in _BY_PHRASE:
        if answer.status >= 400 and answer.says(*phrases):
            return build(call, issuer)
    if answer.status in _BY_STATUS:
        return _BY_STATUS[answer.status](call, issuer)
    if 300 <= answer.status < 400:
        return _elsewhere(call, issuer)
    if 400 <= answer.status < 500:
        return _refused(call, issuer)
    return _broken(call, issuer)


def _elsewhere(call: Call, issuer: str) -> QcredError:
    return IssuerUnreachableError(
        f"{issuer} points to another address, which is not followed",
        next_step="Set the address to the active node or to the load balancer in front of it",
        credential=call.credential,
    )


def _plain_to_tls(call: Call, issuer: str) -> QcredError:
    return ConfigError(
        f"{issuer} speaks TLS and was asked without",
        next_step="Write the address with https://",
        credential=call.credential,
    )


def _throttled(call: Call, issuer: str) -> QcredError:
    return IssuerThrottledError(
        f"{issuer} limits the rate of requests: {call.doing} has to wait",
        credential=call.credential,
    )


def _sealed(call: Call, issuer: str) -> QcredError:
    return IssuerSealedError(f"{issuer} is sealed or not initialised", credential=call.credential)


def _no_leader(call: Call, issuer: str) -> QcredError:
    return IssuerUnreachableError(
        f"{issuer} has no active node at the moment: {call.doing} is undecided",
        next_step="It is retried by itself; if it lasts, ask your operator",
        credential=call.credential,
        ambiguous=call.changes,
    )


def _not_ready(call: Call, issuer: str) -> QcredError:
    return IssuerUnreachableError(
        f"{issuer} is still preparing the engine needed for {call.doing}",
        next_step="It is retried by itself",
        credential=call.credential,
    )


def _nothing_there(call: Call, issuer: str) -> QcredError:
    return ConfigError(
        f"{issuer} has nothing at `{call.path}`, needed for {call.doing}",
        next_step="Check the mount, the path and the namespace",
        credential=call.credential,
    )


def _wrong_kind(call: Call, issuer: str) -> QcredError:
    return ConfigError(
        f"`{call.path}` of {issuer} does not do {call.doing}",
        next_step="Check the kind, the path and the parameters of the source",
        credential=call.credential,
    )


def _refused(call: Call, issuer: str) -> QcredError:
    return IssuerError(
        f"{issuer} refused {call.doing} at `{call.path}`",
        next_step="Check the role, the policies and the parameters there; "
        "the issuer's own log has the reason",
        credential=call.credential,
    )


def _broken(call: Call, issuer: str) -> QcredError:
    return IssuerBrokenError(
        f"{issuer} failed, or answered nonsense, while {call.doing}",
        credential=call.credential,
        ambiguous=call.changes,
    )


def past_maximum(call: Call, issuer: str) -> QcredError:
    """Return the error for a renewal beyond the longest life: only a new issue helps."""
    return LeaseExpiredError(
        f"the longest life that {issuer} allows is used up",
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


def ended_lease(call: Call, issuer: str) -> QcredError:
    """Return the error for a lease that is gone or cannot be extended."""
    return LeaseExpiredError(
        f"the lease is over at {issuer}, or cannot be extended",
        next_step="Get the credential again",
        credential=call.credential,
    )


def unexpected(what: str, call: Call, issuer: str) -> QcredError:
    """Return the error for a good answer that lacks what the API promises."""
    return IssuerBrokenError(
        f"{issuer} answered {call.doing} without {what}",
        credential=call.credential,
        ambiguous=call.changes,
    )


_BY_PHRASE: Final[tuple[tuple[tuple[str, ...], Callable[[Call, str], QcredError]], ...]] = (
    (("http request to an https server",), _plain_to_tls),
    (("past the max ttl", "past max ttl"), past_maximum),
    # A cluster without quorum: 400 and 500, where one expects 503.
    (("leadership lost", "local node not active", "no active"), _no_leader),
    (("is sealed", "not initialized"), _sealed),
    (("upgrading from non-versioned", "waiting for the primary to upgrade"), _not_ready),
    (("no handler for route", "namespace not found"), _nothing_there),
    (("unsupported path", "unsupported operation"), _wrong_kind),
)

_BY_STATUS: Final[Mapping[int, Callable[[Call, str], QcredError]]] = {
    401: missing_right,
    403: missing_right,
    404: _nothing_there,
    405: _wrong_kind,
    412: _no_leader,  # HashiCorp Vault Enterprise: the node has not yet caught up
    429: _throttled,
    501: _sealed,
    502: _no_leader,
    503: _no_leader,
    504: _no_leader,
}

"""Every way in which Vault fails, as one of our errors.

An answer is judged by its status, and by a few phrases of its error list where one status means
several things. Phrases are only looked for: no text of an answer, no exception of urllib3 and no
header ever gets into an error of ours.

``ambiguous`` is set when the request would change something and may have been carried out: always,
unless the failure proves that it was not (no connection, refused before execution).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from urllib3 import exceptions as http

from jupyter_qcred.core.errors import IssuerError, IssuerUnreachableError
from jupyter_qcred.issue.unsent import never_sent
from jupyter_qcred.issue.vault import problems

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jupyter_qcred.core.errors import QcredError
    from jupyter_qcred.issue.vault.call import Answer, Call


def of_transport(failure: Exception, call: Call, issuer: str) -> QcredError:
    """Return our error for a request that got no answer."""
    if isinstance(failure, http.SSLError):
        reason = f"no trusted TLS connection to {issuer}"
    elif isinstance(failure, http.ConnectTimeoutError):
        reason = f"{issuer} did not accept a connection in time, needed for {call.doing}"
    elif isinstance(failure, http.TimeoutError):
        reason = f"{issuer} did not answer in time while {call.doing}"
    elif never_sent(failure):
        reason = f"{issuer} cannot be reached for {call.doing}"
    else:
        reason = f"{issuer} broke the connection while {call.doing}"
    return IssuerUnreachableError(
        reason,
        next_step=_TLS_ADVICE if isinstance(failure, http.SSLError) else None,
        credential=call.credential,
        ambiguous=call.changes and not never_sent(failure),
    )


_TLS_ADVICE: Final = (
    "Set ca_file to the authority that signed its certificate, and check that the address has the "
    "host of the certificate and the scheme (https or http) that is spoken there"
)


def of_answer(answer: Answer, call: Call, issuer: str) -> QcredError:
    """Return our error for an answer that is not ``ok``.

    A 403 is taken as a missing right: whether the token is alive, the caller has to find out.
    """
    problem = _of_status(answer, call, issuer)
    if isinstance(problem, IssuerError):
        problem.retry_after = answer.retry_after
    return problem


def _of_status(answer: Answer, call: Call, issuer: str) -> QcredError:
    for phrases, build in _BY_PHRASE:
        if answer.status >= 400 and answer.says(*phrases):
            return build(call, issuer)
    if answer.status in _BY_STATUS:
        return _BY_STATUS[answer.status](call, issuer)
    if 300 <= answer.status < 400:
        return problems.elsewhere(call, issuer)
    if 400 <= answer.status < 500:
        return problems.refused(call, issuer)
    return problems.broken(call, issuer)


_BY_PHRASE: Final[tuple[tuple[tuple[str, ...], Callable[[Call, str], QcredError]], ...]] = (
    (("http request to an https server",), problems.plain_to_tls),
    (("past the max ttl", "past max ttl"), problems.past_maximum),
    # A cluster without quorum: 400 and 500, where one expects 503.
    (("leadership lost", "local node not active", "no active"), problems.no_leader),
    (("is sealed", "not initialized"), problems.sealed),
    (("upgrading from non-versioned", "waiting for the primary to upgrade"), problems.not_ready),
    (("no handler for route", "namespace not found"), problems.nothing_there),
    (("unsupported path", "unsupported operation"), problems.wrong_kind),
)

_BY_STATUS: Final[Mapping[int, Callable[[Call, str], QcredError]]] = {
    401: problems.missing_right,
    403: problems.missing_right,
    404: problems.nothing_there,
    405: problems.wrong_kind,
    412: problems.no_leader,  # HashiCorp Vault Enterprise: the node has not yet caught up
    429: problems.throttled,
    501: problems.sealed,
    502: problems.no_leader,
    503: problems.no_leader,
    504: problems.no_leader,
}

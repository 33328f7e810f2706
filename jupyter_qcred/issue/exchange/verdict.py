"""Every way in which a vendor refuses or fails, as one of our errors.

A vendor says more than a status: OAuth has its ``error`` (RFC 6749, 5.2), others have codes of
their own. Each exchange knows what its vendor's codes mean; here is what becomes of that. No text
of an answer gets into an error: codes are only compared.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from jupyter_qcred.core.errors import (
    ConfigError,
    IssuerBrokenError,
    IssuerError,
    NotEntitledError,
    QcredError,
)
from jupyter_qcred.issue.exchange.failures import VendorThrottledError
from jupyter_qcred.issue.exchange.jwt import jwt_end

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_qcred.issue.exchange.exchange import Inputs
    from jupyter_qcred.issue.exchange.line import Answer, Ask, Line

_APART: Final = 60.0
"""Seconds between two clocks at which tokens begin to be refused."""


class Verdict(Enum):
    """What a refusal means."""

    KEY = auto()
    """The key or token is not taken: wrong, expired, revoked."""
    OVER = auto()
    """It was taken once: its time has passed, or has not yet come."""
    RIGHT = auto()
    """It is taken, and grants nothing of this."""
    SETTING = auto()
    """The request will never do: an option of the profile is wrong."""
    ELSEWHERE = auto()
    """There is no such endpoint, or it has moved."""
    RATE = auto()
    """Too many requests."""
    FAILURE = auto()
    """The vendor itself failed."""
    REFUSED = auto()
    """A refusal that says no more."""


OAUTH: Final[Mapping[str, Verdict]] = {
    "invalid_grant": Verdict.KEY,
    "invalid_client": Verdict.KEY,
    "invalid_token": Verdict.KEY,
    "expired_token": Verdict.OVER,
    "unauthorized_client": Verdict.RIGHT,
    "access_denied": Verdict.RIGHT,
    "invalid_request": Verdict.SETTING,
    "invalid_scope": Verdict.SETTING,
    "invalid_target": Verdict.SETTING,
    "invalid_resource": Verdict.SETTING,
    "unsupported_grant_type": Verdict.SETTING,
    "unsupported_token_type": Verdict.SETTING,
    "slow_down": Verdict.RATE,
    "temporarily_unavailable": Verdict.FAILURE,
    "server_error": Verdict.FAILURE,
}
"""The codes of RFC 6749, 8693 and 8707, and those that servers commonly add."""

_BY_STATUS: Final[Mapping[int, Verdict]] = {
    401: Verdict.KEY,
    403: Verdict.RIGHT,
    404: Verdict.ELSEWHERE,
    405: Verdict.ELSEWHERE,
    408: Verdict.FAILURE,
    410: Verdict.ELSEWHERE,
    429: Verdict.RATE,
}


def oauth_verdict(answer: Answer) -> Verdict | None:
    """Return what the ``error`` of an answer in OAuth's form means; None where it has no known."""
    body = answer.json()
    code = body["error"] if body is not None and body.has_text("error") else ""
    return OAUTH.get(code)


def of_answer(
    answer: Answer, ask: Ask, line: Line, inputs: Inputs, code: Verdict | None = None
) -> QcredError:
    """Return our error for an answer whose status is not a success.

    Args:
        answer: what came.
        ask: what it answers.
        line: who was asked.
        inputs: what was handed in.
        code: what the vendor's own code means; None where it has none that is known.
    """
    verdict = _verdict(answer, code)
    if verdict is Verdict.KEY and _has_ended(inputs, answer.now):
        verdict = Verdict.OVER  # most say of an expired assertion only that it is not valid
    who, what = line.named(ask), _handed_in(inputs)
    reason, next_step, kind = _WORDS[verdict]
    told = next_step or (_FEDERATED if inputs.federated else _STORED)
    error = kind(
        reason.format(who=who, what=what, name=line.credential),
        next_step=told.format(name=line.credential) + _clocks(answer, verdict),
        credential=line.credential,
    )
    if isinstance(error, IssuerError):
        error.retry_after = answer.retry_after
        error.ambiguous = verdict is Verdict.FAILURE
    return error


def senseless(lacks: str, ask: Ask, line: Line) -> IssuerBrokenError:
    """Return our error for a success that does not hold what it promises."""
    return IssuerBrokenError(
        f"{line.named(ask)} gave an answer that makes no sense: {lacks}",
        next_step="Check that the address is that of the exchange; it is retried by itself",
        credential=line.credential,
        ambiguous=True,
    )


def _verdict(answer: Answer, code: Verdict | None) -> Verdict:
    status = answer.status
    if status == 429 or status >= 500:
        return Verdict.RATE if status == 429 or code is Verdict.RATE else Verdict.FAILURE
    if 300 <= status < 400:
        return Verdict.ELSEWHERE
    return code or _BY_STATUS.get(status, Verdict.REFUSED)


def _has_ended(inputs: Inputs, now: float) -> bool:
    """Whether a JWT among the inputs is over by its own word, and by the vendor's clock."""
    ends = map(jwt_end, inputs.fields.values())
    return any(end is not None and end <= now for end in ends)


def _handed_in(inputs: Inputs) -> str:
    if inputs.federated:
        return f"the identity token for {inputs.credential}"
    return f"the key stored for {inputs.credential}"


def _clocks(answer: Answer, verdict: Verdict) -> str:
    if verdict not in _TIMELY or abs(answer.skew) < _APART:
        return ""
    way = "behind" if answer.skew > 0 else "ahead of"
    return f". This machine's clock is {abs(answer.skew):.0f} s {way} the vendor's: set it right"


_TIMELY: Final = frozenset({Verdict.KEY, Verdict.OVER, Verdict.RIGHT, Verdict.REFUSED})

_STORED: Final = "Store a valid key with `jupyter qcred put {name}`, or where its profile says"
_FEDERATED: Final = (
    "Check that the vendor trusts the issuer, the subject and the audience of the identity token "
    "for {name}"
)
_SETTINGS: Final = "Check the options of the exchange in the profile {name}"

_WORDS: Final[Mapping[Verdict, tuple[str, str, type[QcredError]]]] = {
    Verdict.KEY: ("{who} does not accept {what}", "", NotEntitledError),
    Verdict.OVER: (
        "{who} says that {what} is not valid at this time: expired, or not yet valid",
        "",
        NotEntitledError,
    ),
    Verdict.RIGHT: (
        "{who} accepts {what} and grants nothing for it",
        "Ask whoever runs the vendor's account for access for {name}",
        NotEntitledError,
    ),
    Verdict.SETTING: ("{who} takes a setting of {name} for wrong", _SETTINGS, ConfigError),
    Verdict.ELSEWHERE: (
        "{who} has no exchange there, or points to another address, which is not followed",
        _SETTINGS,
        ConfigError,
    ),
    Verdict.RATE: (
        "{who} limits the rate of requests",
        "It is retried by itself, more slowly",
        VendorThrottledError,
    ),
    Verdict.FAILURE: (
        "{who} failed",
        "It is retried by itself; if it lasts, see the vendor's status page",
        IssuerBrokenError,
    ),
    Verdict.REFUSED: (
        "{who} refused {what}",
        "Check the key and the options of the exchange in the profile {name}",
        IssuerError,
    ),
}

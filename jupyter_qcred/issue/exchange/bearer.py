"""Reading what a token endpoint answers (RFC 6749, 5.1), for all exchanges that speak OAuth."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Final

from jupyter_qcred.core.errors import ConfigError
from jupyter_qcred.core.secret import Secret
from jupyter_qcred.issue.exchange.exchange import Exchanged, is_value
from jupyter_qcred.issue.exchange.jwt import jwt_end
from jupyter_qcred.issue.exchange.verdict import Verdict, oauth_verdict, of_answer, senseless

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_qcred.core.errors import QcredError
    from jupyter_qcred.issue.exchange.exchange import Inputs
    from jupyter_qcred.issue.exchange.line import Answer, Ask, Line

_LONGEST: Final = 366 * 86400.0


def ask_for_token(
    ask: Ask,
    line: Line,
    inputs: Inputs,
    *,
    lifetime: float | None = None,
    judge: Callable[[Answer], Verdict | None] = oauth_verdict,
) -> Exchanged:
    """Send a request to a token endpoint; return the access token as ``token``.

    Refresh tokens in the answer are dropped: they would outlive the session.

    Args:
        ask: the request.
        line: who is asked.
        inputs: what is handed in, for messages.
        lifetime: seconds to assume where the answer does not tell.
        judge: what a refusal means by the vendor's own codes.

    Raises:
        QcredError: a refusal, a failure, or no token in the answer.
    """
    answer = line.post(ask)
    if not answer.ok:
        raise of_answer(answer, ask, line, inputs, judge(answer))
    body = answer.json()
    problem: QcredError | None = None
    if body is None:
        problem = senseless("it is no JSON object", ask, line)
    elif body.has_text("error"):  # some say so with a 200
        problem = of_answer(answer, ask, line, inputs, judge(answer) or Verdict.REFUSED)
    elif not is_value(body.get("access_token")):
        problem = senseless("it holds no access token", ask, line)
    if body is None or problem is not None:
        raise problem or senseless("it is empty", ask, line)
    token = Secret(body["access_token"])
    ttl = seconds(body.get("expires_in")) if "expires_in" in body else _of_jwt(token, answer)
    if ttl is None and "expires_in" not in body:
        ttl = lifetime
    if ttl is None:
        raise _no_end(ask, line, told="expires_in" in body)
    public = {"token_type": body["token_type"]} if is_value(body.get("token_type")) else {}
    return Exchanged({"token": token}, "token", left(ttl, answer), public)


def seconds(value: object) -> float | None:
    """Return a life in seconds, which some write as text; None where it is none."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if isfinite(value) and 0 < value <= _LONGEST else None


def left(ttl: float, answer: Answer) -> float:
    """Return what is left of a life when its answer has come."""
    return max(1.0, ttl - answer.elapsed)


def until(moment: float | None, answer: Answer) -> float | None:
    """Return the seconds until a moment of the vendor's clock; None where it has passed."""
    return None if moment is None else seconds(moment - answer.now)


def _of_jwt(token: Secret, answer: Answer) -> float | None:
    return until(jwt_end(token), answer)


def _no_end(ask: Ask, line: Line, *, told: bool) -> QcredError:
    if told:
        return senseless("it does not say how long the token lives", ask, line)
    return ConfigError(
        f"{line.named(ask)} does not say how long its tokens live",
        next_step="Set the option lifetime of the exchange, such as 15m",
        credential=line.credential,
    )

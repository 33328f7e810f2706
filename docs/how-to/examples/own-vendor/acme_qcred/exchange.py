"""Runs in the Jupyter server: hands Acme's API key in, and gets a token for some minutes."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from jupyter_qcred.core.secret import Secret
from jupyter_qcred.issue.exchange.bearer import left, seconds
from jupyter_qcred.issue.exchange.exchange import Exchanged, Option, endpoint, is_value
from jupyter_qcred.issue.exchange.line import JSON, Ask, document
from jupyter_qcred.issue.exchange.verdict import Verdict, of_answer, senseless

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_qcred.issue.exchange.exchange import Inputs, Options
    from jupyter_qcred.issue.exchange.line import Answer, Line

URL: Final = "https://login.acme.example/v1/tokens"
_CODES: Final = {"key-unknown": Verdict.KEY, "key-expired": Verdict.OVER}


class AcmeExchange:
    """What ``exchange: acme`` in a profile means."""

    name: Final = "acme"
    title: Final = "Acme Quantum"
    takes: Final = "`api_key`"
    options: Final[Mapping[str, Option]] = MappingProxyType(
        {
            "url": endpoint("where tokens are given, else the public address"),
            "team": Option("team that pays", example="physics"),
        }
    )

    def exchange(self, inputs: Inputs, options: Options, line: Line) -> Exchanged:
        """Return a token."""
        ask = Ask(
            options.get("url", URL),
            # Revealed inside the call: a variable of its own would be shown by a traceback.
            document({"key": inputs.key("api_key").reveal(), "team": options.get("team")}),
            JSON,
        )
        answer = line.post(ask)
        if not answer.ok:
            raise of_answer(answer, ask, line, inputs, _meaning(answer))
        body = answer.json()
        if body is None or not is_value(body.get("token")):
            raise senseless("it holds no token", ask, line)
        ttl = seconds(body.get("expires_in"))
        if ttl is None:
            raise senseless("it does not say how long the token lives", ask, line)
        return Exchanged({"token": Secret(body["token"])}, "token", left(ttl, answer))


def _meaning(answer: Answer) -> Verdict | None:
    body = answer.json()
    return _CODES.get(body["code"]) if body is not None and body.has_text("code") else None

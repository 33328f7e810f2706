"""IBM Cloud IAM: an API key, or a compute resource's token and a trusted profile, for a bearer.

A bearer lives for an hour at most, and cannot be revoked by itself.
Source: cloud.ibm.com/apidocs/iam-identity-token-api, ``getTokenApiKey`` and ``getTokenCrToken``.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from jupyter_qcred.issue.exchange.bearer import ask_for_token
from jupyter_qcred.issue.exchange.exchange import Option, endpoint
from jupyter_qcred.issue.exchange.line import Ask, form
from jupyter_qcred.issue.exchange.verdict import Verdict, oauth_verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_qcred.core.secret import Secret
    from jupyter_qcred.issue.exchange.exchange import Exchanged, Inputs, Options
    from jupyter_qcred.issue.exchange.line import Answer, Line

URL: Final = "https://iam.cloud.ibm.com/identity/token"
_GRANT: Final = "urn:ibm:params:oauth:grant-type:"
_CODES: Final = {"BXNIM0415E": Verdict.KEY}
"""``Provided API key could not be found``, answered with a 400."""


class IbmIam:
    """An exchange; see ``jupyter_qcred.issue.exchange.exchange.Exchange``."""

    name: Final = "ibm-iam"
    title: Final = "IBM Cloud IAM"
    takes: Final = "`api_key`; with `profile_id`: `cr_token`, a compute resource's token"
    options: Final[Mapping[str, Option]] = MappingProxyType(
        {
            "url": endpoint("token endpoint, else the public one"),
            "profile_id": Option("trusted profile to take on", example="Profile-0123"),
        }
    )

    def exchange(self, inputs: Inputs, options: Options, line: Line) -> Exchanged:
        """Return a bearer."""
        fields: dict[str, str | Secret]
        if profile := options.get("profile_id"):
            fields = {
                "grant_type": f"{_GRANT}cr-token",
                "cr_token": inputs.key("cr_token"),
                "profile_id": profile,
            }
        else:
            fields = {"grant_type": f"{_GRANT}apikey", "apikey": inputs.key("api_key", "apikey")}
        ask = Ask(options.get("url", URL), form(fields))
        return ask_for_token(ask, line, inputs, judge=_judge)


def _judge(answer: Answer) -> Verdict | None:
    body = answer.json()
    code = body["errorCode"] if body is not None and body.has_text("errorCode") else ""
    return _CODES.get(code) or oauth_verdict(answer)


EXCHANGE: Final = IbmIam()

"""Microsoft Entra: a client secret, or a federated identity token, for access tokens of Azure.

An access token lives for 60 to 90 minutes, and cannot be revoked by itself. A token is for one
resource: what also needs management (ARM) has a second profile with another scope.
Source: learn.microsoft.com, "OAuth 2.0 client credentials flow", first and third case.
"""

from __future__ import annotations

import re
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

URL: Final = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"
QUANTUM: Final = "https://quantum.microsoft.com/.default"
_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_TENANT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,127}")
_CODES: Final = {
    7000215: Verdict.KEY,  # invalid client secret
    7000222: Verdict.OVER,  # expired client secret
    700024: Verdict.OVER,  # the assertion is not within its valid time
    50013: Verdict.KEY,  # the assertion's signature or issuer
    700211: Verdict.KEY,  # no federated credential for the issuer
    700212: Verdict.KEY,  # … for the audience
    700213: Verdict.KEY,  # … for the subject
    700016: Verdict.SETTING,  # no such application in the tenant
    90002: Verdict.SETTING,  # no such tenant
    70011: Verdict.SETTING,  # no such scope
    500011: Verdict.SETTING,  # no such resource
}
"""AADSTS codes, which tell more than OAuth's: many failures are ``invalid_client`` there."""


class Entra:
    """An exchange; see ``jupyter_qcred.issue.exchange.exchange.Exchange``."""

    name: Final = "entra"
    title: Final = "Microsoft Entra"
    takes: Final = "`client_secret`; or an identity token; `client_id` unless it is an option"
    options: Final[Mapping[str, Option]] = MappingProxyType(
        {
            "tenant_id": Option(
                "directory, as an id or a domain",
                required=True,
                fits=lambda text: _TENANT.fullmatch(text) is not None,
                example="contoso.onmicrosoft.com",
            ),
            "client_id": Option("application, where it is not stored", example="00000000-0000"),
            "scope": Option(f"what the token is for, else {QUANTUM}", example=QUANTUM),
            "url": endpoint("token endpoint, else that of the tenant"),
        }
    )

    def exchange(self, inputs: Inputs, options: Options, line: Line) -> Exchanged:
        """Return an access token."""
        fields: dict[str, str | Secret] = {
            "grant_type": "client_credentials",
            "client_id": inputs.fact("client_id", options),
            "scope": options.get("scope", QUANTUM),
        }
        if inputs.federated:
            fields |= {"client_assertion_type": _ASSERTION, "client_assertion": inputs.key("token")}
        else:
            fields["client_secret"] = inputs.key("client_secret")
        url = options.get("url") or URL.format(tenant=options.get("tenant_id"))
        return ask_for_token(Ask(url, form(fields)), line, inputs, judge=_judge)


def _judge(answer: Answer) -> Verdict | None:
    body = answer.json()
    codes = body.get("error_codes") if body is not None else None
    for code in codes if isinstance(codes, list) else ():
        if isinstance(code, int) and code in _CODES:
            return _CODES[code]
    return oauth_verdict(answer)


EXCHANGE: Final = Entra()

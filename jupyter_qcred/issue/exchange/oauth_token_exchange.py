"""OAuth 2.0 token exchange (RFC 8693), for any server that speaks it."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from urllib.parse import quote_plus

from jupyter_qcred.issue.exchange.bearer import ask_for_token
from jupyter_qcred.issue.exchange.exchange import LIFETIME, Option, endpoint
from jupyter_qcred.issue.exchange.line import Ask, basic, form

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_qcred.core.secret import Secret
    from jupyter_qcred.issue.exchange.exchange import Exchanged, Inputs, Options
    from jupyter_qcred.issue.exchange.line import Line

_GRANT: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
_TYPE: Final = "urn:ietf:params:oauth:token-type:"


class OauthTokenExchange:
    """An exchange; see ``jupyter_qcred.issue.exchange.exchange.Exchange``."""

    name: Final = "oauth-token-exchange"
    title: Final = "OAuth server"
    takes: Final = "an identity token, or `subject_token`; `client_secret` where the client has one"
    options: Final[Mapping[str, Option]] = MappingProxyType(
        {
            "url": endpoint("token endpoint", required=True),
            "client_id": Option("client, where there is one", example="my-client"),
            "scope": Option("scopes, with spaces between them", example="jobs.read jobs.write"),
            "audience": Option("who the token is for", example="quantum-api"),
            "resource": Option("what the token is for (RFC 8707)", example="https://example.com"),
            "subject_token_type": Option(
                "what is handed in; jwt unless it says so", example=f"{_TYPE}access_token"
            ),
            "requested_token_type": Option("what is asked for", example=f"{_TYPE}access_token"),
            "lifetime": LIFETIME,
        }
    )

    def exchange(self, inputs: Inputs, options: Options, line: Line) -> Exchanged:
        """Return the token that was asked for."""
        asked = ("scope", "audience", "resource", "requested_token_type")
        fields: dict[str, str | Secret] = {
            **{name: options.get(name) for name in asked},
            "grant_type": _GRANT,
            "subject_token": inputs.key("subject_token", "token"),
            "subject_token_type": options.get("subject_token_type", f"{_TYPE}jwt"),
        }
        headers: dict[str, str | Secret] = {}
        client, proof = options.get("client_id"), inputs.find("client_secret")
        if client and proof is not None:
            headers["Authorization"] = basic(client, proof, quote_plus)
        elif client:
            fields["client_id"] = client
        ask = Ask(options.get("url"), form(fields), headers=headers)
        return ask_for_token(ask, line, inputs, lifetime=options.lifetime)


EXCHANGE: Final = OauthTokenExchange()

"""OAuth 2.0 client credentials (RFC 6749, 4.4), for any server that speaks it."""

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

ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
"""RFC 7523, 2.2."""


class OauthClientCredentials:
    """An exchange; see ``jupyter_qcred.issue.exchange.exchange.Exchange``.

    An identity token is handed in as the client's assertion (RFC 7523).
    """

    name: Final = "oauth-client-credentials"
    title: Final = "OAuth server"
    takes: Final = "`client_id`, unless it is an option, and `client_secret`; or an identity token"
    options: Final[Mapping[str, Option]] = MappingProxyType(
        {
            "url": endpoint("token endpoint", required=True),
            "client_id": Option("client, where it is not stored", example="my-client"),
            "scope": Option("scopes, with spaces between them", example="jobs.read jobs.write"),
            "audience": Option("who the token is for", example="https://api.example.com"),
            "resource": Option("what the token is for (RFC 8707)", example="https://example.com"),
            "client_auth": Option(
                "how the client proves itself: basic (the default) or post",
                fits=frozenset({"basic", "post"}).__contains__,
                example="post",
            ),
            "lifetime": LIFETIME,
        }
    )

    def exchange(self, inputs: Inputs, options: Options, line: Line) -> Exchanged:
        """Return an access token."""
        fields: dict[str, str | Secret] = {
            "grant_type": "client_credentials",
            "scope": options.get("scope"),
            "audience": options.get("audience"),
            "resource": options.get("resource"),
        }
        headers: dict[str, str | Secret] = {}
        client = inputs.fact("client_id", options)
        if inputs.federated:
            fields |= {
                "client_id": client,
                "client_assertion_type": ASSERTION,
                "client_assertion": inputs.key("token"),
            }
        elif options.get("client_auth") == "post":
            fields |= {"client_id": client, "client_secret": inputs.key("client_secret")}
        else:
            # Each part is encoded as in a form first (RFC 6749, 2.3.1).
            headers["Authorization"] = basic(client, inputs.key("client_secret"), quote_plus)
        ask = Ask(options.get("url"), form(fields), headers=headers)
        return ask_for_token(ask, line, inputs, lifetime=options.lifetime)


EXCHANGE: Final = OauthClientCredentials()

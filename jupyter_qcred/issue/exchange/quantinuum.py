"""Quantinuum Nexus: the refresh token of a login for an access token.

Both are cookies: ``myqos_oat`` goes in, ``myqos_id`` comes out (qnexus 0.51,
``qnexus.client.auth.AuthHandler``).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from jupyter_qcred.core.errors import ConfigError
from jupyter_qcred.core.secret import Secret
from jupyter_qcred.issue.exchange.bearer import left, until
from jupyter_qcred.issue.exchange.exchange import LIFETIME, Exchanged, Option, endpoint, is_value
from jupyter_qcred.issue.exchange.jwt import jwt_end
from jupyter_qcred.issue.exchange.line import FORM, Ask
from jupyter_qcred.issue.exchange.verdict import oauth_verdict, of_answer, senseless

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_qcred.issue.exchange.exchange import Inputs, Options
    from jupyter_qcred.issue.exchange.line import Line

URL: Final = "https://nexus.quantinuum.com/auth/tokens/refresh"
_IN: Final = "myqos_oat"
_OUT: Final = "myqos_id"


class Quantinuum:
    """An exchange; see ``jupyter_qcred.issue.exchange.exchange.Exchange``."""

    name: Final = "quantinuum"
    title: Final = "Quantinuum Nexus"
    takes: Final = "`refresh_token`"
    options: Final[Mapping[str, Option]] = MappingProxyType(
        {"url": endpoint("refresh endpoint, else the public one"), "lifetime": LIFETIME}
    )

    def exchange(self, inputs: Inputs, options: Options, line: Line) -> Exchanged:
        """Return an access token."""
        cookie = _cookie(inputs)
        ask = Ask(options.get("url", URL), Secret(""), FORM, {"Cookie": cookie})
        answer = line.post(ask)
        if not answer.ok:
            raise of_answer(answer, ask, line, inputs, oauth_verdict(answer))
        token = answer.cookies.get(_OUT)
        if token is None or not is_value(token.reveal()):
            raise senseless("it sets no access token", ask, line)
        end = jwt_end(token)
        ttl = until(end, answer) if end is not None else options.lifetime
        if ttl is None:
            raise senseless("it does not say how long the token lives", ask, line)
        return Exchanged({"token": token}, "token", left(ttl, answer))


def _cookie(inputs: Inputs) -> Secret:
    key = inputs.key("refresh_token", _IN)
    if not is_value(key.reveal()) or not {";", ",", '"', "\\"}.isdisjoint(key.reveal()):
        raise ConfigError(
            f"what is stored for {inputs.credential} has characters that no refresh token has",
            next_step="Store it again, in one line",
            credential=inputs.credential,
        )
    return Secret(f"{_IN}={key.reveal()}")


EXCHANGE: Final = Quantinuum()

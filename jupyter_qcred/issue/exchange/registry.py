"""The exchanges by name, each imported when somebody asks for it."""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_qcred.issue.exchange.exchange import Exchange

_MODULES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "aws-sts": "aws_sts",
        "entra": "entra",
        "gcp": "gcp",
        "ibm-iam": "ibm_iam",
        "oauth-client-credentials": "oauth_client_credentials",
        "oauth-token-exchange": "oauth_token_exchange",
        "quantinuum": "quantinuum",
    }
)

NAMES: Final = tuple(_MODULES)


def exchange_named(name: str) -> Exchange:
    """Return the exchange of that name, one of ``NAMES``."""
    module = import_module(f"jupyter_qcred.issue.exchange.{_MODULES[name]}")
    exchange: Exchange = module.EXCHANGE
    return exchange

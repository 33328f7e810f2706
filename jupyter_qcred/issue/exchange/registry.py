"""The exchanges by name, each imported when somebody asks for it."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from jupyter_qcred.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.metadata import EntryPoint

    from jupyter_qcred.issue.exchange.exchange import Exchange

GROUP: Final = "jupyter_qcred.exchanges"
"""Entry points of other packages: a name, and a class that takes no arguments."""

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
"""The built-in ones."""


def known() -> tuple[str, ...]:
    """Return the names of all exchanges: the built-in ones, then those of other packages."""
    return (*NAMES, *sorted(_others()))


def exchange_named(name: str) -> Exchange:
    """Return the exchange of that name, one of ``known``.

    A built-in one is never replaced: nobody gets an IBM key by installing a package.

    Raises:
        ConfigError: another package's can't be loaded, or no longer is there.
    """
    if name in _MODULES:
        module = import_module(f"jupyter_qcred.issue.exchange.{_MODULES[name]}")
        exchange: Exchange = module.EXCHANGE
        return exchange
    return _loaded(name)


def _others() -> dict[str, EntryPoint]:
    found = entry_points(group=GROUP)
    return {point.name: point for point in found if point.name not in _MODULES}


def _loaded(name: str) -> Exchange:
    point = _others().get(name)
    if point is None:
        raise ConfigError(
            f"no installed package brings the exchange {name}",
            next_step="Install the package that does where the Jupyter server runs, and restart it",
        )
    problem = ""
    try:
        exchange: Exchange = point.load()()
        if exchange.name != name:
            problem = "it has another name"
    except Exception as error:  # noqa: BLE001 - somebody else's code, whose words may be anything
        problem = type(error).__name__
    if problem:
        raise ConfigError(
            f"the exchange {name} ({point.value}) can't be loaded: {problem}",
            next_step="Update or uninstall the package that brings it",
        )
    return exchange

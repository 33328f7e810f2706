"""What the commands for the embedded OpenBao share."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.core.errors import ConfigError, IssuerError, QcredError
from jupyter_qcred.issue.embedded.openbao import EmbeddedOpenBao

from .waiting import Waiting

if TYPE_CHECKING:
    import argparse

REFUSED: Final = 1
USAGE: Final = 2
UNREACHABLE: Final = 3


def load_embedded(args: argparse.Namespace) -> EmbeddedOpenBao:
    """Return the embedded OpenBao these arguments speak of.

    Args:
        args: may hold ``embedded``, made from the user's configuration, and ``vault_address``,
            not empty when a Vault is configured.

    Raises:
        ConfigError: a Vault is configured, so that keys belong there.
    """
    if address := getattr(args, "vault_address", None):
        raise ConfigError(
            f"Credentials come from {address} here, and the embedded OpenBao is not used",
            next_step=_vault_step(address, args),
        )
    embedded = getattr(args, "embedded", None)
    return embedded if isinstance(embedded, EmbeddedOpenBao) else EmbeddedOpenBao()


def add_json(parser: argparse.ArgumentParser) -> None:
    """Give a command its ``--json``."""
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def starting() -> Waiting:
    """Say on a terminal what takes its time where the embedded OpenBao has to start first."""
    return Waiting(sys.stderr, "starting the embedded OpenBao")


def show(args: argparse.Namespace, result: dict[str, Any], text: str) -> None:
    """Print a result for people or, by ``--json``, for programs."""
    print(json.dumps(result, indent=1) if args.json else text)


def show_error(args: argparse.Namespace, error: QcredError) -> int:
    """Print why it failed and what to do; return the exit code."""
    if args.json:
        told = {"error": error.code, "reason": error.reason, "next_step": error.next_step}
        print(json.dumps(told, indent=1))
    else:
        print(error, file=sys.stderr)
    return UNREACHABLE if isinstance(error, IssuerError) else REFUSED


def _vault_step(address: str, args: argparse.Namespace) -> str:
    if not (name := getattr(args, "name", None)):
        return (
            "`jupyter qcred doctor issuer rights sources` looks at that one; in a notebook, "
            "`qcred.list()` names what it may use"
        )
    fields = " ".join(f"{field}=-" for field in getattr(args, "field", None) or ["value"])
    return (
        f"Store the key there, for example by `bao kv put -address={address} -mount=MOUNT {name} "
        f"{fields}`, which reads it from its standard input; `jupyter qcred doctor sources` names "
        "the place where a profile looks"
    )

"""``jupyter qcred``: the commands, one module each."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from jupyter_qcred.core.errors import QcredError
from jupyter_qcred.core.version import __version__
from jupyter_qcred.deliver.settings import load_config
from jupyter_qcred.issue.embedded.openbao import EmbeddedOpenBao

from . import demo, init, put, run, stored
from .embedded import show_error

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_ABOUT = """\
Quantum-cloud credentials that live with a Jupyter kernel and die with it.

Store a key once, with `jupyter qcred put NAME`, and use it in any notebook of this server:

    import jupyter_qcred as qcred
    cred = qcred.get("ibm-quantum")
"""

_COMMANDS = (
    init.add_parser,
    put.add_parser,
    stored.add_list_parser,
    stored.add_remove_parser,
    run.add_parser,
    demo.add_parser,
)


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    root = argparse.ArgumentParser(
        prog="jupyter qcred",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    root.add_argument("--version", action="version", version=__version__)
    subparsers = root.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for add in _COMMANDS:
        add(subparsers)
    return root


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 fine, 1 refused, 2 usage, 3 unreachable."""
    args = parser().parse_args(argv)
    args.json = getattr(args, "json", False)
    function: Callable[[argparse.Namespace], int] = args.func
    try:
        config = load_config()
        args.embedded = EmbeddedOpenBao(config=config)
        args.vault_address = config.get("VaultIssuer", {}).get("address", "")
        return function(args)
    except QcredError as error:
        return show_error(args, error)
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())

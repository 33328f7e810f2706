"""``jupyter qcred``: the commands, one module each."""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Final

from jupyter_qcred.core.errors import QcredError
from jupyter_qcred.core.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_ABOUT = """\
Quantum-cloud credentials that live with a Jupyter kernel and die with it.

Store a key once, with `jupyter qcred put NAME`, and use it in any notebook of this server:

    import jupyter_qcred as qcred
    cred = qcred.get("ibm-quantum")
"""

_COMMANDS: Final = {
    "init": "init.add_parser",
    "put": "put.add_parser",
    "list": "stored.add_list_parser",
    "remove": "stored.add_remove_parser",
    "status": "status.add_parser",
    "login": "login.add_parser",
    "revoke": "revoke.add_parser",
    "run": "run.add_parser",
    "doctor": "doctor.add_parser",
    "demo": "demo.add_parser",
    "scan": "scan.add_parser",
    "redact": "redact.add_parser",
    "migrate": "migrate.add_parser",
    "completion": "completion.add_parser",
}
"""Where each command is; read when it is asked for, since a hook runs ``scan`` at each commit."""


def parser(command: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of all commands, or of one."""
    root = argparse.ArgumentParser(
        prog="jupyter qcred",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    root.add_argument("--version", action="version", version=__version__)
    subparsers = root.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in [command] if command in _COMMANDS else _COMMANDS:
        module, _, add = _COMMANDS[name].partition(".")
        getattr(import_module(f"{__package__}.{module}"), add)(subparsers)
    return root


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 fine, 1 refused, 2 usage, 3 unreachable."""
    words = sys.argv[1:] if argv is None else list(argv)
    args = parser(words[0] if words else None).parse_args(words)
    args.json = getattr(args, "json", False)
    function: Callable[[argparse.Namespace], int] = args.func
    try:
        if getattr(args, "settings", True):
            _load_settings(args)
        return function(args)
    except QcredError as error:
        from .embedded import show_error

        return show_error(args, error)
    except BrokenPipeError:
        # Whoever read has enough; Python would complain once more when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141  # as a shell tells of SIGPIPE
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return 130


def _load_settings(args: argparse.Namespace) -> None:
    from jupyter_qcred.deliver.settings import audit_file, load_config
    from jupyter_qcred.issue.embedded.openbao import EmbeddedOpenBao

    config = load_config()
    args.embedded = EmbeddedOpenBao(config=config)
    args.audit_file = audit_file(config)
    args.vault_address = config.get("VaultIssuer", {}).get("address", "")


if __name__ == "__main__":
    sys.exit(main())

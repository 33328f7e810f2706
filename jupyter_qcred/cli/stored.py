"""``jupyter qcred list`` and ``remove``: names in the embedded OpenBao."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from jupyter_qcred.cli.embedded import add_json, load_embedded, show, show_error, starting
from jupyter_qcred.cli.recording import record
from jupyter_qcred.core.errors import QcredError

if TYPE_CHECKING:
    from argparse import _SubParsersAction

_EXIT_CODES = "Exit codes: 0 fine, 1 refused, 2 usage, 3 the embedded OpenBao does not start."


def add_list_parser(subparsers: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``list``."""
    parser = subparsers.add_parser(
        "list",
        help="name the stored credentials",
        description=f"Name the credentials in the embedded OpenBao, never their values.\n\n"
        f"{_EXIT_CODES}",
        epilog="examples:\n  jupyter qcred list\n  jupyter qcred list --json\n",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_json(parser)
    parser.set_defaults(func=run_list)


def add_remove_parser(subparsers: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``remove``."""
    parser = subparsers.add_parser(
        "remove",
        help="delete a stored credential",
        description="Delete a credential from the embedded OpenBao for good. Kernels that have it "
        f"keep it\nuntil they end: revoke it at its vendor too.\n\n{_EXIT_CODES}",
        epilog="examples:\n  jupyter qcred remove ionq\n",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", metavar="NAME")
    add_json(parser)
    parser.set_defaults(func=run_remove)


def run_list(args: argparse.Namespace) -> int:
    """Print the names; return the exit code."""
    try:
        with starting():
            names = load_embedded(args).stored()
    except QcredError as error:
        return show_error(args, error)
    nothing = "Nothing is stored. Store a key, for example by `jupyter qcred put ibm-quantum`."
    show(args, {"stored": names}, "\n".join(names) or nothing)
    return 0


def run_remove(args: argparse.Namespace) -> int:
    """Delete one; return the exit code."""
    try:
        embedded = load_embedded(args)
        with starting():
            embedded.remove(args.name)
        record(args, embedded, args.name, "removed", "remove")
    except QcredError as error:
        return show_error(args, error)
    show(args, {"removed": args.name}, f"Removed {args.name}.")
    return 0

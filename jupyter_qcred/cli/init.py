"""``jupyter qcred init``: set up the embedded OpenBao."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from jupyter_qcred.cli.embedded import add_json, load_embedded, show, show_error, starting
from jupyter_qcred.core.errors import QcredError

if TYPE_CHECKING:
    from argparse import _SubParsersAction

_ABOUT = """\
Set up the embedded OpenBao, a private one for you on this machine, or bring its policies up to
date. You need not run this: the first `put`, or the first kernel that asks, does it too.

Exit codes: 0 fine, 1 refused, 2 usage, 3 it does not start.
"""

_EXAMPLES = """\
examples:
  jupyter qcred init
  jupyter qcred init --json
"""


def add_parser(subparsers: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "init",
        help="set up the embedded OpenBao",
        description=_ABOUT,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_json(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Set it up; return the exit code."""
    try:
        embedded = load_embedded(args)
        created = not embedded.initialised()
        with starting():
            directory = embedded.init()
    except QcredError as error:
        return show_error(args, error)
    done = "is set up" if created else "is up to date"
    show(
        args,
        {"directory": directory, "created": created},
        f"The embedded OpenBao {done}, in {directory}.\n"
        "Next: store a key, for example by `jupyter qcred put ibm-quantum`.",
    )
    return 0

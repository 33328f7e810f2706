"""``jupyter qcred put NAME``: store a credential in the embedded OpenBao."""

from __future__ import annotations

import argparse
import difflib
import sys
from typing import TYPE_CHECKING

from jupyter_qcred.cli.embedded import (
    REFUSED,
    USAGE,
    add_json,
    load_embedded,
    show,
    show_error,
    starting,
)
from jupyter_qcred.cli.prompt import ask, read
from jupyter_qcred.cli.recording import record
from jupyter_qcred.core.errors import ConfigError, QcredError
from jupyter_qcred.issue.builtin import VENDORS
from jupyter_qcred.issue.embedded.openbao import check_name
from jupyter_qcred.issue.embedded.pasted import BadValueError

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from jupyter_qcred.core.secret import Secret

_ABOUT = """\
Store a credential in the embedded OpenBao, so that your kernels can use it by name. The value is
asked for without showing it, or read from standard input. It is never an argument: arguments can
be seen in the process list and stay in the shell's history.

With several --field, standard input is a JSON object with these fields. A value of several lines
must be a PEM or JSON text, and can only come from standard input.

Exit codes: 0 stored, 1 refused, 2 usage, 3 the embedded OpenBao does not start.
"""

_EXAMPLES = """\
examples:
  jupyter qcred put ibm-quantum
  jupyter qcred put amazon-braket --field access_key --field secret_key
  pass show ionq | jupyter qcred put ionq --stdin
"""

_WHY_NOT = (
    "The value is not an argument: others can read it in the process list, and your shell keeps it "
    "in its history. Run `jupyter qcred put NAME` and type or paste it when asked, or pipe it in "
    "with --stdin. If this was a real key, remove the line from the history."
)


def add_parser(subparsers: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "put",
        help="store a credential in the embedded OpenBao",
        description=_ABOUT,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", metavar="NAME", help="what kernels call it, such as ibm-quantum")
    # Taken only to say why it is refused; argparse's own message would repeat the value.
    parser.add_argument("values", nargs="*", default=[], help=argparse.SUPPRESS)
    parser.add_argument(
        "--field", action="append", metavar="KEY", help="a named part of it; may be repeated"
    )
    parser.add_argument(
        "--stdin", action="store_true", help="read standard input even if it is a terminal"
    )
    add_json(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Store it; return the exit code."""
    names = args.field or [_main_field(args.name)]
    if args.values or any("=" in name for name in names):
        return _usage(_WHY_NOT)
    if len(set(names)) < len(names) or not all(names):
        return _usage("Each --field needs a name of its own.")
    try:
        check_name(args.name)
        embedded = load_embedded(args)
        _warn_if_unknown(args.name)
        fields = _fields(args, names)
        with starting():
            replaced = embedded.put(args.name, fields)
            record(args, embedded, args.name, "replaced" if replaced else "added", "put")
    except BadValueError as error:
        return show_error(args, ConfigError(str(error), next_step="Nothing was stored"))
    except KeyboardInterrupt:
        print("\nNothing was stored.", file=sys.stderr)
        return REFUSED
    except QcredError as error:
        return show_error(args, error)
    lengths = {name: len(value.reveal()) for name, value in fields.items()}
    told = ", ".join(f"{name}: {length} characters" for name, length in lengths.items())
    show(
        args,
        {"stored": args.name, "lengths": lengths},
        f'Stored {args.name} ({told}).\nIn a notebook: qcred.get("{args.name}")',
    )
    return 0


def _fields(args: argparse.Namespace, names: list[str]) -> dict[str, Secret]:
    if args.stdin or not sys.stdin.isatty():
        return read(sys.stdin.buffer, names)
    vendor = VENDORS.get(args.name)
    public = vendor.public if vendor else frozenset()
    return {name: ask(args.name, name, hidden=name not in public) for name in names}


def _main_field(name: str) -> str:
    vendor = VENDORS.get(name)
    return (vendor.main if vendor else "") or "value"


def _warn_if_unknown(name: str) -> None:
    if name in VENDORS:
        return
    near = difflib.get_close_matches(name, VENDORS, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(VENDORS))}."
    print(
        f"Note: no quantum cloud is known as {name}, so that kernels need a profile for it; {hint}",
        file=sys.stderr,
    )


def _usage(why: str) -> int:
    print(why, file=sys.stderr)
    return USAGE

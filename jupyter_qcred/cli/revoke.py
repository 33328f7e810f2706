"""``jupyter qcred revoke``: take credentials back, from one's own kernels or at the issuer."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from .embedded import REFUSED, USAGE, add_json
from .paper import Paper, count
from .running.server import ask_all
from .status import as_json, exit_code, heading, left, notebook, show_refusal

if TYPE_CHECKING:
    from argparse import _SubParsersAction
    from collections.abc import Callable

    from .running.server import Answer, RunningServer

_ABOUT = """\
Take credentials from the kernels of your running Jupyter servers, and have them revoked. A kernel
loses them at once; what the issuer has not confirmed yet is outstanding, and is tried again until
it is. --credential takes one name from every kernel; the others take all that a kernel holds. A
kernel that still runs may ask again: shut it down to keep it from that.

With --at-issuer, for operators: end sessions at Vault or OpenBao itself, whoever's they are and
wherever their servers run, with a login of your own that has the policy qcred-operator.

Exit codes: 0 fine, 1 refused or something is outstanding, 2 usage, 3 a server or the issuer cannot
be reached.
"""

_EXAMPLES = """\
examples:
  jupyter qcred revoke --notebook work.ipynb
  jupyter qcred revoke --credential ibm-quantum
  jupyter qcred revoke --all --yes
  jupyter qcred revoke --at-issuer --user alice --dry-run
"""

_HERE: Final = ("kernel", "notebook", "credential", "all")
_THERE: Final = ("user", "role", "credential")


def add_parser(subparsers: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "revoke",
        help="take credentials back and revoke them",
        description=_ABOUT,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = parser.add_argument_group("what, one of")
    what.add_argument("--kernel", metavar="ID", help="all that one kernel holds")
    what.add_argument("--notebook", metavar="PATH", help="all that a notebook's kernels hold")
    what.add_argument("--credential", metavar="NAME", help="one credential, in every kernel")
    what.add_argument("--all", action="store_true", help="all that your kernels hold")
    issuer = parser.add_argument_group("for operators")
    issuer.add_argument("--at-issuer", action="store_true", help="end sessions at the issuer")
    issuer.add_argument("--user", metavar="NAME", help="one user's servers and sessions")
    issuer.add_argument(
        "--role", metavar="ROLE", help="the tokens of one token role, such as qcred-kernel"
    )
    issuer.add_argument("--address", metavar="URL", help="the issuer, if not the configured one")
    issuer.add_argument(
        "--token-file", metavar="FILE", help="your token, if not the configured login"
    )
    issuer.add_argument("--dry-run", action="store_true", help="show what would be revoked")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    add_json(parser)
    parser.set_defaults(func=run, settings=False)


def run(args: argparse.Namespace) -> int:
    """Revoke; return the exit code."""
    if why := _wrong(args):
        print(f"jupyter qcred revoke: {why}", file=sys.stderr)
        return USAGE
    if args.at_issuer:
        from .at_issuer import run as run_at_issuer

        return run_at_issuer(args)
    if args.all and not confirmed(args, "Revoke all that your kernels hold?"):
        return REFUSED
    return _revoke_here(args)


def _wrong(args: argparse.Namespace) -> str:
    """Return what is wrong with the arguments; empty where nothing is."""
    given = {name for name in (*_HERE, *_THERE) if getattr(args, name)}
    if args.at_issuer:
        if given - set(_THERE):
            return "--at-issuer takes --user, --role or --credential"
        if not given or ("credential" in given and len(given) > 1):
            return "say what: --user, --role or both; or --credential"
    elif given & {"user", "role"} or args.dry_run or args.address or args.token_file:
        return "--user, --role, --address, --token-file and --dry-run go with --at-issuer"
    elif len(given) != 1:
        return "say what, by one of --kernel, --notebook, --credential and --all"
    asks = args.all or (args.at_issuer and not args.dry_run)
    if asks and not args.yes and not sys.stdin.isatty():
        return "there is nobody to ask: give --yes"
    return ""


def confirmed(args: argparse.Namespace, question: str) -> bool:
    """Ask a person, unless ``--yes`` was given."""
    if args.yes:
        return True
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() in {"y", "yes"}:
        return True
    print("Nothing was revoked.", file=sys.stderr)
    return False


def _revoke_here(args: argparse.Namespace) -> int:
    asked = ask_all("POST", "revoke", _body(args))
    if args.json:
        servers = [as_json(server, answer, "revoked") for server, answer in asked]
        print(json.dumps({"servers": servers}, indent=1))
    else:
        paper = Paper(sys.stdout)
        for server, answer in asked:
            _show(paper, server, answer)
        print(paper.text().rstrip() or "No Jupyter server of yours is running: nothing is held.")
    code = exit_code([answer for _, answer in asked], lambda body: body["outstanding"])
    matched = sum(answer.body["matched"] for _, answer in asked if answer.ok)
    if code == 0 and not matched and (args.kernel or args.notebook):
        print("No kernel of a running server matches that.", file=sys.stderr)
        return REFUSED
    return code


def _body(args: argparse.Namespace) -> dict[str, Any]:
    if args.notebook:
        return {"notebook": str(Path(args.notebook).resolve())}
    if args.all:
        return {"all": True}
    return {"kernel": args.kernel} if args.kernel else {"credential": args.credential}


def _show(paper: Paper, server: RunningServer, answer: Answer) -> None:
    heading(paper, server)
    if not answer.ok:
        show_refusal(paper, answer)
        return
    revoked = answer.body
    if not revoked["credentials"]:
        ended = revoked["sessions"]
        paper.line(
            "  Nothing was held." if not ended else f"  {count(len(ended), 'session')} ended."
        )
        return
    rows = [
        (
            one["credential"],
            one["kernel"],
            notebook(one["notebook"], server.root),
            _outcome(one),
        )
        for one in revoked["credentials"]
    ]
    paper.table(("credential", "kernel", "notebook", "outcome"), rows, _painter(paper))
    if revoked["outstanding"]:
        paper.line("  `jupyter qcred status` shows what is still outstanding.")


def _outcome(one: Any) -> str:
    words = {
        "confirmed": "revoked",
        "expired": "expired",
        "outstanding": "withdrawn; its revocation is outstanding",
    }
    if one["outcome"] in words:
        return words[one["outcome"]]
    if one["expires_in"] is None:
        return "withdrawn; a static key lives on until its vendor revokes it"
    return f"withdrawn; nobody can force its end, it is dead within {left(one['expires_in'])}"


def _painter(paper: Paper) -> Callable[[int, str], Callable[[str], str] | None]:
    def paint(column: int, cell: str) -> Callable[[str], str] | None:
        if column != 3:
            return paper.bold if column == 0 else None
        return paper.good if cell in {"revoked", "expired"} else paper.waiting

    return paint

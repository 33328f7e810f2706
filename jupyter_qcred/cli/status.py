"""``jupyter qcred status``: what the kernels of the user's servers hold, and what is owed."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.core.duration import format_duration
from jupyter_qcred.core.static_key import STATIC_KEY

from .embedded import REFUSED, UNREACHABLE, add_json
from .paper import Paper, count, printable
from .running.server import Answer, RunningServer, ask_all

if TYPE_CHECKING:
    from argparse import _SubParsersAction
    from collections.abc import Sequence

_ABOUT = """\
Show what the kernels of your running Jupyter servers hold, how long it lives, and which revocations
are outstanding. Servers are found as `jupyter server list` finds them. No value is ever shown.

Exit codes: 0 fine, 1 something is outstanding, 2 usage, 3 a server cannot be asked.
"""

_EXAMPLES = """\
examples:
  jupyter qcred status
  jupyter qcred status --json
"""

_NONE: Final = "No Jupyter server of yours is running on this machine."


def add_parser(subparsers: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "status",
        help="show what kernels hold and what is owed",
        description=_ABOUT,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_json(parser)
    parser.set_defaults(func=run, settings=False)


def run(args: argparse.Namespace) -> int:
    """Show it; return the exit code."""
    asked = ask_all("GET", "status")
    if args.json:
        servers = [as_json(server, answer, "status") for server, answer in asked]
        print(json.dumps({"servers": servers}, indent=1))
    else:
        paper = Paper(sys.stdout)
        for server, answer in asked:
            _show(paper, server, answer)
            paper.line()
        print(paper.text().rstrip() or _NONE)
    return exit_code([answer for _, answer in asked], _owes)


def exit_code(answers: Sequence[Answer], outstanding: Any) -> int:
    """Return the worst of all servers: not asked, something outstanding, fine."""
    if any(not (answer.ok or answer.absent) for answer in answers):
        return UNREACHABLE
    return REFUSED if any(answer.ok and outstanding(answer.body) for answer in answers) else 0


def _owes(body: Any) -> bool:
    return bool(body["outstanding"] or body["leftovers"])


def as_json(server: RunningServer, answer: Answer, name: str) -> dict[str, Any]:
    """Return one server and its answer, under ``name``, for programs."""
    about: dict[str, Any] = {"url": server.url, "pid": server.pid, "root_dir": server.root}
    if answer.ok:
        return {**about, name: answer.body}
    if answer.absent:
        return {**about, name: None}
    return {**about, name: None, **refusal(answer)}


def refusal(answer: Answer) -> dict[str, str]:
    """Return why a server gave no answer, as every command tells it."""
    body = answer.body
    return {
        "error": str(body.get("code", "error")),
        "reason": str(body.get("reason", f"it answered with HTTP {answer.status}")),
        "next_step": str(body.get("next_step", "see its log")),
    }


def heading(paper: Paper, server: RunningServer) -> None:
    """Name a server."""
    about = printable(f"  pid {server.pid}, {_short(server.root)}")
    paper.line(paper.bold(printable(server.url)) + paper.dim(about))


def show_refusal(paper: Paper, answer: Answer) -> None:
    """Say why a server was not asked."""
    if answer.absent:
        paper.line("  jupyter_qcred is not enabled there.")
        return
    why = refusal(answer)
    paper.line(
        paper.bad(f"  Not asked: {printable(why['reason'])}; {printable(why['next_step'])}.")
    )


def _show(paper: Paper, server: RunningServer, answer: Answer) -> None:
    heading(paper, server)
    if not answer.ok:
        show_refusal(paper, answer)
        return
    status = answer.body
    _show_issuer(paper, status)
    _show_held(paper, status, server.root)
    if status["outstanding"]:
        _show_owed(paper, status["outstanding"])
    if status["leftovers"]:
        _show_left(paper, status["leftovers"])


def _show_issuer(paper: Paper, status: Any) -> None:
    if not status["enabled"]:
        paper.line("  Turned off: kernels get no credentials.")
        return
    issuer, token = status["issuer"], status["server_token"]
    health = issuer["health"]
    if health == "unknown":
        paper.line("  Nothing was asked of the issuer yet.")
    else:
        words = "ok" if health == "ok" else issuer["reason"] or health
        told = paper.good(words) if health == "ok" else paper.bad(printable(words))
        paper.line(f"  {printable(issuer['description'])}: {told}")
    if token is not None:
        login = "" if token["own"] else ", a login token: its end cannot be forced"
        paper.line(f"  Server token: {format_duration(token['expires_in'])} left{login}")
    login = status["login"]
    if login is not None and login["needed"]:
        paper.line(paper.bad("  Somebody has to log in: run `jupyter qcred login`."))
    if not status["durable"]:
        paper.line(paper.waiting("  What is owed is in memory only: see the server's log."))


def _show_held(paper: Paper, status: Any, root: str) -> None:
    rows = [
        (
            held["credential"],
            held["vendor"],
            left(held["expires_in"]),
            _at_the_end(held),
            str(held["renewals"]),
            kernel["kernel"],
            notebook(kernel["notebook"], root),
            held["lease_id"],
        )
        for kernel in status["kernels"]
        for held in kernel["credentials"]
    ]
    if not rows:
        held = count(len(status["kernels"]), "kernel")
        paper.line(f"  {held} with a channel, and no credential held.")
        return
    paper.line()
    names = ("credential", "vendor", "time left", "at the end", "renewed", "kernel", "notebook")
    paper.table((*names, "lease"), rows, lambda column, _: paper.bold if column == 0 else None)


def _show_owed(paper: Paper, owed: Any) -> None:
    paper.line()
    paper.line(paper.waiting(f"  {count(len(owed), 'revocation')} outstanding"))
    rows = [
        (
            one["kind"],
            ", ".join(one["credentials"]) or "-",
            one["kernel"],
            one["since"],
            str(one["attempts"]),
            left(one["expires_in"]),
            one["reason"] or "no answer yet",
        )
        for one in owed
    ]
    names = ("what", "credentials", "kernel", "since", "attempts", "dead within", "why")
    paper.table(names, rows)


def _show_left(paper: Paper, leftovers: Any) -> None:
    paper.line()
    paper.line(paper.waiting(f"  {count(len(leftovers), 'token')} of earlier servers may live"))
    rows = [(one["kind"], left(one["expires_in"]), one["issuer"]) for one in leftovers]
    paper.table(("what", "dead within", "issuer"), rows)


def _at_the_end(held: Any) -> str:
    if held["revocable"]:
        return "revoked"
    return "static key: lives on" if STATIC_KEY in held["labels"] else "forgotten only"


def left(seconds: float | None) -> str:
    """Return a time left in words."""
    return "static key" if seconds is None else format_duration(seconds)


def notebook(path: str, root: str) -> str:
    """Return a notebook's path as short as it is clear."""
    if root and path.startswith(root.rstrip(os.sep) + os.sep):
        return path[len(root.rstrip(os.sep)) + 1 :]
    return _short(path) or "-"


def _short(path: str) -> str:
    home = str(Path.home())
    return f"~{path[len(home) :]}" if path.startswith(home + os.sep) else path

"""``jupyter qcred login``: log in at the issuer, for a running server, where only a person can."""

from __future__ import annotations

import argparse
import json
import sys
import webbrowser
from typing import IO, TYPE_CHECKING, Final
from urllib.parse import quote

from .embedded import REFUSED, UNREACHABLE, add_json
from .paper import Paper, printable
from .running.server import Answer, ask_all
from .status import as_json, heading, refusal, show_refusal
from .waiting import Waiting

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from .running.server import RunningServer

_ABOUT = """\
Log in at the issuer for your running Jupyter servers, where that takes a person (auth_method oidc).
Prints the address of a page to open in a browser, and waits until the login is done, has failed, or
is too late. Kernels that wait for their credentials then get them, without a restart.

Exit codes: 0 logged in, or nothing to do, 1 refused, failed or too late, 2 usage, 3 no server can
be asked.
"""

_EXAMPLES = """\
examples:
  jupyter qcred login
  jupyter qcred login --open
"""

_NONE: Final = "No Jupyter server of yours is running on this machine: start one first."
_LOOK: Final = 5
"""Seconds that a server waits for something new before it answers: less than we wait for it."""


def add_parser(subparsers: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "login",
        help="log in at the issuer, where only a person can",
        description=_ABOUT,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--open", action="store_true", help="open the page in a browser as well")
    add_json(parser)
    parser.set_defaults(func=run, settings=False)


def run(args: argparse.Namespace) -> int:
    """Log in wherever that is needed, one server after the other; return the exit code."""
    # By --json, people read the address on stderr, and programs the end on stdout.
    people = sys.stderr if args.json else sys.stdout
    results = []
    for server, status in ask_all("GET", "status"):
        paper = Paper(people)
        heading(paper, server)
        _print(paper, people)
        answer = _log_in(server, status, people, open_it=args.open)
        results.append((server, answer))
        _tell(answer, people)
    if args.json:
        told = [as_json(server, answer, "login") for server, answer in results]
        print(json.dumps({"servers": told}, indent=1))
    elif not results:
        print(_NONE)
    return _exit_code([answer for _, answer in results])


def _exit_code(answers: list[Answer]) -> int:
    if not answers or any(not answer.status for answer in answers):
        return UNREACHABLE
    return 0 if all(answer.ok or answer.absent for answer in answers) else REFUSED


def _log_in(server: RunningServer, status: Answer, people: IO[str], *, open_it: bool) -> Answer:
    """Log in at one server, if that is to be done; return how that ended."""
    if not status.ok:
        return status
    login = status.body["login"]
    if login is None or not login["needed"]:
        return Answer(200, login or {})
    if server.socket:
        return Answer(409, _NO_BROWSER)
    begun = server.ask("POST", "login")
    if not begun.ok:
        return begun
    url = str(begun.body["url"])
    _invite(url, people)
    if open_it:
        webbrowser.open(url)
    with Waiting(sys.stderr, "waiting for the login"):
        return _end_of(server, str(begun.body["login"]["handle"]))


def _invite(url: str, people: IO[str]) -> None:
    paper = Paper(people)
    paper.line("  Open this page in a browser, and log in there:")
    paper.line()
    paper.line(f"    {printable(url)}")
    paper.line()
    paper.line(
        paper.dim("  A browser that does not know the Jupyter server yet asks for its token")
    )
    paper.line(paper.dim("  first: `jupyter server list` shows it."))
    _print(paper, people)


def _end_of(server: RunningServer, handle: str) -> Answer:
    """Wait for the end of a login: done, failed, or in vain."""
    since = ""
    while True:
        news = server.ask("GET", f"changes?wait={_LOOK}&since={quote(since)}")
        if not news.ok:
            return news
        since = str(news.body["id"])
        status = news.body["status"]
        if status is None:
            continue
        login = status["login"]
        if not login["needed"]:
            return Answer(200, login)
        if login["handle"] != handle:
            return Answer(409, _REPLACED)
        if login["state"] == "failed":
            return Answer(409, login)


def _tell(answer: Answer, people: IO[str]) -> None:
    paper = Paper(people)
    if answer.ok:
        words = "Logged in." if answer.body else "This server logs in by itself: nothing to do."
        paper.line(f"  {paper.good(words)}")
    elif answer.absent or not answer.status:
        show_refusal(paper, answer)
    else:
        why = refusal(answer)
        words = f"Not logged in: {why['reason']}. {why['next_step']}."
        paper.line(paper.bad(f"  {printable(words)}"))
    _print(paper, people)


def _print(paper: Paper, people: IO[str]) -> None:
    print(paper.text().rstrip(), file=people, flush=True)


_NO_BROWSER: Final = {
    "code": "config",
    "reason": "This server listens on a unix socket, which no browser opens",
    "next_step": "Log in from the window by which you use it",
}
_REPLACED: Final = {
    "code": "needs_login",
    "reason": "Another login was begun in place of this one",
    "next_step": "Finish that one",
}

"""``jupyter qcred scan``: find keys in notebooks, texts and git histories."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jupyter_qcred.core.errors import QcredError

if TYPE_CHECKING:
    from argparse import _SubParsersAction
    from collections.abc import Iterator

    from .scanning.baseline import Baseline
    from .scanning.plan import Plan
    from .scanning.target import Batch
    from .scanning.work import Outcome

FOUND: Final = 1
USAGE: Final = 2

_ABOUT = """\
Look for keys of quantum clouds, and of the clouds below them, in notebooks (cell by cell),
Markdown, YAML, Python, shell, .env and any other text. Inside a git repository the files are those
that git tracks, and new ones that it does not ignore; a file that you name is looked at in any
case.

No secret is ever printed: a finding has a rule, a place and a fingerprint.

Exit codes: 0 clean, 1 something was found, 2 usage, or not everything could be looked at.
"""

_EXAMPLES = """\
examples:
  jupyter qcred scan
  jupyter qcred scan notebooks/ README.md
  jupyter qcred scan --staged                       what `git commit` would commit
  jupyter qcred scan --history                      every version of every file
  jupyter qcred scan --home                         files of vendors' own tools
  jupyter qcred scan --tutorial docs/tutorials      what notebooks do with keys
  jupyter qcred scan --write-baseline .qcred-baseline.json
  jupyter qcred scan --baseline .qcred-baseline.json --format github
"""


def add_parser(subparsers: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "scan",
        help="find keys in notebooks, texts and git histories",
        description=_ABOUT,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="files and directories; the current one if none"
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--staged", action="store_true", help="what is staged in git, not the files")
    where.add_argument(
        "--history", action="store_true", help="every content that a commit of any branch has"
    )
    where.add_argument(
        "--home", action="store_true", help="files in which vendors' tools keep keys, in your home"
    )
    where.add_argument(
        "--tutorial",
        action="store_true",
        help="also refuse notebooks and programs that paste, ask for, show or save a key",
    )
    parser.add_argument("--ignored", action="store_true", help="also files that git ignores")
    parser.add_argument("--baseline", metavar="FILE", help="leave out findings that it lists")
    parser.add_argument(
        "--write-baseline", metavar="FILE", help="accept all that is found now, and list it there"
    )
    parser.add_argument(
        "--format",
        choices=("text", "json", "sarif", "github"),
        default="text",
        help="of the result",
    )
    parser.add_argument("--json", action="store_true", help="the same as --format json")
    parser.add_argument(
        "--only", action="append", metavar="RULE", help="use this rule; may be repeated"
    )
    parser.add_argument(
        "--without", action="append", metavar="RULE", help="leave this rule out; may be repeated"
    )
    parser.add_argument("--jobs", type=int, metavar="N", help="processes; as many as processors")
    # A scan has no settings: what they cost to read would be half of its time in a hook.
    parser.set_defaults(func=run, settings=False)


def run(args: argparse.Namespace) -> int:
    """Scan, and tell; return the exit code."""
    args.format = "json" if args.json else args.format
    if wrong := _misuse(args):
        print(f"jupyter qcred scan: {wrong}", file=sys.stderr)
        return USAGE
    begun = time.monotonic()
    try:
        baseline = _baseline(args)
        plan = _plan(args, baseline)
        outcome = _scan(args, plan)
        if args.write_baseline:
            return _write(args, baseline, outcome)
        known = _leave_out(outcome, baseline)
        _tell(args, plan, outcome, known, time.monotonic() - begun)
    except QcredError as error:
        return _show_error(args, error)
    for path, why in outcome.failed.items():
        print(f"jupyter qcred scan: {_shown(path)} could not be looked at: {why}", file=sys.stderr)
    if outcome.hits:
        return FOUND
    return USAGE if outcome.failed else 0


def _misuse(args: argparse.Namespace) -> str:
    if args.home and args.paths:
        return "--home takes no PATH"
    if args.jobs is not None and args.jobs < 1:
        return "--jobs is at least 1"
    for path in args.paths:
        # What is staged or was committed need not be there any more.
        if not Path(path).exists() and not (args.staged or args.history):
            return f"{_shown(path)} does not exist"
    return ""


def _baseline(args: argparse.Namespace) -> Baseline | None:
    from .scanning.baseline import Baseline

    if args.baseline:
        return Baseline.read(Path(args.baseline))
    if args.write_baseline:
        file = Path(args.write_baseline)
        return Baseline.read(file) if file.exists() else Baseline.new()
    return None


def _plan(args: argparse.Namespace, baseline: Baseline | None) -> Plan:
    from .scanning.plan import Plan

    salt = baseline.salt if baseline else None
    plan = Plan(tuple(args.only or ()), tuple(args.without or ()), salt)
    plan.detectors()  # an unknown rule is told before anything is read
    return plan


def _scan(args: argparse.Namespace, plan: Plan) -> Outcome:
    from .scanning.progress import Progress
    from .scanning.work import run as work

    if args.home:
        from .scanning.home import look_at_home

        return look_at_home(plan(), plan.fingerprint())
    workers = args.jobs or min(_processors(), 8)
    with Progress(sys.stderr) as progress:
        outcome = work(_batches(args), plan, workers, progress)
    if args.tutorial:
        _look_at_tutorials(args, plan, outcome)
    return outcome


def _look_at_tutorials(args: argparse.Namespace, plan: Plan, outcome: Outcome) -> None:
    from .scanning.tutorial.look import look
    from .scanning.work import order

    hits, failed = look(_batches(args), plan.fingerprint(), plan().name)
    outcome.hits = sorted([*outcome.hits, *hits], key=order)
    outcome.failed |= failed


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _batches(args: argparse.Namespace) -> Iterator[Batch]:
    from .scanning import target

    paths = args.paths or ["."]
    if args.staged:
        return target.staged(paths)
    if args.history:
        return target.history(paths)
    return target.files(paths, ignored=args.ignored)


def _leave_out(outcome: Outcome, baseline: Baseline | None) -> int:
    """Take the accepted findings out; return how many."""
    if baseline is None:
        return 0
    new = [hit for hit in outcome.hits if hit.fingerprint not in baseline.known]
    known = len(outcome.hits) - len(new)
    outcome.hits = new
    return known


def _write(args: argparse.Namespace, baseline: Baseline | None, outcome: Outcome) -> int:
    assert baseline is not None
    if outcome.failed:
        path, why = next(iter(outcome.failed.items()))
        raise QcredError(
            f"{_shown(path)} could not be looked at: {why}",
            next_step="The baseline was not written; make the file readable, or leave it out",
        )
    number = baseline.write(Path(args.write_baseline), outcome.hits)
    print(
        f"{args.write_baseline} accepts {number} finding{'' if number == 1 else 's'}. Look through "
        "it before you commit it: a real key in it is still to be revoked.",
        file=sys.stderr,
    )
    return 0


def _tell(
    args: argparse.Namespace, plan: Plan, outcome: Outcome, known: int, seconds: float
) -> None:
    from .scanning import report

    if args.format == "json":
        told = report.as_json(outcome)
    elif args.format == "sarif":
        from .scanning.sarif import as_sarif

        told = as_sarif(outcome, plan.detectors())
    elif args.format == "github":
        told = report.as_github(outcome)
    else:
        told = report.as_text(outcome, sys.stdout, seconds=seconds, known=known, home=args.home)
    if told:
        print(told)


def _show_error(args: argparse.Namespace, error: QcredError) -> int:
    if args.format == "json":
        told = {"error": error.code, "reason": error.reason, "next_step": error.next_step}
        print(json.dumps(told, indent=1))
    else:
        print(f"jupyter qcred scan: {error}", file=sys.stderr)
    return USAGE


def _shown(path: str) -> str:
    from .scanning.excerpt import printable

    return printable(path)

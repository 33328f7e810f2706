"""``jupyter qcred doctor``: what is wrong, and what mends it."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from jupyter_qcred.core.errors import ConfigError, QcredError

from .embedded import REFUSED, UNREACHABLE, USAGE, add_json, show, show_error
from .waiting import Waiting

if TYPE_CHECKING:
    from argparse import _SubParsersAction
    from collections.abc import Sequence

    from .doctoring.finding import Check, Seen
    from .doctoring.report import Report
    from .doctoring.site import Site

_ABOUT = """\
Look at everything that has to be right for kernels to get credentials and for nothing to leak, and
print what mends each problem: a command to run, or a line to write. Works with a server of yours
running and without one; with one it looks at more. No value is ever printed.

Nothing is changed, except by --fix.

Exit codes: 0 nothing is wrong, 1 something is, 2 usage, 3 something could not be looked at.
"""

_EXAMPLES = """\
examples:
  jupyter qcred doctor
  jupyter qcred doctor issuer rights sources
  jupyter qcred doctor --ignore kernelspecs.pinned
  jupyter qcred doctor --fix kernelspecs.drops-descriptors:my-kernel
  jupyter qcred doctor --list
"""


def add_parser(subparsers: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "doctor",
        help="find what is wrong, and what mends it",
        description=_ABOUT,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("checks", nargs="*", metavar="CHECK", help="make these checks only")
    parser.add_argument(
        "--ignore",
        action="append",
        default=[],
        metavar="PROBLEM",
        help="leave a problem out, by its id; may be repeated",
    )
    parser.add_argument(
        "--issue",
        action="store_true",
        help="also issue each credential that is made at its use, and revoke it at once",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--fix", metavar="PROBLEM[:NAME]", help="mend one problem, as printed")
    what.add_argument("--list", action="store_true", help="name all checks and problems")
    add_json(parser)
    # The settings themselves may be what is broken.
    parser.set_defaults(func=run, settings=False)


def run(args: argparse.Namespace) -> int:
    """Look, and tell; return the exit code."""
    from .doctoring.checks import CHECKS, problems
    from .doctoring.site import Site

    known = {check.id: check for check in CHECKS}
    if wrong := _unknown(args, set(known), set(problems())):
        print(f"jupyter qcred doctor: {wrong}", file=sys.stderr)
        return USAGE
    if args.list:
        return _list(args, CHECKS)
    site = Site(issues=args.issue)
    if args.fix:
        return _fix(args, site)
    wanted = [check for check in CHECKS if not args.checks or check.id in args.checks]
    try:
        reports = _look(site, wanted, frozenset(args.ignore))
    finally:
        site.close()
    _tell(args, reports)
    return _exit_code(reports)


def _unknown(args: argparse.Namespace, checks: set[str], problems: set[str]) -> str:
    if missing := set(args.checks) - checks:
        return f"no check {min(missing)!r}; there are {', '.join(sorted(checks))}"
    if missing := set(args.ignore) - problems:
        return f"no problem {min(missing)!r}; `--list` names them"
    return ""


def _look(site: Site, checks: Sequence[Check], ignored: frozenset[str]) -> list[Report]:
    from .doctoring.report import Report

    reports = []
    with Waiting(sys.stderr, "") as waiting:
        for number, check in enumerate(checks, 1):
            waiting(f"{number} of {len(checks)}: {check.title}")
            reports.append(Report(check, _without(_seen(site, check), ignored)))
    return reports


def _seen(site: Site, check: Check) -> Seen:
    from .doctoring.finding import Seen

    try:
        return check.look(site)
    except QcredError as error:
        return Seen(str(error), failed=True)
    except Exception as error:  # noqa: BLE001 - one check that fails must not hide the others
        # The class alone: what a library puts into its words may be anything.
        return Seen(f"could not be looked at ({type(error).__name__})", failed=True)


def _without(seen: Seen, ignored: frozenset[str]) -> Seen:
    from dataclasses import replace

    left = tuple(one for one in seen.findings if one.problem.id not in ignored)
    if len(left) == len(seen.findings):
        return seen
    words = seen.words or "what was found is ignored"
    return replace(seen, findings=left, words=words)


def _tell(args: argparse.Namespace, reports: Sequence[Report]) -> None:
    from .doctoring.report import as_json, as_text

    if args.json:
        print(json.dumps(as_json(reports), indent=1))
    else:
        print(as_text(reports, sys.stdout))


def _exit_code(reports: Sequence[Report]) -> int:
    if any(report.seen.findings for report in reports):
        return REFUSED
    return UNREACHABLE if any(report.seen.failed for report in reports) else 0


def _fix(args: argparse.Namespace, site: Site) -> int:
    from .doctoring.mend import mend

    try:
        done = mend(site, args.fix)
    except ConfigError as error:
        return show_error(args, error)
    show(args, {"done": done}, done)
    return 0


def _list(args: argparse.Namespace, checks: Sequence[Check]) -> int:
    listed = {check.id: [problem.id for problem in check.problems] for check in checks}
    lines = [line for name, ids in listed.items() for line in (name, *(f"  {one}" for one in ids))]
    show(args, {"checks": listed}, "\n".join(lines))
    return 0

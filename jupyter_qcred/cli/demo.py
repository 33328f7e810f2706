"""``jupyter qcred demo``: see the life of a credential, in JupyterLab or as a check."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from jupyter_qcred.core.errors import QcredError

from .embedded import REFUSED, USAGE, add_json, show, show_error

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from .demonstration.report import Progress
    from .demonstration.stage import Stage, Wishes

_ABOUT = """\
See a credential issued, delivered, used, redacted and revoked, on this machine alone: a private
OpenBao, a quantum cloud on the loopback interface that accepts only live credentials, and
JupyterLab on a tutorial notebook. This terminal tells what happens. Everything lies below one
temporary directory, which is removed at the end; your settings and keys are neither read nor
changed.

With --check the same runs without a browser, through the server's own API, and ends with a table.
Options for the Jupyter server follow after --.

Exit codes: 0 fine, 1 a line of the check failed, 2 usage, 3 OpenBao does not start.
"""

_EXAMPLES = """\
examples:
  jupyter qcred demo
  jupyter qcred demo --no-browser --port 9000
  jupyter qcred demo --check
  jupyter qcred demo --check --json
  jupyter qcred demo --check --keep -- --debug
"""

_WELCOME = """
JupyterLab     {lab}
Quantum cloud  {cloud}
Directory      {directory}, {fate}

Run the tutorial's cells, save it, shut its kernel down, and watch here. Ctrl-C ends the demo.
"""


def add_parser(subparsers: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "demo",
        help="see it all on this machine, with parts that are removed afterwards",
        description=_ABOUT,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--check", action="store_true", help="run it without a browser, and judge")
    parser.add_argument("--no-browser", action="store_true", help="open no browser")
    parser.add_argument(
        "--port", type=int, default=8888, help="of JupyterLab; the next free one if it is in use"
    )
    parser.add_argument("--keep", action="store_true", help="leave the directory")
    parser.add_argument("options", nargs="*", metavar="-- OPTION", help="for the Jupyter server")
    add_json(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Show it or check it; return the exit code."""
    if args.json and not args.check:
        print("jupyter qcred demo: --json is for --check", file=sys.stderr)
        return USAGE
    try:
        with _Interrupts() as interrupts:
            return _check(args, interrupts) if args.check else _show(args, interrupts)
    except QcredError as error:
        return show_error(args, error)
    except OSError as error:
        reason = f"{error.filename or 'The temporary directory'}: {error.strerror}"
        step = "Free some space there, or set TMPDIR to another directory"
        return show_error(args, QcredError(reason, next_step=step))


def _check(args: argparse.Namespace, interrupts: _Interrupts) -> int:
    from .demonstration.check import Check
    from .demonstration.report import Progress, Report
    from .demonstration.stage import staged

    begun = time.monotonic()
    progress = Progress(sys.stderr)
    with progress, staged(_wishes(args, progress, interrupts)) as stage:
        if args.keep:
            progress.clear()
            print(f"Directory: {stage.place.directory}", file=sys.stderr)
        lines = asyncio.run(Check(stage, progress).run())
    report = Report(lines, time.monotonic() - begun)
    show(args, report.as_json(), report.as_text(sys.stdout))
    return 0 if report.ok else REFUSED


def _show(args: argparse.Namespace, interrupts: _Interrupts) -> int:
    from .demonstration.report import Progress
    from .demonstration.stage import staged
    from .demonstration.story import Story

    progress = Progress(sys.stderr)
    with progress, staged(_wishes(args, progress, interrupts)) as stage:
        story = Story(stage)
        progress.clear()
        print(_welcome(stage, keep=args.keep))
        with suppress(KeyboardInterrupt):
            for line in story.tell():
                print(line, flush=True)
        interrupts.ignore()
        progress("stopping Jupyter")
        ended = stage.server.stop()
        progress.clear()
        for line in story.end():
            print(line, flush=True)
    if ended == 0:
        print("The demo has ended.")
        return 0
    reason = f"JupyterLab ended with status {ended}"
    return show_error(args, QcredError(reason, next_step="Add --keep, and read its server.log"))


def _wishes(args: argparse.Namespace, progress: Progress, interrupts: _Interrupts) -> Wishes:
    from .demonstration.stage import Wishes

    def end() -> None:
        interrupts.ignore()
        progress("stopping everything")

    return Wishes(
        module="jupyter_server" if args.check else "jupyterlab",
        port=0 if args.check else args.port,
        browser=not (args.check or args.no_browser),
        keep=args.keep,
        options=args.options,
        on_step=progress,
        on_end=end,
        executable=args.embedded.executable,
    )


def _welcome(stage: Stage, *, keep: bool) -> str:
    return _WELCOME.format(
        lab=stage.lab_url(),
        cloud=stage.cloud.url,
        directory=stage.place.directory,
        fate="which stays" if keep else "removed at the end",
    )


class _Interrupts:
    """Has the first signal that asks us to end interrupt us, and none disturb the tidying up."""

    def __init__(self) -> None:
        names = ("SIGINT", "SIGTERM", "SIGHUP")
        numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
        before = {number: signal.getsignal(number) for number in numbers}
        # What nohup had ignored stays so.
        self._before = {n: old for n, old in before.items() if old is not signal.SIG_IGN}

    def __enter__(self) -> Self:
        for number in self._before:
            signal.signal(number, self._interrupt)
        return self

    def __exit__(self, *_exc: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def ignore(self) -> None:
        """Let no more of them come through."""
        for number in self._before:
            signal.signal(number, signal.SIG_IGN)

    def _interrupt(self, _number: int, _frame: object) -> None:
        self.ignore()
        raise KeyboardInterrupt

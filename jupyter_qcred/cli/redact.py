"""``jupyter qcred redact``: take secrets out of files, or of recorded messages."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jupyter_qcred.core.errors import ConfigError, QcredError

if TYPE_CHECKING:
    from argparse import _SubParsersAction
    from collections.abc import Mapping

    from jupyter_qcred.redact import Redactor

REFUSED: Final = 1
USAGE: Final = 2

_ABOUT = """\
Take secrets out of files, by the very code by which a server redacts what it saves. Clean files
stay byte for byte as they are. A changed notebook is written as Jupyter writes it. A file that is
no text and holds a known value is refused, and left as it is.

Known values come from --known: a JSON object of names and values, in a file with mode 0600, such as
{"ibm-quantum": "...", "ionq": ["...", "..."]}. Each becomes [redacted:NAME], in whatever disguise.
Notebooks also lose what has the format of a secret, as at a save; settings of the server count.

With --live, FILE holds messages of a kernel, one JSON object a line (header.msg_type,
parent_header.msg_id, content). They pass the very code by which a kernel redacts what it sends;
what comes out goes to standard output, or to --output.

Exit codes: 0 done, 1 a file was refused, 2 usage.
"""

_EXAMPLES = """\
examples:
  jupyter qcred redact --known keys.json notebooks/*.ipynb
  jupyter qcred redact --known keys.json --output clean/ run.ipynb notes.md
  jupyter qcred redact --known keys.json --json run.ipynb
  jupyter qcred redact --known keys.json --live messages.jsonl
"""


def add_parser(subparsers: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "redact",
        help="take secrets out of files",
        description=_ABOUT,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="notebooks and other files")
    parser.add_argument("--known", metavar="FILE.json", help="values by name, with mode 0600")
    parser.add_argument(
        "--output", metavar="DIR", help="write there, and leave the files as they are"
    )
    parser.add_argument("--live", action="store_true", help="the files hold messages of a kernel")
    parser.add_argument("--json", action="store_true", help="print the receipt as JSON")
    parser.set_defaults(func=run, settings=False)


def run(args: argparse.Namespace) -> int:
    """Redact; return the exit code."""
    files = [Path(file) for file in args.files]
    if wrong := _misuse(args, files):
        print(f"jupyter qcred redact: {wrong}", file=sys.stderr)
        return USAGE
    try:
        return (_live if args.live else _files)(args, files)
    except ConfigError as error:
        return _show_error(args, error)


def _files(args: argparse.Namespace, files: list[Path]) -> int:
    from jupyter_qcred.deliver.settings import load_config

    from .redaction.files import FileRedactor, RefusedError
    from .redaction.saving import save_check

    output = Path(args.output) if args.output else None
    worker = FileRedactor(save_check(load_config(), partial(_arm, args)), output)
    receipt: dict[str, Mapping[str, int]] = {}
    refused = 0
    for file in files:
        try:
            receipt[str(file)] = worker.redact(file)
        except RefusedError as error:
            refused += 1
            print(f"jupyter qcred redact: {_shown(file)}: {error}", file=sys.stderr)
    _tell(args, receipt)
    return REFUSED if refused else 0


def _live(args: argparse.Namespace, files: list[Path]) -> int:
    from jupyter_qcred.deliver.settings import load_config

    from .redaction.files import RefusedError
    from .redaction.live import LiveRedactor
    from .redaction.saving import live_redactor
    from .whole_file import write_whole

    redactor = live_redactor(load_config(), partial(_arm, args))
    receipt: dict[str, Mapping[str, int]] = {}
    refused = 0
    for file in files:
        try:
            with file.open("rb") as lines:
                told, receipt[str(file)] = LiveRedactor(redactor).redact(lines)
            text = "".join(f"{line}\n" for line in told)
            if args.output:
                Path(args.output).mkdir(parents=True, exist_ok=True)
                write_whole(Path(args.output, file.name), text.encode(), file.stat().st_mode)
            else:
                print(text, end="")
        except (RefusedError, OSError) as error:
            refused += 1
            why = (error.strerror if isinstance(error, OSError) else None) or error
            print(f"jupyter qcred redact: {_shown(file)}: {why}", file=sys.stderr)
    if args.output:
        _tell(args, receipt)
    return REFUSED if refused else 0


def _misuse(args: argparse.Namespace, files: list[Path]) -> str:
    for file in files:
        if not file.is_file():
            return f"{_shown(file)} {'is not a file' if file.exists() else 'does not exist'}"
    if args.live and args.json and not args.output:
        return "--live prints messages: --json needs --output"
    if args.output:
        return _misplaced(Path(args.output), files)
    return ""


def _misplaced(output: Path, files: list[Path]) -> str:
    if output.exists() and not output.is_dir():
        return f"{_shown(output)} is not a directory"
    twice = [name for name, number in Counter(file.name for file in files).items() if number > 1]
    if twice:
        return f"two files are called {_shown(twice[0])}: redact them one by one"
    for file in files:
        target = output / file.name
        if target.exists() and target.samefile(file):
            return f"{_shown(file)} is in the output directory: leave --output out, or name another"
    return ""


def _arm(args: argparse.Namespace, redactor: Redactor) -> None:
    from .redaction.known import read_known

    if not args.known:
        return
    file = Path(args.known)
    for number, (name, secrets) in enumerate(read_known(file).items(), 1):
        refused = redactor.arm(name, [secret.reveal() for secret in secrets])
        if refused:
            print(
                f"jupyter qcred redact: entry {number} of {_shown(file)} has a value that is too "
                "short to be told from ordinary text: it is not redacted",
                file=sys.stderr,
            )


def _tell(args: argparse.Namespace, receipt: Mapping[str, Mapping[str, int]]) -> None:
    if args.json:
        import json

        print(json.dumps({path: dict(found) for path, found in receipt.items()}, indent=1))
        return
    width = max((len(_shown(path)) for path in receipt), default=0)
    for path, found in receipt.items():
        counts = ", ".join(f"{name}: {number}" for name, number in sorted(found.items()))
        print(f"{_shown(path):{width}}  {counts or 'clean'}")


def _show_error(args: argparse.Namespace, error: QcredError) -> int:
    from .embedded import show_error

    show_error(args, error)
    return USAGE


def _shown(path: Path | str) -> str:
    from .scanning.excerpt import printable

    return printable(str(path))

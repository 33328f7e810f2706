"""``jupyter qcred run -- COMMAND``: credentials for kernels that a command starts by itself."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jupyter_qcred.core.errors import ConfigError
from jupyter_qcred.deliver.enable import PROVISIONER
from jupyter_qcred.deliver.environment import PROVISIONER_ENV

from .embedded import REFUSED, USAGE, show_error

if TYPE_CHECKING:
    from argparse import _SubParsersAction

_ABOUT = """\
Run a command whose kernels get credentials: `jupyter execute`, papermill, a script with nbclient.
Everything after -- is the command; its exit code is the result. Inside a Jupyter server none of
this is needed.

Exit codes: the command's own; 1 when it would lose its kernels, 2 usage, 127 when it isn't found.
"""

_EXAMPLES = """\
examples:
  jupyter qcred run -- jupyter execute --inplace tutorial.ipynb
  jupyter qcred run -- papermill in.ipynb out.ipynb
  jupyter qcred run -- python my_pipeline.py
"""

NOT_FOUND: Final = 127
"""As shells tell of a command that is not there."""

_INSTALL: Final = "Install it, or write its whole path"

_CHECK = (
    "import importlib.metadata as m, sys; sys.exit(not m.entry_points("
    f"group='jupyter_client.kernel_provisioners', name='{PROVISIONER}'))"
)


def add_parser(subparsers: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "run",
        help="run a command whose kernels get credentials",
        description=_ABOUT,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="tell a refusal as JSON")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Replace this process by the command."""
    command: list[str] = args.command[1:] if args.command[:1] == ["--"] else args.command
    if not command:
        print("jupyter qcred run: which command? Write it after --", file=sys.stderr)
        return USAGE
    program = shutil.which(command[0])
    if program is None:
        _refuse(args, f"{command[0]} is not found on PATH", _INSTALL)
        return NOT_FOUND
    if not _would_find_us(program):
        lost = (
            f"{command[0]} belongs to a Python environment without jupyter_qcred, and would lose "
            "all its kernels"
        )
        _refuse(args, lost, "Install jupyter_qcred there, or use the command of this environment")
        return REFUSED
    os.environ[PROVISIONER_ENV] = PROVISIONER
    sys.stdout.flush()
    return os.execv(program, command)  # noqa: S606 - the user's own command, without a shell


def _refuse(args: argparse.Namespace, reason: str, next_step: str) -> None:
    """Tell it where the command itself would have written."""
    if args.json:
        show_error(args, ConfigError(reason, next_step=next_step))
    else:
        print(f"jupyter qcred run: {reason}. {next_step}.", file=sys.stderr)


def _would_find_us(program: str) -> bool:
    """Whether the Python behind a command has our provisioner; true where there is no telling."""
    interpreter = _interpreter(Path(program))
    if interpreter is None:
        return True
    check = subprocess.run([*interpreter, "-c", _CHECK], check=False, capture_output=True)
    return check.returncode == 0


def _interpreter(program: Path) -> list[str] | None:
    """The Python that runs a command: itself, or the one in its first line."""
    if program.name.startswith("python"):
        return [str(program)]
    with program.open("rb") as file:
        first = file.readline(1024)
    if not first.startswith(b"#!") or b"python" not in first:
        return None
    return first[2:].decode(errors="replace").split()[:2]

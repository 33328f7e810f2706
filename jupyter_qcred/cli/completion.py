"""``jupyter qcred completion``: what a shell needs to complete our commands."""

from __future__ import annotations

import argparse
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.core.errors import ConfigError

if TYPE_CHECKING:
    from argparse import _SubParsersAction
    from collections.abc import Iterator

_ABOUT = """\
Print a script by which a shell completes the words of `jupyter qcred`: commands, options, names of
vendors and checks, files. Needs the package shtab.

Exit codes: 0 fine, 1 shtab is missing, 2 usage.
"""

_EXAMPLES = """\
examples:
  jupyter qcred completion bash > ~/.local/share/bash-completion/completions/jupyter-qcred
  echo '. ~/.local/share/bash-completion/completions/jupyter-qcred' >> ~/.bashrc
  jupyter qcred completion zsh > ~/.jupyter-qcred.zsh
  echo '. ~/.jupyter-qcred.zsh' >> ~/.zshrc
"""

_PROGRAM: Final = "jupyter-qcred"
_FILES: Final = frozenset({"PATH", "FILE", "DIR", "NOTEBOOK"})


def add_parser(subparsers: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "completion",
        help="print what a shell needs to complete these commands",
        description=_ABOUT,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("shell", choices=("bash", "zsh"))
    parser.set_defaults(func=run, settings=False)


def run(args: argparse.Namespace) -> int:
    """Print it; return the exit code."""
    print(script(args.shell))
    return 0


def script(shell: str) -> str:
    """Return the script for ``bash`` or ``zsh``.

    Raises:
        ConfigError: shtab is not installed.
    """
    try:
        import shtab
    except ImportError:
        raise ConfigError(
            "Completion needs the package shtab",
            next_step='Install it: `pip install "jupyter_qcred[completion]"`',
        ) from None
    from .main import parser

    root = parser()
    root.prog = _PROGRAM
    for command, action in _arguments(root):
        _hint(command, action, shtab.FILE)
    both = resources.files("jupyter_qcred.cli") / "completing" / f"jupyter.{shell}"
    return f"{shtab.complete(root, shell=shell)}\n{both.read_text(encoding='utf-8')}"


def _arguments(root: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.Action]]:
    for action in root._actions:  # noqa: SLF001 - argparse has no public way to list them
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for name, command in action.choices.items():
                yield from ((name, one) for one in command._actions)  # noqa: SLF001


def _hint(command: str, action: Any, files: Any) -> None:
    """Say what may stand there, for the shell alone: nothing here is parsed by it."""
    from jupyter_qcred.issue.builtin import VENDORS

    from .doctoring.checks import CHECKS, problems

    words = {
        ("doctor", "checks"): [check.id for check in CHECKS],
        ("doctor", "ignore"): list(problems()),
        ("put", "name"): list(VENDORS),
        ("remove", "name"): list(VENDORS),
        ("migrate", "name"): list(VENDORS),
    }.get((command, action.dest))
    if words and action.choices is None:
        action.choices = words
    elif action.metavar in _FILES:
        action.complete = files

"""The help of every command."""

from __future__ import annotations

import argparse
import os
from typing import Final
from unittest.mock import patch

from jupyter_qcred.cli.main import parser
from qcred_reference import markdown

_INTRODUCTION: Final = """\
`jupyter qcred COMMAND`. What a command prints for `--help` stands below as it is. With `--json`,
where there is one, a failure is JSON too: `error` (a code of the [errors](errors.md)), `reason` and
`next_step`.
"""


def subcommands() -> dict[str, argparse.ArgumentParser]:
    """Return the parser of each command, by its name."""
    (action,) = (
        action
        for action in parser()._actions  # noqa: SLF001 - argparse has no public way to list them
        if isinstance(action, argparse._SubParsersAction)  # noqa: SLF001
    )
    return dict(action.choices)


def page() -> str:
    """Return the page."""
    with patch.dict(os.environ, {"COLUMNS": "96", "NO_COLOR": "1"}):
        blocks = [
            f"## {name}\n\n{markdown.code(command.format_help())}"
            for name, command in subcommands().items()
        ]
        return markdown.page(
            "Commands", _INTRODUCTION, markdown.code(parser().format_help()), *blocks
        )

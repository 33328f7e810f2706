"""The README's list of commands. ``python docs/readme.py`` writes it anew."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Final

from jupyter_qcred.cli.main import parser

README: Final = Path(__file__).parents[1] / "README.md"
_BEGIN: Final = "<!-- commands: written by docs/readme.py -->\n"
_END: Final = "<!-- end of commands -->\n"


def block() -> str:
    """Return the list as it stands in the help of ``jupyter qcred``, in a layout of its own.

    argparse's layout differs between versions of Python.
    """
    (action,) = (
        action
        for action in parser()._actions  # noqa: SLF001 - argparse has no public way to list them
        if isinstance(action, argparse._SubParsersAction)  # noqa: SLF001
    )
    told = [(one.dest, one.help or "") for one in action._choices_actions]  # noqa: SLF001
    width = max(len(name) for name, _ in told)
    lines = [f"jupyter qcred {name:<{width}}  {words}" for name, words in told]
    return "\n".join(["```text", *lines, "```", ""])


def written(readme: str) -> str:
    """Return a README with the present list in the place of the one that it has."""
    pattern = re.compile(f"(?<={re.escape(_BEGIN)}).*?(?={re.escape(_END)})", re.DOTALL)
    new, count = pattern.subn(lambda _: block(), readme)
    if count != 1:
        raise ValueError("the README has no place for the list of commands")
    return new


if __name__ == "__main__":
    README.write_text(written(README.read_text(encoding="utf-8")), encoding="utf-8")

"""The code of a notebook or a program: Python as a tree, and the lines for a shell beside it."""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass
from typing import Final

_MAGIC: Final = re.compile(r"(\s*)([%!?].*)")
_ASSIGNED: Final = re.compile(r"(\s*[\w\s,.\[\]'\"]+=\s*)([!%].*)")
_HELP: Final = re.compile(r"\s*[\w.]+\?{1,2}\s*")
_SHELLS: Final = frozenset({"bash", "sh", "zsh", "script", "system", "sx", "cmd", "!"})
_TEXTS: Final = frozenset({"html", "javascript", "js", "latex", "markdown", "svg", "HTML", "R"})
_WRITES: Final = frozenset({"writefile", "file"})


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is not Python.

    Attributes:
        number: of the line, from 1.
        text: of a magic with its ``%``, of a shell without its ``!``.
    """

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """One cell, or a whole program.

    Attributes:
        tree: its Python.
        shell: what a shell or a magic gets.
        lines: of the source.
        shows_last: the value of the last expression is shown.
        writes: the file that the whole cell is written to; its lines are in ``shell``.
    """

    tree: ast.Module
    shell: tuple[Line, ...]
    lines: tuple[str, ...]
    shows_last: bool
    writes: str = ""


def read(source: str, *, cell: bool) -> Code | None:
    """Read a source; None: it is no Python that can be read."""
    lines = source.split("\n")
    if not cell:
        tree = _parsed(source)
        return None if tree is None else Code(tree, (), tuple(lines), shows_last=False)
    at = next((number for number, line in enumerate(lines) if line.strip()), 0)
    if lines[at].startswith("%%"):
        return _whole(lines, at)
    return _mixed(lines)


def _whole(lines: list[str], at: int) -> Code | None:
    """A cell that a magic takes as a whole."""
    first = lines[at]
    name, _, rest = first[2:].strip().partition(" ")
    below = [Line(number, text) for number, text in enumerate(lines[at + 1 :], at + 2)]
    empty = ast.Module([], [])
    if name in _WRITES:
        path = rest.split()[-1] if rest.split() else "?"
        return Code(empty, tuple(below), tuple(lines), shows_last=False, writes=path)
    if name in _SHELLS:
        return Code(empty, tuple(below), tuple(lines), shows_last=False)
    if name in _TEXTS:
        return Code(empty, (), tuple(lines), shows_last=False)
    return _mixed([*lines[:at], "", *lines[at + 1 :]])


def _mixed(lines: list[str]) -> Code | None:
    source = "\n".join(lines)
    shows_last = not source.rstrip().endswith(";")
    tree = _parsed(source)
    if tree is not None:  # a line may begin with % inside of a text
        return Code(tree, (), tuple(lines), shows_last)
    python, shell = _apart(lines)
    tree = _parsed("\n".join(python))
    return None if tree is None else Code(tree, tuple(shell), tuple(lines), shows_last)


def _apart(lines: list[str]) -> tuple[list[str], list[Line]]:
    python: list[str] = []
    shell: list[Line] = []
    goes_on = False
    for number, line in enumerate(lines, 1):
        assigned = _ASSIGNED.fullmatch(line)
        magic = _MAGIC.fullmatch(line)
        if goes_on:
            before = shell.pop()
            shell.append(Line(before.number, before.text.rstrip("\\") + line.strip()))
            python.append("")
        elif magic is not None:
            shell.append(Line(number, magic[2].removeprefix("!").strip()))
            python.append(f"{magic[1]}pass")
        elif assigned is not None:
            shell.append(Line(number, assigned[2].removeprefix("!").strip()))
            python.append(f"{assigned[1]}None")
        else:
            python.append("pass" if _HELP.fullmatch(line) else line)
        told = goes_on or magic is not None or assigned is not None
        goes_on = told and line.rstrip().endswith("\\")
    return python, shell


def _parsed(source: str) -> ast.Module | None:
    flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes in texts
            tree = compile(source, "cell", "exec", flags, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    assert isinstance(tree, ast.Module)
    return tree

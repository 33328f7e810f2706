"""Pieces of MyST."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

NOTE = "<!-- Written at build time from the code: change it there. -->\n"


def page(title: str, *parts: str) -> str:
    """Return a whole page."""
    return "\n\n".join((f"# {title}", NOTE.strip(), *(part.strip("\n") for part in parts))) + "\n"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table."""
    lines = [_row(headings), _row(["---"] * len(headings))]
    return "\n".join([*lines, *(_row(row) for row in rows)])


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def definition(term: str, words: str) -> str:
    """Return an entry of a definition list."""
    return f"{term}\n: {_cell(words)}"


def code(text: str, language: str = "text") -> str:
    """Return a code block."""
    return f"```{language}\n{text.rstrip()}\n```"


def literal(text: object) -> str:
    """Return inline code."""
    return f"`{text}`"


def prose(docstring: str | None) -> str:
    """Return the words of a docstring: reST's double backquotes as Markdown's single ones."""
    text = inspect.cleandoc(docstring or "")
    text = re.sub(r":\w+:`([^`]+)`", r"`\1`", text)
    return re.sub(r"``([^`]+)``", r"`\1`", text)


def sections(docstring: str | None) -> dict[str, str]:
    """Return a docstring by its sections (``Args``, ``Raises`` …); the words before are ``""``."""
    found = {"": ""}
    name = ""
    for line in prose(docstring).splitlines():
        if re.fullmatch(r"(Args|Returns|Raises|Attributes):", line):
            name = line[:-1]
            found[name] = ""
        else:
            found[name] += f"{line}\n"
    return {name: inspect.cleandoc(text) for name, text in found.items()}


def entries(section: str) -> dict[str, str]:
    """Return ``name: words`` entries of a section, with continued lines joined."""
    found: dict[str, str] = {}
    name = ""
    for line in section.splitlines():
        entry = re.match(r"(\w+): (.*)", line)
        if entry:
            name = entry[1]
            found[name] = entry[2]
        elif name:
            found[name] += f" {line.strip()}"
    return found

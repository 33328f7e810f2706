"""The lines of a file that set something, by the file's format.

Each parser goes over a text once, in time linear in its length, and finds at least what the SDKs'
own parsers find: rather a line too many than one too few.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.core.record import Record

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

_NEWLINE: Final = re.compile(r"\r\n|\n|\r")
_LONGEST: Final = 4096
"""Characters of a value over several lines that are put together: an address has fewer."""


class Setting(Record):
    """One line: ``name`` is set to ``value``, in a ``section`` where the format has some."""

    line: int
    name: str
    value: str
    section: str = ""


def of_env(text: str) -> Iterator[Setting]:
    """Yield what python-dotenv and ibm-cloud-sdk-core take for settings."""
    for number, line in enumerate(_NEWLINE.split(text), 1):
        name, sign, value = line.partition("=")
        name = name.strip()
        if sign and name.startswith("export") and name[6:7].isspace():
            name = name[6:].strip()
        if sign and name:
            yield Setting(number, name.strip("'"), _unquoted(value))


def of_ini(text: str) -> Iterator[Setting]:
    """Yield what configparser takes for options; their names are not told from capitals there."""
    section, found = "", None
    for number, line in enumerate(_NEWLINE.split(text), 1):
        if line.lstrip().startswith("["):
            section = line.strip().strip("[]")
            continue
        if found is not None and line[:1].isspace() and len(found.value) < _LONGEST:
            # It may go on with the value above.
            found = found.replaced(value=f"{found.value} {line.strip()}".strip())
        at = min((at for at in (line.find("="), line.find(":")) if at >= 0), default=-1)
        name = line[:at].strip().lower() if at > 0 else ""
        if not name:
            continue
        if found is not None:
            yield found
        found = Setting(number, name, line[at + 1 :].strip(), section)
    if found is not None:
        yield found


def of_toml(text: str) -> Iterator[Setting]:
    """Yield the keys of a TOML file with their tables; a table on one line is its own value.

    A parser would take quadratic time for some texts.
    """
    section = ""
    for number, line in enumerate(_NEWLINE.split(text), 1):
        stripped = line.strip()
        if stripped.startswith("["):
            section = _plain(stripped.partition("]")[0].lstrip("["))
            continue
        name, sign, value = stripped.partition("=")
        if sign and not stripped.startswith("#"):
            path = f"{section}.{_plain(name)}".lstrip(".")
            table, _, key = path.rpartition(".")
            yield Setting(number, key, _unquoted(value), table)


def of_json(text: str, names: Container[str]) -> Iterator[Setting]:
    """Yield the members of these names, each with the line where its name is first."""
    try:
        root = json.loads(text)
    except (ValueError, RecursionError):
        return
    lines: dict[str, int] = {}
    waiting: list[tuple[str, Any]] = [("", root)]
    while waiting:
        section, value = waiting.pop()
        if isinstance(value, list):
            waiting.extend((section, item) for item in value)
        elif isinstance(value, dict):
            for name, item in value.items():
                if isinstance(item, dict | list):
                    waiting.append((name, item))
                elif name in names:
                    line = lines.setdefault(name, 0) or _line_of(text, name)
                    lines[name] = line
                    yield Setting(line, name, _text(item), section)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _line_of(text: str, name: str) -> int:
    at = text.find(json.dumps(name))
    return text.count("\n", 0, at) + 1 if at >= 0 else 1


def _plain(name: str) -> str:
    return name.replace('"', "").replace("'", "").replace(" ", "").replace("\t", "")


def _unquoted(value: str) -> str:
    """Return a value without its quotes, or without the comment behind it."""
    value = value.strip()
    mark = value[:1]
    if mark in {"'", '"'}:
        inner, closed, _ = value[1:].partition(mark)
        return inner if closed else value  # it goes on below: not to be judged by this line
    at = value.find(" #")
    return value if at < 0 else value[:at].rstrip()

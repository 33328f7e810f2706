"""Look at notebooks and programs as tutorials."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.cli.scanning.hit import Hit
from jupyter_qcred.issue.selection import requires_of

from .cells import read
from .code import Reader
from .fault import WHY, Fault
from .shell import faults as shell_faults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from jupyter_qcred.cli.scanning.target import Batch

_LIMIT: Final = 64 * 1024 * 1024
"""Bytes: no tutorial is longer."""
_PYTHON: Final = frozenset({"", "python", "ipython", "python3"})


def look(
    batches: Iterator[Batch], fingerprint: Callable[[str], str], shown: Callable[[str], str]
) -> tuple[list[Hit], dict[str, str]]:
    """Return what is wrong in notebooks and programs, and why some could not be read.

    Args:
        batches: files; those that are neither are passed over.
        fingerprint: makes the fingerprint of a finding.
        shown: returns a path fit to be shown.
    """
    hits: list[Hit] = []
    failed: dict[str, str] = {}
    for batch in batches:
        for target in batch.targets:
            path = target.path
            if not path.endswith((".ipynb", ".py")):
                continue
            try:
                found = list(_file(Path(path), target.size))
            except OSError as error:
                failed[path] = error.strerror or type(error).__name__
            except _UnreadableError as error:
                failed[path] = str(error)
            except Exception as error:  # noqa: BLE001 - one file must not hide the others
                # Its name alone: what an error says may quote the file.
                failed[path] = f"{type(error).__name__} while looking at it"
            else:
                hits += [_hit(shown(path), *each, fingerprint) for each in found]
    return hits, failed


class _UnreadableError(Exception):
    """It is no tutorial that can be read; the message says why."""


def _file(path: Path, size: int) -> Iterator[tuple[Fault, int | None, str]]:
    if size > _LIMIT:
        raise _UnreadableError("it is longer than any tutorial")
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix == ".py":
        yield from ((fault, None, line) for fault, line in _program(text))
        return
    notebook = _notebook(text)
    required = requires_of(notebook)
    sources = list(_sources(notebook))
    about = "\n".join(source for _, source in sources)
    reader = Reader(about, required)
    for number, source in sources:
        code = read(source, cell=True)
        if code is None:
            raise _UnreadableError(f"cell {number} is no Python that can be read")
        for fault in (*reader.faults(code), *shell_faults(code, about)):
            yield fault, number, code.lines[fault.line - 1]


def _program(text: str) -> Iterator[tuple[Fault, str]]:
    code = read(text, cell=False)
    if code is None:
        raise _UnreadableError("it is no Python that can be read")
    for fault in Reader(text).faults(code):
        yield fault, code.lines[fault.line - 1]


def _notebook(text: str) -> dict[str, Any]:
    try:
        notebook = json.loads(text)
    except (ValueError, RecursionError):
        notebook = None
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise _UnreadableError("it is no notebook of nbformat 4")
    metadata = notebook.get("metadata")
    about = metadata if isinstance(metadata, dict) else {}
    for key, name in (("kernelspec", "language"), ("language_info", "name")):
        part = about.get(key)
        language = part.get(name, "") if isinstance(part, dict) else ""
        if str(language).lower() not in _PYTHON:
            raise _UnreadableError(f"its cells are {language}, and only Python can be read")
    return notebook


def _sources(notebook: dict[str, Any]) -> Iterator[tuple[int, str]]:
    for number, cell in enumerate(notebook["cells"], 1):
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        source = cell.get("source", "")
        parts: Sequence[object] = source if isinstance(source, list) else [source]
        yield number, "".join(part for part in parts if isinstance(part, str))


def _hit(
    path: str, fault: Fault, cell: int | None, line: str, fingerprint: Callable[[str], str]
) -> Hit:
    return Hit(
        path,
        rule=fault.rule,
        fingerprint=fingerprint(f"{fault.rule}\n{line.strip()}"),
        line=fault.line if cell is None else None,
        cell=cell,
        cell_line=None if cell is None else fault.line,
        place="" if cell is None else "source",
        what=fault.what,
        why=WHY[fault.rule],
        instead=fault.instead,
    )

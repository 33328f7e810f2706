"""Every place of a notebook in which a text may stand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from corpus.outputs import CHARACTERS, FILES, OUTPUTS, pieces, stream

if TYPE_CHECKING:
    from collections.abc import Callable

    from corpus.outputs import Outputs

    Notebook = dict[str, Any]
    Message = tuple[str, dict[str, Any], dict[str, Any]]
    """Type, content and metadata."""

_FILE: Final = frozenset(
    {
        *(f"base64 standard {shift}" for shift in range(3)),
        *("base64 wrapped", "utf-16 base64", "png text", "pixels", "gzip"),
    }
)
"""Disguises which are base64 of a whole file."""

_WIDGETS: Final = "application/vnd.jupyter.widget-state+json"


@dataclass(frozen=True, slots=True)
class Place:
    """One place.

    Attributes:
        name: unique.
        notebook: makes a notebook that shows a text there.
        messages: makes what a kernel sends when it shows a text there; None where no kernel does.
        only: the disguises that mean anything there; empty for all.
        infeasible: why nobody can be asked to find it; empty when it must be found.
        stretch: finding it is welcome and not promised.
    """

    name: str
    notebook: Callable[[str], Notebook] | None
    messages: Callable[[str], list[Message]] | None = None
    only: frozenset[str] = frozenset()
    infeasible: str = ""
    stretch: bool = False

    @property
    def promised(self) -> bool:
        """Whether not a single one may get through."""
        return not self.infeasible and not self.stretch


def a_notebook(*cells: dict[str, Any], **metadata: Any) -> Notebook:
    """A whole valid notebook of the newest minor version."""
    for number, cell in enumerate(cells):
        cell.setdefault("id", f"cell-{number}")
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {
        "cells": list(cells),
        "metadata": {"kernelspec": spec, "language_info": {"name": "python"}, **metadata},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def code(source: str | list[str], outputs: Outputs | None = None, **metadata: Any) -> Notebook:
    """A code cell."""
    return {
        "cell_type": "code",
        "execution_count": 3,
        "metadata": metadata,
        "source": source,
        "outputs": outputs or [],
    }


def prose(source: str | list[str], kind: str = "markdown", **more: Any) -> Notebook:
    """A markdown or raw cell."""
    return {"cell_type": kind, "metadata": {}, "source": source, **more}


def _shown(outputs: Callable[[str], Outputs], text: str) -> Notebook:
    return a_notebook(code("show()", outputs(text)), prose("and so on"))


def _messages(outputs: Callable[[str], Outputs], text: str) -> list[Message]:
    found: list[Message] = []
    for output in outputs(text):
        content = dict(output)
        kind = content.pop("output_type")
        # Lists of lines are how files keep a text; on the wire it is one.
        if kind == "stream":
            content["text"] = _one(content["text"])
        elif kind == "display_data":
            content["transient"] = {}
        if "data" in content:
            content["data"] = {
                mime: _one(data) if mime.startswith("text/") else data
                for mime, data in content["data"].items()
            }
        found.append((kind, content, {}))
    return found


def _one(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)


def _attachment(text: str) -> Notebook:
    notes = {"notes.txt": {"text/plain": f"the token is {text}\n"}}
    return a_notebook(prose("![notes](attachment:notes.txt)", attachments=notes))


def _attached_file(text: str) -> Notebook:
    notes = {"notes.bin": {"application/octet-stream": text}}
    return a_notebook(prose("![notes](attachment:notes.bin)", attachments=notes))


def _widgets(text: str) -> Notebook:
    model = {
        "model_name": "TextModel",
        "model_module": "@jupyter-widgets/controls",
        "model_module_version": "2.0.0",
        "state": {"value": text, "description": "Token"},
    }
    state = {"state": {"0b6f4ad1": model}, "version_major": 2, "version_minor": 0}
    return a_notebook(code("w"), widgets={_WIDGETS: state})


def _papermill(text: str) -> Notebook:
    cell = code('token = "set by parameters"', tags=["injected-parameters"])
    run = {"parameters": {"token": text, "shots": 100}, "version": "2.6.0", "exception": None}
    return a_notebook(cell, papermill=run)


def _execution(text: str) -> Notebook:
    times = {"iopub.execute_input": "2026-01-01T00:00:00Z", "shell.execute_reply": text}
    return a_notebook(code("run()", execution=times))


def _over_cells(text: str) -> Notebook:
    return a_notebook(*(code("f()", [stream(piece)]) for piece in pieces(text, 4)))


def _in_literals(text: str) -> Notebook:
    return a_notebook(code(f"token = {' + '.join(map(repr, pieces(text, 4)))}"))


def _comm(text: str) -> list[Message]:
    state = {"method": "update", "state": {"value": text}, "buffer_paths": []}
    return [("comm_msg", {"comm_id": "0b6f4ad1", "data": state}, {})]


def _update(text: str) -> list[Message]:
    content = {"data": {"text/plain": text}, "metadata": {}, "transient": {"display_id": "d"}}
    return [("update_display_data", content, {})]


def _reply(text: str) -> list[Message]:
    page = {"source": "page", "data": {"text/plain": f"Docstring: {text}"}, "start": 0}
    content = {
        "status": "ok",
        "execution_count": 3,
        "payload": [page],
        "user_expressions": {"a": {"status": "ok", "data": {"text/plain": text}, "metadata": {}}},
    }
    return [("execute_reply", content, {})]


def _inspection(text: str) -> list[Message]:
    content = {"status": "ok", "found": True, "data": {"text/plain": text}, "metadata": {}}
    return [("inspect_reply", content, {})]


def _history(text: str) -> list[Message]:
    lines = [[1, 1, "import os"], [1, 2, f"token = {text}"]]
    return [("history_reply", {"status": "ok", "history": lines}, {})]


def _prompt(text: str) -> list[Message]:
    return [("input_request", {"prompt": f"is {text} right?", "password": False}, {})]


def _input(text: str) -> list[Message]:
    return [("execute_input", {"code": f"token = '''{text}'''", "execution_count": 3}, {})]


_IN_FILES: Final[dict[str, Callable[[str], Notebook]]] = {
    "code source": lambda text: a_notebook(code(f"token = '''{text}'''\nrun(token)")),
    "code source in lines": lambda text: a_notebook(
        code(f"token = '''\n{text}\n'''".splitlines(keepends=True))
    ),
    "markdown": lambda text: a_notebook(prose(f"## Keys\n\nmine is {text} .")),
    "raw": lambda text: a_notebook(prose(f"token: {text}\n", "raw")),
    "attachment": _attachment,
    "widget state": _widgets,
    "papermill": _papermill,
    "execution": _execution,
    "notebook metadata": lambda text: a_notebook(code("a"), lab={"notes": [{"deep": text}]}),
    "notebook metadata key": lambda text: a_notebook(code("a"), lab={text: 1}),
    "cell metadata": lambda text: a_notebook(code("a", note={"for": ["you", text]})),
    "cell metadata key": lambda text: a_notebook(code("a", note={text: {"b": []}})),
}

_IN_MESSAGES: Final = {
    "comm": _comm,
    "update": _update,
    "reply": _reply,
    "inspection": _inspection,
    "history": _history,
    "prompt": _prompt,
    "input": _input,
}

PLACES: Final = (
    *(
        Place(name, partial(_shown, outputs), partial(_messages, outputs))
        for name, outputs in OUTPUTS.items()
    ),
    *(
        Place(
            name,
            partial(_shown, outputs),
            partial(_messages, outputs),
            only=frozenset({"plain"}),
            stretch=name == "json of ordinals",
        )
        for name, outputs in CHARACTERS.items()
    ),
    *(Place(name, notebook) for name, notebook in _IN_FILES.items()),
    *(
        Place(name, partial(_shown, outputs), partial(_messages, outputs), only=_FILE)
        for name, outputs in FILES.items()
    ),
    Place("attached file", _attached_file, only=_FILE),
    *(Place(name, None, messages) for name, messages in _IN_MESSAGES.items()),
    Place("cells", _over_cells, infeasible="the pieces are outputs of different cells"),
    Place("literals", _in_literals, infeasible="only running the code joins the pieces"),
)

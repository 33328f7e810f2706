"""The texts of a notebook, each with the number of its cell and output.

Nothing of a notebook is passed over but images, sound and video: what is not known by its name is
looked at as metadata are, key by key.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_MEDIA: Final = re.compile(r"(image/(?!svg)|audio/|video/|application/(pdf|octet-stream))")
_MEDIA_KEYS: Final = frozenset({"png", "jpeg", "pdf"})  # of nbformat 3
_MEDIA_STARTS: Final = ("iVBORw0KGgo", "/9j/", "R0lGOD", "UklGR", "JVBERi", "Qk", "AAAA", "T2dnUw")
"""Base64 of what PNG, JPEG, GIF, WebP and WAV, PDF, BMP, MP4, Ogg files begin with."""
_BASE64: Final = re.compile(r"[A-Za-z0-9+/=\s]*")
_COMMON: Final = frozenset(
    {"code", "markdown", "raw", "stream", "display_data", "execute_result", "error"}
    | {"pyout", "pyerr", "stdout", "stderr", "python"}
)
"""Values of every other notebook, which are no news."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One text of a notebook.

    Attributes:
        text: the text as the notebook's reader would see it.
        cell: number of the cell, from 1; None: it is the notebook's own.
        output: number of the output, from 1.
        place: what it is.
        has_lines: whether its lines are those a reader counts.
    raw: the whole file, to find the line of what is in no cell.
        end: what begins here or later belongs to another piece.
    """

    text: str
    cell: int | None = None
    output: int | None = None
    place: str = ""
    has_lines: bool = False
    raw: bytes = b""
    end: int | None = None


def pieces(data: bytes) -> Iterator[Piece] | None:
    """Return the texts of a notebook file; None: it is not a notebook."""
    try:
        notebook = json.loads(data)
    except (ValueError, RecursionError):
        return None
    cells = _cells(notebook)
    return None if cells is None else _pieces(notebook, cells, data)


def _cells(notebook: Any) -> list[Any] | None:
    if not isinstance(notebook, dict):
        return None
    cells = notebook.get("cells")
    if cells is None and isinstance(sheets := notebook.get("worksheets"), list):  # nbformat 3
        sheets = [sheet.get("cells") for sheet in sheets if isinstance(sheet, dict)]
        cells = [cell for sheet in sheets if isinstance(sheet, list) for cell in sheet]
    return cells if isinstance(cells, list) else None


def _pieces(notebook: dict[str, Any], cells: list[Any], data: bytes) -> Iterator[Piece]:
    for number, cell in enumerate(cells, 1):
        yield from _cell(cell if isinstance(cell, dict) else {"source": cell}, number)
    rest = {key: value for key, value in notebook.items() if key != "cells"}
    if "cells" not in notebook:
        rest["worksheets"] = [
            {key: value for key, value in sheet.items() if key != "cells"}
            if isinstance(sheet, dict)
            else sheet
            for sheet in notebook["worksheets"]
        ]
    yield from _tree(rest, "metadata", raw=data)


def _cell(cell: dict[str, Any], number: int) -> Iterator[Piece]:
    rest = dict(cell)
    for key in ("source", "input"):
        if (text := _text(rest.get(key))) is not None:
            del rest[key]
            yield Piece(text, number, None, "source", has_lines=True)
    outputs = rest.get("outputs")
    if isinstance(outputs, list):
        del rest["outputs"]
        yield from _outputs(outputs, number)
    attachments = rest.get("attachments")
    if isinstance(attachments, dict):
        del rest["attachments"]
        for bundle in attachments.values():
            yield from _bundle(bundle, number, None, "attachment ")
        rest["attachments"] = list(attachments)
    yield from _tree(rest, "metadata", number)


def _outputs(outputs: list[Any], cell: int) -> Iterator[Piece]:
    for number, output in enumerate(outputs, 1):
        if not isinstance(output, dict):
            yield from _tree(output, "", cell, number)
            continue
        rest = dict(output)
        if output.get("output_type") == "stream" and (text := _text(rest.get("text"))) is not None:
            del rest["text"]
            yield _stream(text, outputs, number, cell)
        if isinstance(traceback := rest.get("traceback"), list):
            del rest["traceback"]
            lines = [line for line in traceback if isinstance(line, str)]
            yield Piece("\n".join(lines), cell, number, "traceback", has_lines=True)
        yield from _bundle(rest.pop("data", None), cell, number)
        yield from _bundle(rest, cell, number)


def _stream(text: str, outputs: list[Any], number: int, cell: int) -> Piece:
    """A stream's text; what a kernel sent in two pieces is one text to whoever reads it."""
    name = outputs[number - 1].get("name")
    place = name if name in {"stdout", "stderr"} else "stream"
    whole = text + _continued(outputs, number)
    return Piece(whole, cell, number, place, has_lines=True, end=len(text))


def _continued(outputs: list[Any], position: int, limit: int = 4096) -> str:
    """The beginning of the next output, where it goes on with the same stream."""
    if position >= len(outputs) or not isinstance(following := outputs[position], dict):
        return ""
    here = outputs[position - 1]
    if any(following.get(key) != here.get(key) for key in ("output_type", "name")):
        return ""
    text = _text(following.get("text")) or ""
    return re.split(r"\s", text[:limit], maxsplit=1)[0]


def _bundle(bundle: Any, cell: int, output: int | None, prefix: str = "") -> Iterator[Piece]:
    """The texts of a MIME bundle, each by its type."""
    if not isinstance(bundle, dict):
        if bundle is not None:
            yield from _tree(bundle, prefix.strip(), cell, output)
        return
    rest: dict[str, Any] = {}
    for kind, value in bundle.items():
        text = _text(value)
        if text is not None and (_MEDIA.match(kind) or kind in _MEDIA_KEYS):
            if not _is_media(text):
                yield Piece(text, cell, output, f"{prefix}{_kind(kind)}", has_lines=True)
        elif text is not None and ("/" in kind or kind in {"text", "html", "latex", "svg"}):
            yield Piece(text, cell, output, f"{prefix}{_kind(kind)}", has_lines=True)
        elif "/" in kind:
            yield from _tree(value, f"{prefix}{_kind(kind)}", cell, output)
        else:
            rest[kind] = value
    yield from _tree(rest, f"{prefix}metadata", cell, output)


def _tree(
    value: Any,
    place: str,
    cell: int | None = None,
    output: int | None = None,
    raw: bytes = b"",
) -> Iterator[Piece]:
    """The strings of any JSON value as one text, each after its key."""
    lines: list[str] = []
    stack: list[tuple[str, Any]] = [("", value)]
    while stack:
        key, one = stack.pop()
        if isinstance(one, str):
            if one not in _COMMON and not _is_media(one):
                lines.append(f'{key} = "{one}"' if key else one)
        elif isinstance(one, list):
            if (text := _text(one)) is not None and one:
                lines.append(f'{key} = "{text}"')
            else:
                stack.extend((key, item) for item in reversed(one) if not _is_number(item))
        elif isinstance(one, dict):
            lines += [f"{key}:"] if key else []
            stack.extend((str(name), item) for name, item in reversed(one.items()))
        elif key:
            lines.append(key)
    if lines:
        yield Piece("\n".join(lines), cell, output, place, raw=raw)


def _is_media(text: str) -> bool:
    """Whether it is a picture or the like in base64: short texts never are."""
    if len(text) < 64 or not text.startswith(_MEDIA_STARTS):
        return False
    return _BASE64.fullmatch(text, 0, 1024) is not None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def _text(value: Any) -> str | None:
    """A text of nbformat: a string, or the list of its lines."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        lines = value[:-1]
        if all(line.endswith("\n") for line in lines):
            return "".join(value)
    return None


def _kind(kind: str) -> str:
    # A MIME type comes from the file, and is shown.
    return kind if re.fullmatch(r"[\w.+-]{1,40}(/[\w.+-]{1,60})?", kind) else "data"

"""Places among what a cell puts out: each makes the outputs that show a text."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

Output = dict[str, Any]
Outputs = list[Output]


def stream(text: str | list[str], name: str = "stdout") -> Output:
    """What was printed; a list of lines is how files have it."""
    return {"output_type": "stream", "name": name, "text": text}


def display(mime: str, data: object, metadata: dict[str, Any] | None = None) -> Output:
    """What was displayed."""
    return {"output_type": "display_data", "data": {mime: data}, "metadata": metadata or {}}


def result(mime: str, data: object) -> Output:
    """What an expression gave."""
    return {**display(mime, data), "output_type": "execute_result", "execution_count": 3}


def error(evalue: str, *lines: str) -> Output:
    """What was raised."""
    return {
        "output_type": "error",
        "ename": "RuntimeError",
        "evalue": evalue,
        "traceback": list(lines),
    }


def pieces(text: str, count: int) -> list[str]:
    """Cut a text into ``count`` pieces of about the same length."""
    edges = [len(text) * number // count for number in range(count + 1)]
    return [text[a:b] for a, b in pairwise(edges)]


def _chunks(text: str) -> Outputs:
    return [stream(piece) for piece in pieces(f"token: {text}\ndone\n", 5)]


def _with_stderr_between(text: str) -> Outputs:
    first, *others = [stream(piece) for piece in pieces(text, 3)]
    outputs = [stream("token: "), first]
    for number, other in enumerate(others):
        outputs += [stream(f"warning {number}\n", "stderr"), other]
    return outputs


def _traceback(text: str) -> Outputs:
    return [
        error(
            "the request was refused",
            "\x1b[0;31m---------------------------------------------\x1b[0m",
            "\x1b[0;31mRuntimeError\x1b[0m            Traceback (most recent call last)",
            "Cell \x1b[0;32mIn[3], line 2\x1b[0m",
            f"\x1b[0;32m----> 2\x1b[0m connect({text})\n\x1b[1;32m      3\x1b[0m run()",
            "\x1b[0;31mRuntimeError\x1b[0m: the request was refused",
        )
    ]


def _svg(text: str) -> Outputs:
    drawing = f'<svg xmlns="http://www.w3.org/2000/svg"><text x="0" y="9">{text}</text></svg>'
    return [display("image/svg+xml", drawing)]


def _nested_json(text: str) -> Outputs:
    answer = {"answer": [1, {"headers": [{"name": "authorization", "value": text}]}, None]}
    return [display("application/json", answer)]


def _plotly(text: str) -> Outputs:
    figure = {
        "data": [{"type": "bar", "x": ["00", "11"], "y": [511, 513], "hovertext": [text, "b"]}],
        "layout": {"title": {"text": "counts"}},
    }
    return [display("application/vnd.plotly.v1+json", figure)]


def _vega(text: str) -> Outputs:
    chart = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "data": {"values": [{"state": "00", "note": text}]},
        "mark": "bar",
    }
    return [display("application/vnd.vegalite.v5+json", chart)]


def _keys(text: str) -> Outputs:
    return [display("application/json", {"by token": {text: {"jobs": 3}}})]


def _mime_key(text: str) -> Outputs:
    return [display("text/plain", "a", {"text/plain": {"for": text}})]


OUTPUTS: Final[dict[str, Callable[[str], Outputs]]] = {
    "stream": lambda text: [stream(f"token: {text}\nnext line\n")],
    "stderr": lambda text: [stream(f"token: {text}\n", "stderr")],
    "stream in lines": lambda text: [stream(f"token:\n{text}\ndone\n".splitlines(keepends=True))],
    "stream in chunks": _chunks,
    "stream with stderr between": _with_stderr_between,
    "result": lambda text: [result("text/plain", text)],
    "result in lines": lambda text: [result("text/plain", text.splitlines(keepends=True) or [""])],
    "display": lambda text: [display("text/plain", f"<Key {text}>")],
    "html": lambda text: [display("text/html", f"<div><b>token</b> {text}</div>")],
    "latex": lambda text: [display("text/latex", f"$\\mathrm{{token}}$ {text} \\\\")],
    "svg": _svg,
    "markdown output": lambda text: [display("text/markdown", f"* token: `{text}`\n")],
    "javascript": lambda text: [display("application/javascript", f"const token = `{text}`;")],
    "json": _nested_json,
    "json keys": _keys,
    "plotly": _plotly,
    "vega": _vega,
    "widget view": lambda text: [
        display("application/vnd.jupyter.widget-view+json", {"model_id": text, "version_major": 2})
    ],
    "output metadata": _mime_key,
    "traceback": _traceback,
    "evalue": lambda text: [error(f"401 for {text}", "RuntimeError: 401")],
}

CHARACTERS: Final[dict[str, Callable[[str], Outputs]]] = {
    "json of characters": lambda text: [display("application/json", {"key": list(text)})],
    "json of ordinals": lambda text: [display("application/json", {"key": [*text.encode()]})],
}
"""Where the text's characters become separate JSON values: for the plain text only."""

FILES: Final[dict[str, Callable[[str], Outputs]]] = {
    "image": lambda text: [display("image/png", text)],
    "binary": lambda text: [display("application/octet-stream", text)],
}
"""Where only base64 may stand."""

"""The server's HTTP API, from its OpenAPI document."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

import jupyter_qcred.server
from qcred_reference import markdown
from qcred_reference.markdown import literal, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Node = Mapping[str, Any]

DOCUMENT: Final[Path] = Path(jupyter_qcred.server.__file__).parent / "openapi.yaml"

_INTRODUCTION: Final = """\
The panel in JupyterLab and the commands `status`, `revoke` and `doctor` use this API, and so can
your own programs. The document itself is `openapi.yaml` in the package's folder `server`.
"""
_VERBS: Final = ("get", "post", "put", "delete")


def page() -> str:
    """Return the page."""
    document = yaml.safe_load(DOCUMENT.read_text(encoding="utf-8"))
    schemas = document["components"]["schemas"]
    return markdown.page(
        "HTTP API",
        _INTRODUCTION,
        document["info"]["description"],
        *(
            part
            for path, about in document["paths"].items()
            for verb in _VERBS
            if verb in about
            for part in _operation(document, f"{verb.upper()} {path}", about, about[verb])
        ),
        "## Objects",
        *(part for name, schema in schemas.items() for part in _object(name, schema)),
    )


def _operation(document: Node, heading: str, about: Node, operation: Node) -> Iterator[str]:
    yield f"## {heading}"
    yield f"{operation['summary']}."
    if words := operation.get("description"):
        yield words
    parameters = [*about.get("parameters", ()), *operation.get("parameters", ())]
    if parameters:
        rows = [_parameter(_resolved(document, one)) for one in parameters]
        yield table(("parameter", "in", "type", ""), rows)
    if body := operation.get("requestBody"):
        yield f"Body: {_type(_json(body))}"
    yield table(("answer", "", ""), _answers(document, operation))


def _parameter(one: Node) -> tuple[str, ...]:
    needed = "" if one.get("required") else " Optional."
    return literal(one["name"]), one["in"], _type(one["schema"]), one["description"] + "." + needed


def _answers(document: Node, operation: Node) -> Iterator[tuple[str, ...]]:
    for status, answer in operation["responses"].items():
        found = _resolved(document, answer)
        yield literal(status), found["description"], _type(_json(found))


def _json(body: Node) -> Node:
    schema: Node = body["content"]["application/json"]["schema"]
    return schema


def _resolved(document: Node, node: Node) -> Node:
    if "$ref" not in node:
        return node
    _, _, kind, name = node["$ref"].split("/")
    found: Node = document["components"][kind][name]
    return found


def _object(name: str, schema: Node) -> Iterator[str]:
    yield f"### {name}"
    if words := schema.get("description"):
        yield words
    if "properties" not in schema:
        yield _type(schema)
        return
    yield _fields(schema)
    for key, field in schema["properties"].items():
        inner = field.get("items", field)
        for one in (inner, *inner.get("anyOf", ())):
            if "properties" in one:
                yield f"Of {literal(key)}:"
                yield _fields(one)


def _fields(schema: Node) -> str:
    required = schema.get("required", ())
    rows = [
        (literal(key), _type(field), _words(field, optional=key not in required))
        for key, field in schema["properties"].items()
    ]
    return table(("field", "type", ""), rows)


def _words(field: Node, *, optional: bool) -> str:
    words = field.get("description", "").strip()
    return f"{words}{'.' if words and words[-1] not in '.:' else ''}{' Optional.' * optional}"


def _type(schema: Node) -> str:
    """Return a type in words, with a link where the document has a name for it."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if words := schema.get("enum", [schema["const"]] if "const" in schema else []):
        return ", ".join(literal(str(word).lower()) for word in words)
    if "anyOf" in schema:
        return " or ".join(map(_type, schema["anyOf"]))
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if kinds == ["array"]:
        return f"list of {_type(schema['items'])}"
    more = schema.get("additionalProperties")
    return f"object of {_type(more)}" if isinstance(more, dict) else " or ".join(kinds)

"""The texts of a notebook's part as its reader sees them, each with its place."""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

_FORMAT: Final = frozenset({"id", "output_type", "cell_type"})
"""Keys whose strings are the format's own: random ids look like keys of some vendors."""

_TEXTS: Final = frozenset({"source", "input", "text", "traceback", "evalue", "ename"})
"""Keys that say nothing about what their text is."""

_PLAIN: Final = _TEXTS | _FORMAT | {"text/plain", "text/html", "text/markdown", "text/latex"}
"""Keys of most strings in a notebook, which need no closer look."""

_MEDIA: Final = re.compile(r"(image/(?!svg)|audio/|video/|application/(pdf|octet-stream))")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/=\s]*")
_LONGEST_KEY: Final = 100
_WALKED: Final = (str, dict, list)
_NUMBERS: Final = frozenset({int, float, bool, type(None)})

Place = tuple["Place | None", Any]
"""A key, and the place of the container that has it."""


class Leaf(NamedTuple):
    """One text.

    Attributes:
        text: the text; lines that are kept apart are joined.
        lead: what a program that reads the value would write before it, such as ``token = "``.
        place: where it stands; None: it is the whole.
        lines: it is kept as a list of lines.
    """

    text: str
    lead: str
    place: Place | None
    lines: bool


def texts(part: object) -> list[str]:
    """Return what a search is to look at, each with what stands before it.

    The same texts as those of ``leaves``, in any order, and without their places, in a fraction of
    the time: it is enough to tell that a part is clean.
    """
    found: list[str] = []
    seen: set[int] = set()
    stack: list[tuple[str, Any]] = [("", part)]
    while stack:
        lead, node = stack.pop()
        kind = type(node)
        if kind is str or isinstance(node, str):
            found.append(f'{lead}{node}"' if lead else node)
        elif kind in _NUMBERS or not isinstance(node, dict | list) or id(node) in seen:
            continue
        elif isinstance(node, list):
            seen.add(id(node))
            if (text := _joined(node)) is not None:
                stack.append((lead, text))
            elif not _NUMBERS.issuperset(map(type, node)):
                stack += [(lead, value) for value in node]
        else:
            seen.add(id(node))
            _texts_of(node, found, stack)
    return found


def _texts_of(node: dict[Any, Any], found: list[str], stack: list[tuple[str, Any]]) -> None:
    for key, value in node.items():
        if type(value) is str and key in _PLAIN:
            if key not in _FORMAT:
                found.append(value)
        elif (
            type(value) not in _NUMBERS
            and not (key in _FORMAT and isinstance(value, str))
            and not _is_media(key, value)
        ):
            stack.append((_lead(key), value))


def leaves(part: object) -> tuple[list[Leaf], bool]:
    """Return the texts of a JSON value, and whether a container stands in it twice."""
    found: list[Leaf] = []
    seen: set[int] = set()
    shared = False
    stack: list[tuple[Any, Place | None, str]] = [(part, None, "")]
    while stack:
        node, place, lead = stack.pop()
        if isinstance(node, str):
            found.append(Leaf(node, lead, place, lines=False))
        elif isinstance(node, dict | list):
            if id(node) in seen:
                shared = True
                continue
            seen.add(id(node))
            if isinstance(node, list):
                if (text := _joined(node)) is not None:
                    found.append(Leaf(text, lead, place, lines=True))
                elif not _NUMBERS.issuperset(map(type, node)):
                    entries = enumerate(node)
                    stack.extend((value, (place, at), lead) for at, value in entries)
            else:
                stack.extend(_entries(node, place))
    return found, shared


def _entries(node: dict[Any, Any], place: Place | None) -> list[tuple[Any, Place, str]]:
    return [
        (value, (place, key), _lead(key))
        for key, value in node.items()
        if isinstance(value, _WALKED)
        and not (key in _FORMAT and isinstance(value, str))
        and not _is_media(key, value)
    ]


def _lead(key: object) -> str:
    plain = isinstance(key, str) and key not in _TEXTS and "/" not in key
    return f'{key} = "' if plain and len(str(key)) < _LONGEST_KEY else ""


def _is_media(key: object, value: object) -> bool:
    if not isinstance(key, str) or _MEDIA.match(key) is None:
        return False
    text = _joined(value) if isinstance(value, list) else value
    return isinstance(text, str) and _BASE64.fullmatch(text, 0, 1024) is not None


def _joined(node: list[Any]) -> str | None:
    """The lines of a text as one; None: it is another list."""
    if not node or type(node[0]) is not str or not all(isinstance(line, str) for line in node):
        return None
    return "".join(node) if all(line.endswith("\n") for line in node[:-1]) else None


def exchange(part: Any, texts: Mapping[Place | None, str | list[str]]) -> Any:
    """Return a copy of ``part`` with other texts; what holds none of them is reused as it is."""
    if None in texts:
        return texts[None]
    whole = copy.copy(part)
    fresh = {id(whole): whole}
    for place, text in texts.items():
        keys = _keys(place)
        node = whole
        for key in keys[:-1]:
            if id(node[key]) not in fresh:
                child = copy.copy(node[key])  # keeps the class, which its users rely on
                fresh[id(child)] = child
                node[key] = child
            node = node[key]
        node[keys[-1]] = text
    return whole


def _keys(place: Place | None) -> list[Any]:
    keys = []
    while place is not None:
        place, key = place
        keys.append(key)
    return keys[::-1]

"""Walk JSON values of any depth and size, without recursion.

The walk has two halves. ``collect`` gathers every string once, so that a clean value costs one pass
and one search; ``rebuild`` runs only when something was found, and copies only what lies above it.
"""

from __future__ import annotations

import copy
import datetime as dt
import numbers
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SCALARS: Final = frozenset({int, float, bool, type(None)})
_CONTAINERS: Final = (dict, list, tuple)
_BUFFERS: Final = (bytes, bytearray, memoryview)
_HARMLESS: Final = (numbers.Number, dt.date, dt.time)


class Leaves:
    """What a value is made of.

    Attributes:
        texts: its strings, keys included.
        blobs: its bytes objects.
        opaque: something else was there, which a serialiser may know how to write.
    """

    __slots__ = ("blobs", "opaque", "texts")

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.blobs: list[bytes | bytearray | memoryview] = []
        self.opaque = False


def collect(root: object) -> Leaves:
    """Gather the leaves of ``root``; a container met twice is read once."""
    leaves = Leaves()
    texts = leaves.texts
    stack: list[Any] = [root]
    seen: set[int] = set()
    while stack:
        node = stack.pop()
        kind = type(node)
        if kind is str:
            texts.append(node)
        elif kind in _SCALARS:
            continue
        elif isinstance(node, _CONTAINERS):
            if id(node) in seen:
                continue
            seen.add(id(node))
            if isinstance(node, dict):
                stack.extend(node)
                stack.extend(node.values())
            else:
                stack.extend(node)
        else:
            _collect_other(node, leaves)
    return leaves


def _collect_other(node: object, leaves: Leaves) -> None:
    if isinstance(node, str):
        leaves.texts.append(node)
    elif isinstance(node, _BUFFERS):
        leaves.blobs.append(node)
    elif not isinstance(node, _HARMLESS):
        leaves.opaque = True


def rebuild(root: object, texts: Mapping[str, str], blobs: Mapping[int, object]) -> object:
    """Return ``root`` with leaves exchanged; whatever holds none of them is reused as it is.

    Args:
        root: the value that was collected.
        texts: new string by old one.
        blobs: new bytes by the identity of the old ones.

    Raises:
        ValueError: a container holds itself.
    """
    done: dict[int, object] = {}
    entered: set[int] = set()
    stack: list[object] = [root]

    def new(node: object) -> object:
        if isinstance(node, str):
            return texts.get(node, node)
        if isinstance(node, _CONTAINERS):
            return done[id(node)]
        return blobs.get(id(node), node)

    while stack:
        node = stack[-1]
        if not isinstance(node, _CONTAINERS) or id(node) in done:
            stack.pop()
            continue
        below = [child for child in _children(node) if id(child) not in done]
        if not below:
            done[id(node)] = _copied(node, new)
            stack.pop()
        elif id(node) in entered:
            raise ValueError("a container that holds itself cannot be redacted")
        else:
            entered.add(id(node))
            stack.extend(below)
    return new(root)


def _children(node: dict[Any, Any] | list[Any] | tuple[Any, ...]) -> list[object]:
    within: Iterable[object] = (*node, *node.values()) if isinstance(node, dict) else node
    return [child for child in within if isinstance(child, _CONTAINERS)]


def _copied(node: Any, new: Any) -> object:
    if isinstance(node, dict):
        pairs = [(key, new(key), value, new(value)) for key, value in node.items()]
        if all(key is key2 and value is value2 for key, key2, value, value2 in pairs):
            return node
        fresh: dict[Any, Any] = {}
        for _, key, _, value in pairs:
            fresh[_free(key, fresh)] = value
        return _like(node, fresh)
    items = [new(item) for item in node]
    if all(item is old for item, old in zip(items, node, strict=True)):
        return node
    return _like(node, items) if isinstance(node, list) else tuple(items)


def _free(key: object, taken: Mapping[Any, Any]) -> object:
    """A key that is not taken: two keys may become the same placeholder, and no entry is lost."""
    if key not in taken:
        return key
    number = 2
    while f"{key} ({number})" in taken:
        number += 1
    return f"{key} ({number})"


def _like(node: Any, fresh: Any) -> object:
    """Keep the class of a container (NotebookNode, OrderedDict), whose users rely on it."""
    if type(node) in {dict, list}:
        return fresh
    clone = copy.copy(node)
    clone.clear()
    if isinstance(fresh, dict):
        clone.update(fresh)
    else:
        clone.extend(fresh)
    return clone

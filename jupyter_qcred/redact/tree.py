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
    from collections.abc import Collection, Iterable, Iterator, Mapping

_SCALARS: Final = frozenset({int, float, bool, type(None)})
_STR: Final = {str}
_NOTHING: Final[Mapping[Any, str]] = {}
_CONTAINERS: Final = (dict, list, tuple)
_BUFFERS: Final = (bytes, bytearray, memoryview)
_HARMLESS: Final = (numbers.Number, dt.date, dt.time)


_WORDS_OF: Final = frozenset({"output_type", "cell_type", "name", "id"})
"""Keys whose strings say what stands beside them, between one text and the next."""


_FORMAT: Final = frozenset(
    {"cell_type", "id", "metadata", "source", "outputs", "execution_count", "output_type", "name"}
    | {"text", "data", "ename", "evalue", "traceback", "text/plain", "text/html", "image/png"}
    | {"code", "markdown", "raw", "stream", "stdout", "stderr", "error"}
    | {"display_data", "execute_result", "application/json", "attachments"}
)
"""Words of nbformat, which nearly all dicts of a notebook are made of: they need no look."""


class Leaves:
    """What a value is made of.

    Attributes:
        texts: its strings in the order of the document, so that what was cut apart meets again.
        words: its keys, and strings of the format itself; each once.
        blobs: its bytes objects.
        opaque: something else was there, which a serialiser may know how to write.
    """

    __slots__ = ("blobs", "opaque", "texts", "words")

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.words: set[str] = set()
        self.blobs: list[bytes | bytearray | memoryview] = []
        self.opaque = False


def collect(root: object) -> Leaves:
    """Gather the leaves of ``root``; a container met twice is read once."""
    leaves = Leaves()
    texts, words = leaves.texts, leaves.words
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
                _push_dict(node, words, stack)
            else:
                _push_list(node, texts, stack)
        else:
            _collect_other(node, leaves)
    _sort_keys(leaves)
    return leaves


def _sort_keys(leaves: Leaves) -> None:
    """Keys may be anything that can be hashed: keep the strings, also those in tuples."""
    others = [key for key in leaves.words if type(key) is not str]
    leaves.words.difference_update(others)
    while others:
        key: Any = others.pop()
        if isinstance(key, str):
            leaves.words.add(key)
        elif isinstance(key, tuple):
            others.extend(key)


def _push_dict(node: dict[Any, Any], words: set[str], stack: list[Any]) -> None:
    if not node.keys() <= _FORMAT:
        words.update(node)
    if _WORDS_OF.isdisjoint(node):
        stack.extend(reversed(node.values()))
        return
    for key, value in reversed(node.items()):
        if type(value) is str and key in _WORDS_OF:
            if value not in _FORMAT:
                words.add(value)
        else:
            stack.append(value)


def _push_list(node: list[Any] | tuple[Any, ...], texts: list[str], stack: list[Any]) -> None:
    kinds = set(map(type, node))
    if kinds == _STR:
        texts.extend(node)
    elif not kinds <= _SCALARS:
        stack.extend(reversed(node))


def _collect_other(node: object, leaves: Leaves) -> None:
    if isinstance(node, str):
        leaves.texts.append(node)
    elif isinstance(node, _BUFFERS):
        leaves.blobs.append(node)
    elif not isinstance(node, _HARMLESS):
        leaves.opaque = True


def locate(root: object, numbers: Collection[int]) -> dict[int, dict[Any, int]]:
    """Return where texts of ``collect(root)`` stand: their numbers by container and key.

    Args:
        root: the value that was collected.
        numbers: of the texts that are asked for.

    Returns:
        For the identity of a container, the number of a text by its key or index; the identity 0
        stands for the root itself.
    """
    wanted = set(numbers)
    found: dict[int, dict[Any, int]] = {}
    number = 0
    stack: list[tuple[Any, int, Any]] = [(root, 0, None)]
    seen: set[int] = set()
    while stack:
        node, holder, key = stack.pop()
        if isinstance(node, str):
            if number in wanted:
                found.setdefault(holder, {})[key] = number
            number += 1
        elif isinstance(node, _CONTAINERS) and id(node) not in seen:
            seen.add(id(node))
            stack.extend(_entries(node))
    return found


def _entries(node: Any) -> Iterator[tuple[Any, int, Any]]:
    """What ``collect`` pushes for a container, each with its place."""
    if not isinstance(node, dict):
        last = len(node) - 1
        yield from ((item, id(node), last - at) for at, item in enumerate(reversed(node)))
        return
    for key, value in reversed(node.items()):
        if not (key in _WORDS_OF and isinstance(value, str)):
            yield value, id(node), key


def rebuild(
    root: object,
    texts: Mapping[int, str],
    words: Mapping[str, str],
    blobs: Mapping[int, object],
) -> object:
    """Return ``root`` with leaves exchanged; whatever holds none of them is reused as it is.

    Args:
        root: the value that was collected.
        texts: new string by the number of the old one.
        words: new string by the old one.
        blobs: new bytes by the identity of the old ones.

    Raises:
        ValueError: a container holds itself.
    """
    places = {
        holder: {key: texts[number] for key, number in keys.items()}
        for holder, keys in (locate(root, texts) if texts else {}).items()
    }
    if not isinstance(root, _CONTAINERS):
        return places.get(0, {}).get(None, blobs.get(id(root), root))
    return _Rebuild(places, words, blobs).of(root)


class _Rebuild:
    """Copies what must change, from the leaves upward."""

    def __init__(
        self,
        places: Mapping[int, Mapping[Any, str]],
        words: Mapping[str, str],
        blobs: Mapping[int, object],
    ) -> None:
        self._places = places
        self._words = words
        self._blobs = blobs
        self._done: dict[int, object] = {}

    def of(self, root: Any) -> object:
        entered: set[int] = set()
        stack: list[Any] = [root]
        while stack:
            node = stack[-1]
            if id(node) in self._done:
                stack.pop()
                continue
            below = [child for child in _children(node) if id(child) not in self._done]
            if not below:
                self._done[id(node)] = self._copied(node)
                stack.pop()
            elif id(node) in entered:
                raise ValueError("a container that holds itself cannot be redacted")
            else:
                entered.add(id(node))
                stack.extend(below)
        return self._done[id(root)]

    def _copied(self, node: Any) -> object:
        changed = self._places.get(id(node), _NOTHING)
        if isinstance(node, dict):
            return self._copied_dict(node, changed)
        items = [changed[at] if at in changed else self._new(item) for at, item in enumerate(node)]
        if all(item is old for item, old in zip(items, node, strict=True)):
            return node
        return _like(node, items) if isinstance(node, list) else tuple(items)

    def _copied_dict(self, node: dict[Any, Any], changed: Mapping[Any, str]) -> object:
        pairs = [
            (self._key(key), changed[key] if key in changed else self._value(key, value))
            for key, value in node.items()
        ]
        if all(
            key is old_key and value is old_value
            for (key, value), (old_key, old_value) in zip(pairs, node.items(), strict=True)
        ):
            return node
        fresh: dict[Any, Any] = {}
        for key, value in pairs:
            fresh[_free(key, fresh)] = value
        return _like(node, fresh)

    def _key(self, key: Any) -> Any:
        if isinstance(key, tuple):
            items = tuple(map(self._key, key))
            return key if all(new is old for new, old in zip(items, key, strict=True)) else items
        return self._words.get(key, key) if isinstance(key, str) else key

    def _value(self, key: Any, value: Any) -> Any:
        if isinstance(value, str):
            return self._words.get(value, value) if key in _WORDS_OF else value
        return self._new(value)

    def _new(self, node: Any) -> Any:
        if isinstance(node, _CONTAINERS):
            return self._done[id(node)]
        return self._blobs.get(id(node), node)


def _children(node: dict[Any, Any] | list[Any] | tuple[Any, ...]) -> list[object]:
    within: Iterable[object] = node.values() if isinstance(node, dict) else node
    return [child for child in within if isinstance(child, _CONTAINERS)]


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

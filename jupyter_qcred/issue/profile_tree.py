"""Settings as a tree that knows where each piece stands, read from YAML or from plain Python.

Both ways lead to the same three nodes, so that the rules for profiles are written once. Problems
are collected, not raised, so that one look at the message mends the whole file. No problem quotes a
value: people paste keys into settings.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import yaml

from jupyter_qcred.core.errors import ConfigError

MAX_CHARACTERS: Final = 256 * 1024
MAX_NODES: Final = 20_000
MAX_DEPTH: Final = 12
_SHOWN: Final = 20

_PLAIN_TAGS: Final = frozenset(
    f"tag:yaml.org,2002:{name}"
    for name in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq")
)


Place = tuple[int, int] | str
"""Where a node stands: line and column from 1, or the path of keys in a Python setting."""

_START: Final = (1, 1)


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar as it is written: ``15m``, ``on`` and ``0123`` stay what they are; null is None."""

    place: Place
    text: str | None


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    place: Place
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping with its keys in order, duplicates included."""

    place: Place
    entries: tuple[tuple[Text, Node], ...]


Node = Text | Items | Table


@dataclass(slots=True)
class Problems:
    """What is wrong with one file or setting.

    Attributes:
        where: the file's name or the setting's.
        found: ``(place, what is wrong and what is accepted)``.
        key_inside: something that looks like a key stands in the settings.
    """

    where: str
    found: list[tuple[Place, str]] = field(default_factory=list)
    key_inside: bool = False

    def add(self, place: Place, text: str) -> None:
        """Note one problem."""
        self.found.append((place, text))

    def raise_if_any(self) -> None:
        """Raise all of them as one error.

        Raises:
            ConfigError: there is at least one.
        """
        if not self.found:
            return
        # As they stand in the file; places in a Python setting keep the order of reading.
        ordered = sorted(self.found, key=lambda item: () if isinstance(item[0], str) else item[0])
        lines = [f"{_shown(place)}: {text}" for place, text in ordered]
        if len(lines) == 1:
            message = f"{self.where}, {lines[0]}"
        else:
            more = [f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
            message = "\n  ".join(
                [f"{len(lines)} problems in {self.where}:", *lines[:_SHOWN], *more]
            )
        raise ConfigError(message, next_step=_KEY_INSIDE if self.key_inside else None)


def _shown(place: Place) -> str:
    return place if isinstance(place, str) else f"line {place[0]}, column {place[1]}"


_KEY_INSIDE: Final = (
    "Take the key out of the settings, treat it as exposed, and store its replacement with "
    "`jupyter qcred put NAME`"
)


class _Budget:
    """Bounds the walk: aliases make a small text a huge or endless tree."""

    def __init__(self, problems: Problems) -> None:
        self._left = MAX_NODES
        self._problems = problems
        self.exceeded = False

    def allows(self, place: Place, depth: int) -> bool:
        self._left -= 1
        if not self.exceeded and (self._left < 0 or depth > MAX_DEPTH):
            self.exceeded = True
            self._problems.add(
                place,
                f"nested or repeated too much: at most {MAX_DEPTH} levels and {MAX_NODES} entries",
            )
        return not self.exceeded


def tree_from_yaml(text: str, problems: Problems) -> Node | None:
    """Return the tree of one YAML document; None if it is empty or past reading."""
    if len(text) > MAX_CHARACTERS:
        problems.add(_START, f"longer than {MAX_CHARACTERS} characters")
        return None
    try:
        # The Python loader on purpose: deep nesting ends in RecursionError, not in a crash.
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        line_start = before.rfind("\n") + 1
        place = (before.count("\n") + 1, len(before) - line_start + 1)
        problems.add(place, "a character that YAML does not allow")
        return None
    except yaml.MarkedYAMLError as error:
        problem = error.problem or "unreadable"
        if problem.startswith("but "):
            problem = f"{error.context}, {problem}"
        mark = error.problem_mark or error.context_mark
        problems.add(_mark(mark), f"not YAML: {_without_quotes(problem)}")
        return None
    except RecursionError:
        problems.add(_START, f"nested too deeply: at most {MAX_DEPTH} levels")
        return None
    if root is None:
        return None
    budget = _Budget(problems)
    tree = _from_yaml(root, problems, budget, 0)
    return None if budget.exceeded else tree


def _mark(mark: yaml.Mark | None) -> Place:
    # Not str(mark), which quotes the line.
    return (mark.line + 1, mark.column + 1) if mark else _START


def _without_quotes(problem: str) -> str:
    """Drop what the parser quotes of the text; its own words such as ``'<block end>'`` stay."""

    def kept(quoted: re.Match[str]) -> str:
        inner = quoted[0][1:-1]
        return quoted[0] if len(inner) <= 2 or re.fullmatch(r"<[a-z ]+>", inner) else "…"

    return re.sub(r"""'[^']*'|"[^"]*\"""", kept, problem)


def _from_yaml(node: yaml.Node, problems: Problems, budget: _Budget, depth: int) -> Node | None:
    place = _mark(node.start_mark)
    if not budget.allows(place, depth):
        return None
    if node.tag not in _PLAIN_TAGS:
        problems.add(place, "tags (!…) and merge keys (<<) are not read here; write it out")
        return None
    if isinstance(node, yaml.ScalarNode):
        return Text(place, None if node.tag.endswith(":null") else node.value)
    if isinstance(node, yaml.SequenceNode):
        read = [_from_yaml(item, problems, budget, depth + 1) for item in node.value]
        return Items(place, tuple(item for item in read if item is not None))
    entries: list[tuple[Text, Node]] = []
    for key_node, value_node in node.value:
        key = _from_yaml(key_node, problems, budget, depth + 1)
        value = _from_yaml(value_node, problems, budget, depth + 1)
        if isinstance(key, Text) and key.text is not None:
            if value is not None:
                entries.append((key, value))
        elif key is not None:
            problems.add(key.place, "a key must be text")
    return Table(place, tuple(entries))


def tree_from_plain(value: object, place: str, problems: Problems) -> Node | None:
    """Return the tree of dicts, lists and scalars, as a settings file in Python gives them.

    Args:
        value: the outermost object.
        place: its name in messages; keys are appended: ``profiles.ibm-quantum.source``.
        problems: collects what cannot be read.
    """
    budget = _Budget(problems)
    tree = _from_plain(value, place, problems, budget, 0)
    return None if budget.exceeded else tree


def _from_plain(
    value: object, place: str, problems: Problems, budget: _Budget, depth: int
) -> Node | None:
    if not budget.allows(place, depth):
        return None
    if value is None or isinstance(value, str):
        return Text(place, value)
    if isinstance(value, int | float):
        return Text(place, str(value).lower())  # True is written true, as in YAML
    if isinstance(value, Mapping):
        return _table_from_plain(value, place, problems, budget, depth)
    if isinstance(value, Sequence | frozenset | set) and not isinstance(value, bytes | bytearray):
        read = [
            _from_plain(item, f"{place}[{index}]", problems, budget, depth + 1)
            for index, item in enumerate(value)
        ]
        return Items(place, tuple(item for item in read if item is not None))
    problems.add(place, f"expected text, a number, a list or a mapping, not {type(value).__name__}")
    return None


def _table_from_plain(
    value: Mapping[object, object], place: str, problems: Problems, budget: _Budget, depth: int
) -> Table:
    entries: list[tuple[Text, Node]] = []
    for key, item in value.items():
        if not isinstance(key, str):
            problems.add(place, "a key must be text")
            continue
        below = f"{place}.{key}" if len(key) <= 64 and key.isprintable() else f"{place}.…"
        node = _from_plain(item, below, problems, budget, depth + 1)
        if node is not None:
            entries.append((Text(below, key), node))
    return Table(place, tuple(entries))

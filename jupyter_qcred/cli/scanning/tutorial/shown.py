"""Which names hold a key, and whether an expression would show one."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from .names import READS, is_credential, is_variable

if TYPE_CHECKING:
    from collections.abc import Iterator

_TRANSFORMS: Final = frozenset(
    {"str", "repr", "format", "ascii", "encode", "decode", "strip", "upper", "lower", "join"}
    | {"b64encode", "hexlify", "hex", "dumps", "dict", "list", "vars", "getpass", "input"}
    | {"replace", "title", "split", "ljust", "rjust", "center", "quote", "urlencode"}
)
"""Calls whose result has what they were given."""

_INSIDE: Final[dict[type, tuple[str, ...]]] = {
    ast.Await: ("value",),
    ast.BinOp: ("left", "right"),
    ast.BoolOp: ("values",),
    ast.Dict: ("values",),
    ast.FormattedValue: ("value",),
    ast.IfExp: ("body", "orelse"),
    ast.JoinedStr: ("values",),
    ast.List: ("elts",),
    ast.NamedExpr: ("value",),
    ast.Set: ("elts",),
    ast.Starred: ("value",),
    ast.Tuple: ("elts",),
}
"""Parts of expressions whose values are in theirs. A comparison tells nothing of its sides."""


class Held:
    """The names of a notebook that hold a key, as far as was read.

    What a client or a function makes of a key does not count: only what has it inside.
    """

    def __init__(self) -> None:
        self._names: set[str] = set()

    def assign(self, target: ast.expr, value: ast.expr) -> None:
        """Note an assignment."""
        if isinstance(target, ast.Tuple | ast.List):
            values = value.elts if isinstance(value, ast.Tuple | ast.List) else []
            for one, other in zip(target.elts, values, strict=False):
                self.assign(one, other)
        elif isinstance(target, ast.Name):
            if self.shown(value):
                self._names.add(target.id)
            elif target.id in self._names:
                self._names.discard(target.id)

    def shown(self, node: ast.expr | None) -> bool:
        """Whether the value of an expression has a key in it."""
        match node:
            case ast.Name(id=name):
                return name in self._names or (is_credential(name) and name.lower() != "credential")
            case ast.Attribute(value=value, attr=name):
                return is_credential(name) or (name == "environ" and _is_os(value))
            case ast.Call():
                return self._call(node)
            case ast.Subscript():
                return self._part(node)
        inside = _INSIDE.get(type(node), ())
        return any(map(self.shown, _expressions(node, inside)))

    def _part(self, node: ast.Subscript) -> bool:
        key = node.slice.value if isinstance(node.slice, ast.Constant) else None
        if _is_environ(node.value):
            return is_variable(str(key))
        return is_credential(str(key)) or self.shown(node.value)

    def _call(self, call: ast.Call) -> bool:
        name = called(call)
        if name in READS:
            return True
        if name == "getenv" or (name == "get" and _is_environ(_owner(call))):
            return any(
                isinstance(arg, ast.Constant) and is_variable(str(arg.value))
                for arg in call.args[:1]
            )
        if name in _TRANSFORMS:
            inside = [*call.args, *(keyword.value for keyword in call.keywords)]
            return name == "getpass" or any(map(self.shown, inside)) or self.shown(_owner(call))
        return False


def _expressions(node: ast.AST | None, names: tuple[str, ...]) -> Iterator[ast.expr]:
    for name in names:
        found = getattr(node, name)
        yield from found if isinstance(found, list) else [found]


def called(call: ast.Call) -> str:
    """Return the last part of a called name; empty where it has none."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def full_name(node: ast.expr) -> str:
    """Return a dotted name; empty where it is none."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name):
            before = full_name(value)
            return f"{before}.{name}" if before else name
        case ast.Call(func=func):
            return full_name(func)
    return ""


def _owner(call: ast.Call) -> ast.expr | None:
    return call.func.value if isinstance(call.func, ast.Attribute) else None


def _is_os(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in {"os", "_os"}


def _is_environ(node: ast.expr | None) -> bool:
    match node:
        case ast.Attribute(attr="environ") | ast.Name(id="environ"):
            return True
    return False

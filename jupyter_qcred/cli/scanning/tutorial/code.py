"""Read what Python does with keys: from its tree, and without running any of it."""

from __future__ import annotations

import ast
import re
from copy import deepcopy
from typing import TYPE_CHECKING, Final

from .advice import ask, leave_out, put
from .fault import ACCOUNT, MANIFEST, PASTE, PRINT, PROMPT, Fault
from .names import (
    ASKED_FOR,
    FILES,
    INVITES,
    LOGINS,
    POSITIONS,
    SAVES,
    is_credential,
    is_variable,
    vendor_of,
)
from .shown import Held, called, full_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .cells import Code

_SHOWS: Final = frozenset(
    {"print", "display", "pprint", "pp", "rprint", "Markdown", "HTML", "JSON", "echo"}
)
_LOGS: Final = frozenset({"debug", "info", "warning", "error", "critical", "exception", "log"})
_LOGGERS: Final = re.compile(r"(?:.*\.)?(?:logging|log|logger|_log|_logger|LOG|LOGGER)")
_PROMPTS: Final = frozenset({"getpass", "pwinput", "stdiomask", "Password", "askpass"})
_WRITING: Final = frozenset({"write_text", "write_bytes", "touch", "copy", "copyfile"})
_QCRED: Final = frozenset({"requires", "get", "client", "credential", "use"})
_BEARER: Final = re.compile(r"(?:Bearer|apiKey|Basic|Token)\s+\S{4,}", re.IGNORECASE)


class Reader:
    """Reads the cells of one notebook in turn.

    Args:
        about: text of the whole notebook, which may tell the vendor.
        required: the names in the notebook's metadata; None: it has none.
    """

    def __init__(self, about: str, required: tuple[str, ...] | None = None) -> None:
        self._about = about
        self._required = required
        self._held = Held()
        self._modules: dict[str, str] = {}
        self._lines: tuple[str, ...] = ()

    def faults(self, code: Code) -> Iterator[Fault]:
        """Yield the faults of a cell; what it defines counts in the following ones."""
        self._lines = code.lines
        for node in ast.walk(code.tree):
            self._import(node)
        for statement in _in_order(code.tree):
            yield from self._statement(statement)
        last = code.tree.body[-1] if code.tree.body and code.shows_last else None
        if isinstance(last, ast.Expr) and self._held.shown(last.value):
            told = self._is_printing(last.value) or _is_prompt(last.value)
            yield from [] if told else [Fault(PRINT, last.lineno, _shape(last.value), leave_out())]

    # -- nodes ---------------------------------------------------------------------------------

    def _statement(self, node: ast.AST) -> Iterator[Fault]:
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    yield from self._assigned(target, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                yield from self._assigned(target, value)
            case ast.NamedExpr(target=target, value=value):
                yield from self._assigned(target, value)
            case ast.Call():
                yield from self._call(node)
            case ast.Dict(keys=keys, values=values):
                yield from self._dict(keys, values)

    def _import(self, node: ast.AST) -> None:
        match node:
            case ast.Import(names=names):
                for name in names:
                    self._modules[name.asname or name.name.partition(".")[0]] = name.name
            case ast.ImportFrom(module=str(module), names=names):
                for name in names:
                    self._modules[name.asname or name.name] = f"{module}.{name.name}"

    def _assigned(self, target: ast.expr, value: ast.expr) -> Iterator[Fault]:
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for one, other in zip(target.elts, value.elts, strict=False):
                yield from self._assigned(one, other)
            return
        name = _key_of(target)
        self._held.assign(target, value)
        if name and self._is_pasted(value):
            yield self._paste(target, f"{name} = …", name)
        elif isinstance(target, ast.Name) and name and called_is(value, "input"):
            yield self._prompt(value)

    def _dict(self, keys: list[ast.expr | None], values: list[ast.expr]) -> Iterator[Fault]:
        for key, value in zip(keys, values, strict=True):
            if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
                continue
            named = is_credential(key.value) or is_variable(key.value)
            if (named and self._is_pasted(value)) or _is_bearer(value):
                yield self._paste(value, f'{{"{key.value}": …}}', key.value)

    def _call(self, call: ast.Call) -> Iterator[Fault]:
        name = called(call)
        yield from self._pasted_in(call, name)
        if _is_prompt(call):
            yield self._prompt(call)
        if self._is_printing(call):
            inside = [*call.args, *(keyword.value for keyword in call.keywords)]
            if any(map(self._held.shown, inside)):
                yield Fault(PRINT, call.lineno, _shape(call), leave_out())
        if self._saves(call, name):
            vendor = vendor_of(full_name(call.func), self._origin(call), self._about)
            yield Fault(ACCOUNT, call.lineno, _shape(call), put(vendor))
        elif (file := _written(call, name)) is not None:
            yield Fault(ACCOUNT, call.lineno, f"{name}({file})", put(vendor_of(file, self._about)))
        yield from self._manifest(call, name)

    def _pasted_in(self, call: ast.Call, name: str) -> Iterator[Fault]:
        places = [(f"{kw.arg}=…", kw.value) for kw in call.keywords if is_credential(kw.arg or "")]
        places += [("…", call.args[at]) for at in POSITIONS.get(name, ()) if at < len(call.args)]
        for how, value in places:
            if self._is_pasted(value):
                yield self._paste(call, f"{full_name(call.func)}({how})", self._origin(call))
        if name in {"setdefault", "putenv", "setitem", "set_env"} and len(call.args) >= 2:
            key, value = call.args[-2:]
            named = isinstance(key, ast.Constant) and is_variable(str(key.value))
            if named and self._is_pasted(value):
                yield self._paste(call, f"{full_name(call.func)}(…)", _text(key) or "")

    def _manifest(self, call: ast.Call, name: str) -> Iterator[Fault]:
        origin = self._origin(call)
        ours = origin.partition(".")[0] == "jupyter_qcred"
        if self._required is None or not ours or name not in _QCRED or not call.args:
            return
        asked = _text(call.args[0])
        if asked and asked not in self._required:
            listed = ", ".join(f'"{each}"' for each in (*self._required, asked))
            yield Fault(
                MANIFEST,
                call.lineno,
                f'{full_name(call.func)}("{asked}")' if _is_plain(asked) else _shape(call),
                f'{{"qcred": {{"requires": [{listed}]}}}} in the metadata',
            )

    # -- questions -----------------------------------------------------------------------------

    def _origin(self, call: ast.Call) -> str:
        """Return what a called name was imported from."""
        first, _, rest = full_name(call.func).partition(".")
        return ".".join(part for part in (self._modules.get(first, first), rest) if part)

    def _is_pasted(self, value: ast.expr) -> bool:
        """Whether it is a text; an empty one counts where readers are told to fill it in."""
        text = _text(value)
        if text is None:
            return False
        line = self._lines[value.lineno - 1] if value.lineno <= len(self._lines) else ""
        return bool(text.strip()) or INVITES.search(line.partition("#")[2]) is not None

    def _is_printing(self, node: ast.expr) -> bool:
        if not isinstance(node, ast.Call):
            return False
        name, whole = called(node), full_name(node.func)
        if name in _LOGS:
            return _LOGGERS.fullmatch(whole.rpartition(".")[0]) is not None
        return name in _SHOWS or whole in {"sys.stdout.write", "sys.stderr.write", "click.echo"}

    def _saves(self, call: ast.Call, name: str) -> bool:
        if name in SAVES:
            return True
        module = self._origin(call).rpartition(".")[0]
        if name == "save" and "xcc" in self._origin(call):
            return True
        return name in LOGINS.get(module, ()) and name != "Settings"

    def _paste(self, node: ast.expr, what: str, about: str) -> Fault:
        return Fault(PASTE, node.lineno, what, ask(vendor_of(about, what, self._about)))

    def _prompt(self, call: ast.expr) -> Fault:
        name = vendor_of(self._about)
        return Fault(PROMPT, call.lineno, _shape(call), ask(name, fallback=True))


def _in_order(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield all nodes as they stand, and not level by level: a name is set before it is used."""
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(list(ast.iter_child_nodes(node))))


def called_is(node: ast.expr, name: str) -> bool:
    """Whether it is a call of that name, or something made of its result at once."""
    while isinstance(node, ast.Call):
        if called(node) == name:
            return True
        if not isinstance(node.func, ast.Attribute):
            return False
        node = node.func.value
    return False


def _is_prompt(node: ast.expr) -> bool:
    if not isinstance(node, ast.Call):
        return False
    name = called(node)
    if name in {"input", "ask", "prompt"}:
        hidden = {"password", "hide_input"} & {keyword.arg for keyword in node.keywords}
        words = " ".join(filter(None, map(_text, node.args)))
        return bool(hidden) or (name == "input" and ASKED_FOR.search(words) is not None)
    return name in _PROMPTS


def _key_of(target: ast.expr) -> str:
    """Return the name under which a credential is kept; empty: it is none."""
    match target:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name if is_credential(name) else ""
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return name if is_credential(name) or is_variable(name) else ""
    return ""


def _text(node: ast.expr | None) -> str | None:
    """Return a text that stands in the code; None where it is made of something else."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.Constant(value=bytes(raw)):
            return raw.decode("latin-1")
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            one, other = _text(left), _text(right)
            return None if one is None or other is None else one + other
        case ast.JoinedStr(values=values) if all(isinstance(v, ast.Constant) for v in values):
            return "".join(str(v.value) for v in values if isinstance(v, ast.Constant))
    return None


def _is_bearer(node: ast.expr) -> bool:
    return _BEARER.fullmatch(_text(node) or "") is not None


def _written(call: ast.Call, name: str) -> str | None:
    """Return the vendor's file that a call writes; None: it writes none."""
    texts = [
        node.value
        for node in ast.walk(call)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    file = next((found[0] for text in texts if (found := FILES.search(text))), None)
    if file is None:
        return None
    if name == "open":
        modes = [_text(arg) for arg in call.args] + [_text(kw.value) for kw in call.keywords]
        writes = any(mode and re.fullmatch(r"[rbt+]*[wax][wbt+ax]*|r[bt]*\+[bt]*", mode)
                     for mode in modes)  # fmt: skip
        return file if writes else None
    return file if name in _WRITING else None


def _shape(node: ast.expr) -> str:
    """Return code with its texts left out: they may be what this is about."""

    class Mask(ast.NodeTransformer):
        def visit_Constant(self, constant: ast.Constant) -> ast.expr:
            return ast.Name("…") if isinstance(constant.value, str | bytes) else constant

        def visit_JoinedStr(self, _text: ast.JoinedStr) -> ast.expr:
            return ast.Name("…")

    text = " ".join(ast.unparse(Mask().visit(deepcopy(node))).split())
    return text if len(text) <= 60 else f"{text[:59]}…"


def _is_plain(text: str) -> bool:
    return re.fullmatch(r"[a-z0-9-]{1,64}", text) is not None

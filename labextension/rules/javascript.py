r"""Write a regex of Python's as one of JavaScript's that finds the same.

Python's own parser reads it, and what comes out is written from its tree: what this module does not
know is refused, never guessed. JavaScript has no possessive quantifiers, no conditions and, in all
browsers that JupyterLab runs in, no flags inside a regex; each has an equal here:

* ``X{1,9}+`` becomes ``(?=(?<a1>X{1,9}))\k<a1>``: nothing goes back into a lookahead;
* ``(?P<q>Q)?X(?(q)A|B)`` becomes ``(?:QXA|XB)``, in the order in which Python tries them;
* ``(?i:k)`` becomes ``[Kk\u212a]``: what Python itself takes for it.

A text that is searched has no character beyond U+FFFF (see ``characters.ts``), so that both count
alike, and the flag ``u`` is not needed.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

BARE: Final = "bare"
"""What the group ``secret`` is called where the condition of its regex does not hold."""

_parser: Any = re._parser  # type: ignore[attr-defined] # noqa: SLF001 - there is no public one
_LAST: Final = 0xFFFF
_SPECIAL: Final = frozenset("^$\\.*+?()[]{}|/")
_IN_CLASS: Final = frozenset("^\\]-")


class UntranslatableError(ValueError):
    """There is something in a regex that has no equal here."""


def translated(pattern: re.Pattern[str]) -> str:
    """Return the source of the JavaScript RegExp, for no other flags than ``d``, ``g`` and ``y``.

    Raises:
        UntranslatableError: the message names the construct.
    """
    tree = _parser.parse(pattern.pattern, pattern.flags)
    names = {number: name for name, number in tree.state.groupdict.items()}
    writer = _Writer(names, pattern.flags)
    return writer.sequence(list(tree))


class _Writer:
    """Writes one regex.

    Args:
        names: of its groups, by number.
        flags: of the whole.
    """

    def __init__(self, names: dict[int, str], flags: int) -> None:
        self._names = names
        self._ignore_case = bool(flags & re.IGNORECASE)
        self._any = "[^]" if flags & re.DOTALL else "[^\\n]"
        self._conditions: dict[int, bool] = {}
        self._atoms = 0

    def sequence(self, items: Sequence[tuple[Any, Any]]) -> str:
        written = ""
        for number, (op, argument) in enumerate(items):
            group = self._decides(op, argument, items[number + 1 :])
            if group is not None:
                return written + self._both(group, argument, items[number + 1 :])
            written += self._item(str(op), argument)
        return written

    def _decides(self, op: Any, argument: Any, rest: Sequence[tuple[Any, Any]]) -> int | None:
        """The number of an optional group on which something after it depends."""
        if str(op) != "MAX_REPEAT" or tuple(argument[:2]) != (0, 1):
            return None
        ((inner, what), *more) = list(argument[2])
        if more or str(inner) != "SUBPATTERN" or what[0] is None:
            return None
        return what[0] if _depends(rest, what[0]) else None

    def _both(self, group: int, argument: Any, rest: Sequence[tuple[Any, Any]]) -> str:
        self._conditions[group] = True
        ((_, (*_, inner)),) = argument[2]
        there = self.sequence(list(inner)) + self.sequence(rest)
        self._conditions[group] = False
        absent = self.sequence(rest)
        del self._conditions[group]
        return f"(?:{there}|{absent})"

    def _item(self, op: str, argument: Any) -> str:
        write = getattr(self, f"_write_{op.lower()}", None)
        if write is None:
            raise UntranslatableError(op)
        written: str = write(argument)
        return written

    def _write_literal(self, argument: int) -> str:
        return _class({argument}, negated=False, ignore_case=self._ignore_case)

    def _write_not_literal(self, argument: int) -> str:
        return _class({argument}, negated=True, ignore_case=self._ignore_case)

    def _write_any(self, _: None) -> str:
        return self._any

    def _write_at(self, argument: Any) -> str:
        places = {"AT_END_STRING": "$", "AT_BEGINNING_STRING": "^"}
        if str(argument) not in places:
            raise UntranslatableError(str(argument))
        return places[str(argument)]

    def _write_branch(self, argument: Any) -> str:
        return f"(?:{'|'.join(self.sequence(list(one)) for one in argument[1])})"

    def _write_max_repeat(self, argument: Any) -> str:
        return self._repeated(*argument)

    def _write_min_repeat(self, argument: Any) -> str:
        return self._repeated(*argument) + "?"

    def _write_possessive_repeat(self, argument: Any) -> str:
        return self._atomic(self._repeated(*argument))

    def _write_atomic_group(self, argument: Any) -> str:
        return self._atomic(self.sequence(list(argument)))

    def _write_assert(self, argument: Any, sign: str = "=") -> str:
        where = "<" if argument[0] < 0 else ""
        return f"(?{where}{sign}{self.sequence(list(argument[1]))})"

    def _write_assert_not(self, argument: Any) -> str:
        return self._write_assert(argument, "!")

    def _write_subpattern(self, argument: Any) -> str:
        return self._group(*argument)

    def _write_groupref_exists(self, argument: Any) -> str:
        group, there, absent = argument
        if group not in self._conditions:
            raise UntranslatableError("a condition on a group that is not right before it")
        return self.sequence(list((there if self._conditions[group] else absent) or ()))

    def _write_in(self, argument: Sequence[tuple[Any, Any]]) -> str:
        negated = str(argument[0][0]) == "NEGATE"
        found: set[int] = set()
        for op, what in argument[1:] if negated else argument:
            match str(op):
                case "LITERAL":
                    found.add(what)
                case "RANGE":
                    found |= set(range(what[0], what[1] + 1))
                case "CATEGORY" if str(what) == "CATEGORY_SPACE":
                    found |= _spaces()
                case _:
                    # Digits and letters of all scripts differ between versions of Unicode.
                    raise UntranslatableError(f"{op} {what}")
        return _class(found, negated=negated, ignore_case=self._ignore_case)

    def _repeated(self, least: int, most: Any, what: Any) -> str:
        body = self.sequence(list(what))
        if most is _parser.MAXREPEAT:
            count = f"{{{least},}}"
        elif (least, most) == (0, 1):
            count = "?"
        else:
            count = f"{{{least}}}" if least == most else f"{{{least},{most}}}"
        return f"{body if _single(body) else f'(?:{body})'}{count}"

    def _atomic(self, body: str) -> str:
        self._atoms += 1
        name = f"a{self._atoms}"
        return f"(?=(?<{name}>{body}))\\k<{name}>"

    def _group(self, group: int | None, add: int, without: int, what: Any) -> str:
        if without or add & ~re.IGNORECASE:
            raise UntranslatableError("flags inside")
        before, self._ignore_case = self._ignore_case, self._ignore_case or bool(add)
        body = self.sequence(list(what))
        self._ignore_case = before
        if group is None:
            return f"(?:{body})"
        name = self._names.get(group)
        if name != "secret":
            raise UntranslatableError(f"the group {name or group}")
        return f"(?<{name if all(self._conditions.values()) else BARE}>{body})"


def _depends(items: Iterable[Any], group: int) -> bool:
    """Whether a condition on this group is anywhere among these items."""
    for item in items:
        names = isinstance(item, tuple) and len(item) == 2 and str(item[0]) == "GROUPREF_EXISTS"
        if names and item[1][0] == group:
            return True
        if isinstance(item, tuple | list | _parser.SubPattern) and _depends(item, group):
            return True
    return False


def _single(body: str) -> bool:
    """Whether a quantifier behind it counts all of it."""
    return bool(re.fullmatch(r"[^\\]|\\(?:x..|u....|[^xuk])|\[(?:[^\\\]]|\\.)*\]", body))


@functools.cache
def _everything() -> str:
    return "".join(map(chr, range(_LAST + 1)))


@functools.cache
def _spaces() -> frozenset[int]:
    return frozenset(map(ord, re.findall(r"\s", _everything())))


@functools.cache
def _cases(character: int) -> frozenset[int]:
    found = re.findall(f"(?i:{re.escape(chr(character))})", _everything())
    return frozenset(map(ord, found))


def _class(characters: set[int], *, negated: bool, ignore_case: bool) -> str:
    if max(characters) > _LAST:
        raise UntranslatableError("a character beyond U+FFFF")
    if ignore_case:
        characters = set().union(*map(_cases, characters))
    if len(characters) == 1 and not negated:
        return _escaped(min(characters), _SPECIAL)
    body = "".join(_span(first, last) for first, last in _ranges(sorted(characters)))
    return f"[{'^' if negated else ''}{body}]"


def _ranges(characters: Sequence[int]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for one in characters:
        if found and one == found[-1][1] + 1:
            found[-1] = (found[-1][0], one)
        else:
            found.append((one, one))
    return found


def _span(first: int, last: int) -> str:
    between = "" if last - first < 2 else "-"
    end = "" if last == first else _escaped(last, _IN_CLASS)
    return _escaped(first, _IN_CLASS) + between + end


def _escaped(character: int, special: frozenset[str]) -> str:
    text = chr(character)
    if text in special:
        return "\\" + text
    if " " <= text <= "~":
        return text
    return f"\\x{character:02x}" if character < 0x100 else f"\\u{character:04x}"

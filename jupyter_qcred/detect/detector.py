"""One detector: what its file says, checked."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final, Self

from jupyter_qcred.core.errors import ConfigError

from .checks import CHECKS, NEEDS

if TYPE_CHECKING:
    from collections.abc import Mapping

_ID: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_REQUIRED: Final = ("id", "title", "vendor", "regex", "anchors", "good", "bad")


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """How one kind of secret is told from everything else.

    Attributes:
        id: also the name in its placeholder.
        title: what it finds, for people.
        vendor: whose secret it is.
        url: where the vendor documents the format; empty where nobody does.
        regex: bounded, with a group ``secret``; ``(?&name)`` stands for a fragment.
        anchors: lower-case words; without one of them, in any case, the regex is not tried.
        near: characters before and after an anchor within which a match may begin; empty: it
            begins with the anchor. Anchors that look ahead must begin a word.
        ahead: a regex for the first characters of a match, at most 160; needed with ``near``, where
            only places at which it matches are looked at.
        left: characters which may not stand before the match, as in a regex class.
        right: the same after the match.
        context: lower-case words of which one must stand near; none: no such condition.
        context_reach: how near, in characters before the match's start and after its end; what
            the match holds beside the secret counts.
        unless: lower-case words which, just before the secret, mean that it is something else.
        entropy: the least Shannon entropy of the secret, in bits a character.
        needs: kinds of characters which the secret must hold, see ``checks.NEEDS``.
        checks: names of ``checks.CHECKS`` which the secret must pass.
        payload: texts of which one must be in the claims of a JWT.
        stop: lower-case words which make the secret an example.
        priority: which rule names a secret that several find: the highest.
        credential: the name under which kernels use such a secret; empty where it is not known.
        field: which part of that credential it is; empty for the one that is the credential itself.
        good: examples, see ``examples.fill``.
        bad: texts in which it must find nothing.
    """

    id: str
    title: str
    vendor: str
    url: str = ""
    regex: str
    anchors: tuple[str, ...]
    near: tuple[int, ...] = ()
    ahead: str = ""
    left: str = ""
    right: str = ""
    context: tuple[str, ...] = ()
    context_reach: int = 160
    unless: tuple[str, ...] = ()
    entropy: float = 0.0
    needs: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    payload: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    priority: int = 2
    credential: str = ""
    field: str = ""
    good: tuple[str, ...]
    bad: tuple[str, ...]

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        """Check what a detector's file says.

        Raises:
            ConfigError: an unknown or missing key, or a value that can't work.
        """
        known = {field.name: field for field in fields(cls)}
        wrong = [f"unknown key {key!r}" for key in data if key not in known]
        wrong += [f"no {key!r}" for key in _REQUIRED if key not in data]
        if wrong:
            raise _error(data, ", ".join(wrong))
        values: dict[str, Any] = {
            key: tuple(it) if isinstance(it, list) else it for key, it in data.items()
        }
        for key, value in values.items():
            if not _fits(str(known[key].type), value):
                raise _error(data, f"{key!r} has a value of another kind")
        made = cls(**values)
        made._check()
        return made

    def _check(self) -> None:
        wrong = [word for word in (*self.anchors, *self.context) if word != word.lower()]
        wrong += [word for word in self.anchors if len(word) < 3 or not word.isascii()]
        wrong += [name for name in self.needs if name not in NEEDS]
        wrong += [name for name in self.checks if name not in CHECKS]
        wrong += [word for word in (*self.unless, *self.stop) if word != word.lower()]
        if wrong:
            raise _error({"id": self.id}, f"{wrong[0]!r} cannot be used there")
        if not _ID.fullmatch(self.id) or not self.anchors or len(self.near) not in {0, 2}:
            raise _error({"id": self.id}, "bad id, no anchors, or near is not [before, after]")
        if "(?P<secret>" not in self.regex or bool(self.near) != bool(self.ahead):
            raise _error({"id": self.id}, "the regex has no group 'secret', or near has no ahead")


def _fits(declared: str, value: object) -> bool:
    match declared:
        case "str":
            return isinstance(value, str)
        case "int":
            return type(value) is int
        case "float":
            return type(value) in {int, float}
        case _:
            item = int if "int" in declared else str
            return isinstance(value, tuple) and all(type(one) is item for one in value)


def _error(data: Mapping[str, Any], what: str) -> ConfigError:
    return ConfigError(
        f"the detector {str(data.get('id', '?'))[:64]!r}: {what}",
        next_step="Correct its file, or install the package again",
    )

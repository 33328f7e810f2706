"""Reading one mapping of settings: known keys once each, text where text is due, no keys inside."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from jupyter_qcred.issue.profile import is_name
from jupyter_qcred.issue.profile_tree import Table, Text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from jupyter_qcred.issue.profile_tree import Node, Problems

FIELD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
"""A field of a stored key, or a parameter of a request."""

_SECRET_KEYS: Final = frozenset(
    (
        *("value", "token", "key", "jwt", "bearer", "secret", "credential", "credentials"),
        *("api_key", "apikey", "api_token", "access_token", "refresh_token", "private_key"),
        *("access_key", "secret_key", "secret_access_key", "client_secret"),
        *("password", "passwd", "passphrase"),
    )
)


def fields_of(table: Table, accepted: Collection[str], problems: Problems) -> dict[str, Node]:
    """Return the known entries of a mapping, without those that are null.

    Unknown, repeated and secret ones go to ``problems``.
    """
    known: dict[str, Node] = {}
    for key, node in table.entries:
        name = key.text or ""
        if name in known:
            problems.add(key.place, f"{named(name)} is here twice")
        elif name in accepted:
            known[name] = node
        elif not _is_secret_key(key, problems):
            problems.add(
                key.place, f"unknown key{maybe(name, accepted)}; accepted: {listed(accepted)}"
            )
    return {
        name: node
        for name, node in known.items()
        if not isinstance(node, Text) or node.text is not None
    }


def pairs_of(
    node: Node | None, what: str, problems: Problems, *, form: re.Pattern[str], longest: int
) -> dict[str, str]:
    """Return a mapping of text to text whose keys have a form and whose values are one line."""
    if node is None:
        return {}
    if not isinstance(node, Table):
        problems.add(node.place, f"expected a mapping of {what}, text to text")
        return {}
    return {
        name: value
        for key, name, value in _texts(node, problems)
        if _fits(key, form, value, longest, problems)
    }


def _texts(table: Table, problems: Problems) -> Iterator[tuple[Text, str, str]]:
    seen: set[str] = set()
    for key, node in table.entries:
        name = key.text or ""
        if _is_secret_key(key, problems):
            continue
        if name in seen:
            problems.add(key.place, "this key is here twice")
            continue
        seen.add(name)
        value = text_of(node, "text", problems)
        if value is not None:
            yield key, name, value


def _fits(key: Text, form: re.Pattern[str], value: str, longest: int, problems: Problems) -> bool:
    if form.fullmatch(key.text or "") is None:
        problems.add(key.place, "not a name: letters, digits and _.- after a letter, at most 63")
        return False
    if len(value) > longest or not value.isprintable():
        problems.add(
            key.place, f"the value must be one printable line of at most {longest} characters"
        )
        return False
    return True


def _is_secret_key(key: Text, problems: Problems) -> bool:
    if re.sub(r"[\s-]", "_", (key.text or "").lower()) not in _SECRET_KEYS:
        return False
    problems.key_inside = True
    problems.add(
        key.place, "keys and tokens do not belong in settings; a profile says where one is stored"
    )
    return True


def text_of(node: Node, what: str, problems: Problems) -> str | None:
    """Return a scalar's text; anything else, and empty text, is a problem."""
    if isinstance(node, Text) and node.text:
        return node.text
    problems.add(node.place, f"expected {what}")
    return None


def maybe(text: str, accepted: Collection[str]) -> str:
    """Return ``(did you mean …?)`` when a word is near; the text itself is never quoted."""
    near = get_close_matches(text[:64], accepted, n=1, cutoff=0.6)
    return f" (did you mean {near[0]}?)" if near else ""


def named(name: str) -> str:
    """Return a key for a message, unless it has the looks of something else."""
    return name if is_name(name) and len(name) <= 32 else "this key"


def listed(words: Iterable[str]) -> str:
    """Return words for a message."""
    return ", ".join(words)

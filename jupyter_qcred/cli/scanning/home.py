"""Look for keys in the plain-text files of quantum clouds' own tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .hit import Hit
from .look import look
from .vendor_files import home_files
from .vendor_keys import UnreadableError, accounts
from .work import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .inspector import Inspector
    from .vendor_files import VendorFile

RULE: Final = "vendor-file"
TITLE: Final = "A key in the plain-text file of a vendor's tool"


def look_at_home(inspector: Inspector, fingerprint: Callable[[str], str]) -> Outcome:
    """Return what is found: by the file's own fields, and by every rule."""
    outcome = Outcome()
    for known, path in home_files():
        try:
            outcome.hits += _hits(known, path, inspector, fingerprint)
            outcome.size += path.stat().st_size
            outcome.texts += 1
        except OSError as error:
            outcome.failed[str(path)] = error.strerror or type(error).__name__
    return outcome


def _hits(
    known: VendorFile, path: Path, inspector: Inspector, fingerprint: Callable[[str], str]
) -> list[Hit]:
    with path.open("rb") as file:
        found = dict.fromkeys(look(file, str(path), inspector) or ())
    try:
        held = accounts(known, path)
    except UnreadableError:
        held = []
    named = {hit.fingerprint for hit in found}
    lines = path.read_text("utf-8", "replace").splitlines() if held else []
    for account in held:
        for secret in account.secrets.values():
            print_ = fingerprint(secret.reveal())
            if print_ not in named:
                named.add(print_)
                line = _line_of(secret.reveal(), lines)
                found[Hit(str(path), RULE, print_, line=line, place=known.tool)] = None
    return list(found)


def _line_of(value: str, lines: list[str]) -> int:
    first = value.splitlines()[0]
    numbers = (number for number, line in enumerate(lines, 1) if first in line)
    return next(numbers, 1)

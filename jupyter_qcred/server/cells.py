"""Look only at those cells of a notebook which were not clean when it was saved before."""

from __future__ import annotations

import marshal
import threading
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Redacted = tuple[Any, Mapping[str, int]]

_MOST: Final = 500_000
"""Parts that are remembered as clean, of all notebooks."""


class Cells:
    """A notebook is saved again and again with one cell changed.

    Of each clean cell a number is kept, and as long as the same is looked for, it is not looked at
    again. Safe to use from several threads at once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._clean: set[int] = set()
        self._version: object = None

    def redact(
        self, content: dict[str, Any], version: object, look: Callable[[dict[str, Any]], Redacted]
    ) -> Redacted:
        """Redact the content of a notebook; a clean one comes back as it is.

        Args:
            content: with a list of ``cells``.
            version: changes with what is looked for.
            look: redacts a notebook of the parts that are to be looked at; a clean one comes back
                as it is, and so does each cell that is clean.
        """
        parts = [{key: value for key, value in content.items() if key != "cells"}]
        parts += content["cells"]
        numbers = [_number(part) for part in parts]
        unseen = self._unseen(numbers, version)
        if not unseen:
            return content, {}
        about = parts[0] if unseen[0] == 0 else {}
        part = {**about, "cells": [parts[at] for at in unseen if at]}
        redacted, findings = look(part)
        if redacted is part:
            self._remember({numbers[at] for at in unseen}, version)
            return content, findings
        fresh = dict(zip((at for at in unseen if at), redacted["cells"], strict=True))
        clean = {numbers[at] for at, cell in fresh.items() if cell is parts[at]}
        self._remember(clean, version)
        return _put_together(content, redacted if about else parts[0], fresh), findings

    def _unseen(self, numbers: list[int | None], version: object) -> list[int]:
        with self._lock:
            if version != self._version or len(self._clean) > _MOST:
                self._clean.clear()
                self._version = version
            return [at for at, number in enumerate(numbers) if number not in self._clean]

    def _remember(self, numbers: set[int | None], version: object) -> None:
        with self._lock:
            if version == self._version:
                self._clean.update(number for number in numbers if number is not None)


def _put_together(
    content: dict[str, Any], about: dict[str, Any], fresh: dict[int, Any]
) -> dict[str, Any]:
    """Return the notebook with some parts exchanged, its keys in their order."""
    cells = [fresh.get(at, cell) for at, cell in enumerate(content["cells"], 1)]
    items = [(key, value) for key, value in about.items() if key != "cells"]
    items.insert(list(content).index("cells"), ("cells", cells))
    whole = type(content)()
    whole.update(items)
    return whole


def _number(part: Any) -> int | None:
    """A number of all that is in a part, under a key of this process (SipHash, PEP 456).

    None where it holds what ``marshal`` does not know, or is too deep: then it is looked at.
    """
    try:
        # Version 2 writes no references, which depend on who else holds an object. It is several
        # times faster than any walk in Python.
        return hash(marshal.dumps(part, 2))
    except ValueError:
        return None

"""The server's redactor, which also tells what it was given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_qcred.redact.redactor import Redactor

from .vector import ServerMatcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_MOST = 2048
"""Values of all kernels of a server: hundreds of sessions, each with what it had before. A value
takes some 0.1 MB."""


class ArmedRedactor(Redactor):
    """A redactor whose values can be had for the simplest search there is.

    Attributes:
        on_armed: called with a credential's name and values that are new, before they are
            delivered; what it raises is the caller's.
    """

    matcher_type = ServerMatcher
    on_armed: Callable[[str, list[str]], None] | None = None

    def __init__(self, min_length: int, min_fragment: int) -> None:
        super().__init__(min_length, min_fragment, max_values=_MOST)
        self._least = min_length
        self._plain: dict[str, str] = {}

    def arm(self, credential: str, values: Iterable[str]) -> list[int]:
        """Look for ``values`` from now on; see the base class."""
        given = [value.strip() for value in values]
        new = [v for v in given if len(v) >= self._least and v not in self._plain]
        # First, so that they are known here also where making their variants fails.
        self._plain.update(dict.fromkeys(new, credential))
        refused = super().arm(credential, given)
        if new and self.on_armed is not None:
            self.on_armed(credential, new)
        return refused

    @property
    def plain(self) -> dict[str, str]:
        """Credential by value, of all that was ever armed; for no log and no message."""
        return dict(self._plain)

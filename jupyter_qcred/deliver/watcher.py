"""What the holder of the server token tells those whose sessions hang on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from jupyter_qcred.core.errors import QcredError


class Watcher(Protocol):
    """Somebody whose sessions hang on the server token."""

    def beat(self, left: float) -> None:
        """It was extended: it lives ``left`` seconds."""
        ...

    def succeeded(self) -> None:
        """It has a successor, and will not be renewed again."""
        ...

    def ending(self, why: QcredError, left: float) -> None:
        """It ends in ``left`` seconds, and nobody but a person can do anything about it."""
        ...

    def lost(self) -> None:
        """It has ended."""
        ...

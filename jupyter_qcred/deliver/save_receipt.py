"""What the audit needs to know of a save, which the layer above carries out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class _Spot(Protocol):
    @property
    def rule(self) -> str: ...
    @property
    def place(self) -> str: ...


class SaveReceipt(Protocol):
    """What one save redacted, as the server tells it."""

    @property
    def path(self) -> str:
        """The file."""
        ...

    @property
    def findings(self) -> Mapping[str, int]:
        """How many, by credential or detector."""
        ...

    @property
    def spots(self) -> Sequence[_Spot]:
        """Where."""
        ...

    @property
    def sources(self) -> Sequence[int]:
        """Cells whose source was changed."""
        ...

    @property
    def outputs_cleared(self) -> bool:
        """It was saved without outputs."""
        ...

"""JSON objects that show nothing of themselves, for answers which hold secrets."""

from __future__ import annotations

from typing import Any


class Masked(dict[str, Any]):
    """A JSON object whose representation shows nothing of it."""

    def __repr__(self) -> str:
        return f"<{len(self)} fields>"

    def section(self, name: str) -> Masked:
        """Return the object of that name; an empty one if there is none, or no object."""
        value = self.get(name)
        return value if isinstance(value, Masked) else Masked()

    def has_text(self, name: str) -> bool:
        """Whether that field is a text."""
        return isinstance(self.get(name), str)

"""One secret that was found, without the secret."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Hit:
    """Where a secret stands, and how to tell it from others.

    Attributes:
        path: the file, as a user would name it.
        rule: the detector's id.
        fingerprint: the same for the same secret under the same key; never the secret.
        line: in a text, counted from 1; in a notebook only where no cell holds it.
        cell: in a notebook, counted from 1.
        output: of that cell, counted from 1.
        cell_line: in the cell's source or the output's text, counted from 1.
        place: what part of the cell, file or notebook, such as ``source`` or ``text/html``.
        commit: where it was first committed; empty outside of a history.
        excerpt: its line with placeholders in the place of secrets; empty where it says nothing.
        what: of a tutorial: the piece of code, without the texts in it.
        why: of a tutorial: why it is refused.
        instead: of a tutorial: what to write in its place.
    """

    path: str
    rule: str
    fingerprint: str
    line: int | None = None
    cell: int | None = None
    output: int | None = None
    cell_line: int | None = None
    place: str = ""
    commit: str = ""
    excerpt: str = field(default="", compare=False)
    what: str = ""
    why: str = ""
    instead: str = ""

    @property
    def where(self) -> str:
        """The place inside the file, for people."""
        if self.cell is None:
            line = "" if self.line is None else f"line {self.line}"
            return ", ".join(part for part in (line, self.place) if part)
        parts = [f"cell {self.cell}"]
        if self.output is not None:
            parts.append(f"output {self.output}")
        if self.place:
            parts.append(self.place)
        if self.cell_line is not None:
            parts.append(f"line {self.cell_line}")
        return ", ".join(parts)

    def as_json(self) -> dict[str, Any]:
        """For programs: no excerpt, because reports are kept and passed on."""
        told: dict[str, Any] = {"path": self.path}
        names = (
            *("line", "cell", "output", "cell_line", "place", "commit"),
            *("what", "why", "instead"),
        )
        told.update({name: value for name in names if (value := getattr(self, name))})
        return told | {"rule": self.rule, "fingerprint": self.fingerprint}

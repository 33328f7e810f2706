"""Reads the audit file of the child server as it grows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


class Trail:
    """The events so far, and what is new."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._read = 0
        self.events: list[dict[str, Any]] = []

    def new(self) -> list[dict[str, Any]]:
        """Return the events written since the last call, oldest first."""
        try:
            with self._file.open("rb") as file:
                file.seek(self._read)
                whole, newline, _ = file.read().rpartition(b"\n")
        except FileNotFoundError:
            return []
        self._read += len(whole + newline)
        found = [json.loads(line) for line in whole.splitlines()]
        self.events += found
        return found

    def find(self, name: str, credential: str) -> dict[str, Any] | None:
        """Return the first event of that name about a credential."""
        self.new()
        for event in self.events:
            if event_name(event) == name and event["credential"] == credential:
                return event
        return None


def event_name(event: dict[str, Any]) -> str:
    """``issued`` of ``https://events.jupyter.org/jupyter_qcred/issued/v1``."""
    return str(event["__schema__"]).split("/")[-2]

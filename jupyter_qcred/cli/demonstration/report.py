"""What the check found: a short table for people, JSON for programs."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import IO, Any, Final, Self

_GREEN: Final = "32"
_RED: Final = "31"
_DIM: Final = "2"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that had to happen.

    Attributes:
        name: what, in a word or two.
        ok: whether it did.
        detail: what was seen; never a value.
        seconds: how long it took; None where it did not come that far.
        next_step: what to do, where it failed.
    """

    name: str
    ok: bool
    detail: str
    seconds: float | None = None
    next_step: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """All lines of one check.

    Attributes:
        lines: in the order of a credential's life.
        seconds: that the whole check took.
    """

    lines: tuple[Line, ...]
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether every line is."""
        return all(line.ok for line in self.lines)

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "ok": self.ok,
            "seconds": round(self.seconds, 3),
            "lines": [asdict(line) for line in self.lines],
        }

    def as_text(self, stream: IO[str]) -> str:
        """For people, fit for the encoding of ``stream``, in colour where it is a terminal."""
        paint = _paint if _colourful(stream) else _plain
        good, bad = ("✔", "✘") if _encodes(stream, "✔✘") else ("ok", "FAILED")
        name_width = max(len(line.name) for line in self.lines)
        mark_width = max(len(good if line.ok else bad) for line in self.lines)
        rows = []
        for line in self.lines:
            mark = f"{good if line.ok else bad:{mark_width}}"
            mark = paint(mark, _GREEN if line.ok else _RED)
            took = "" if line.seconds is None else paint(f"  {line.seconds:.1f} s", _DIM)
            rows.append(f"{line.name:{name_width}}  {mark}  {line.detail}{took}")
            if not line.ok:
                indent = " " * (name_width + mark_width + 4)
                rows.append(f"{indent}Next: {line.next_step}.")
        failed = sum(not line.ok for line in self.lines)
        verdict = f"{failed} of {len(self.lines)} failed" if failed else "All is well"
        return "\n".join([*rows, "", f"{verdict}, in {self.seconds:.1f} s."])


def _colourful(stream: IO[str]) -> bool:
    return stream.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def _encodes(stream: IO[str], text: str) -> bool:
    try:
        text.encode(getattr(stream, "encoding", None) or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def _paint(text: str, colour: str) -> str:
    return f"\033[{colour}m{text}\033[0m"


def _plain(text: str, _colour: str) -> str:
    return text


class Progress:
    """One line on a terminal that says what happens now, gone when it is left."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._shown = stream.isatty()

    def __call__(self, words: str) -> None:
        """Say it."""
        if self._shown:
            self._stream.write(f"\r\033[K{words} ..." if words else "\r\033[K")
            self._stream.flush()

    def clear(self) -> None:
        """Leave an empty line."""
        self("")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.clear()

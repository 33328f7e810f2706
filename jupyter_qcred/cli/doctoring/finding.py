"""What a check is, what it may find, and what mends it. Nothing here ever holds a secret."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from .site import Site


class Severity(StrEnum):
    """How much a problem matters."""

    ERROR = "error"
    """Somebody gets no credentials, or a value can end where it should not."""
    WARNING = "warning"
    """It works, with less than there could be; or a key lies about."""


class Way(StrEnum):
    """How a step is taken."""

    COMMAND = "command"
    """Run it in a shell."""
    PASTE = "paste"
    """Write it at the end of a file."""
    ADVICE = "advice"
    """Only a person can: it takes a value, or an action, that nothing here knows."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a fix.

    Attributes:
        way: how it is taken.
        text: the command, the line, or the words.
        file: where a line goes to; empty for the other ways.
    """

    way: Way
    text: str
    file: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that doctor knows.

    Attributes:
        id: stable name: the check's, a dot, and one of its own.
        severity: how much it matters.
        means: what it is and what comes of it, for the reference.
    """

    id: str
    severity: Severity
    means: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem that is there.

    Attributes:
        seen: what was seen, and where.
        fix: steps that mend it, in order.
        by: who takes them; empty: whoever runs doctor.
    """

    problem: Problem
    seen: str
    fix: tuple[Step, ...]
    by: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one check saw.

    Attributes:
        words: what is as it should be, or why nothing was looked at.
        findings: what is not.
        looked: False where there was nothing to look at.
        failed: it should have been looked at, and could not be.
    """

    words: str
    findings: tuple[Finding, ...] = ()
    looked: bool = True
    failed: bool = False


def absent(words: str) -> Seen:
    """There is nothing to look at."""
    return Seen(words, looked=False)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that doctor looks at.

    Attributes:
        id: stable name.
        title: a few words.
        about: what is looked at, and what that touches, for the reference.
        problems: all that it can find.
        look: does it. May block; changes nothing that lasts.
    """

    id: str
    title: str
    about: str
    problems: tuple[Problem, ...]
    look: Callable[[Site], Seen] = field(repr=False)


def command(text: str) -> Step:
    """A step for a shell."""
    return Step(Way.COMMAND, text)


def paste(line: str, file: str) -> Step:
    """A step for an editor."""
    return Step(Way.PASTE, line, file)


def advice(words: str) -> Step:
    """A step for a person."""
    return Step(Way.ADVICE, words)


RESTART = advice("Restart your Jupyter servers: they read it at their start")
START_AGAIN = advice(
    "Start it again, without the option if it was one of its command line. Save first what is open"
)

OPERATOR = "whoever runs the issuer"

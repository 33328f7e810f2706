"""What a disguise is: how a value puts it on, and how a reader takes it off.

A judge that asked the redactor's own code would share its blind spots. So each disguise says by
itself what an attentive reader does: ``normal`` takes the disguise off a text, ``cores`` are the
texts which the reader then looks for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

RUN: Final = 24
"""Characters of a value that are as good as all of it."""


def same(text: str) -> str:
    """Take off nothing."""
    return text


def itself(text: str) -> tuple[str, ...]:
    """The value as it is."""
    return (text,)


def all_of_it(text: str) -> bool:
    """For any value."""
    return bool(text)


def longer_than_a_run(text: str) -> bool:
    """For values of which a fragment can be shown that matters."""
    return len(text) > RUN


@dataclass(frozen=True, slots=True)
class Disguise:
    """One way to show a value.

    Attributes:
        name: unique.
        wear: makes the text that is shown.
        normal: undoes just this disguise in any text.
        cores: what to look for after that: any ``RUN`` characters of one of them are a leak.
        fits: whether the disguise means anything for a value.
        infeasible: why nobody can be asked to find it; empty when it must be found.
        stretch: finding it is welcome and not promised.
    """

    name: str
    wear: Callable[[str], str]
    normal: Callable[[str], str] = same
    cores: Callable[[str], tuple[str, ...]] = itself
    fits: Callable[[str], bool] = all_of_it
    infeasible: str = ""
    stretch: bool = False

    @property
    def promised(self) -> bool:
        """Whether not a single one may get through."""
        return not self.infeasible and not self.stretch

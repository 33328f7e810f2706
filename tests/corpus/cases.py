"""Cases: a value in a disguise in a place, and which combinations of them are tried.

The full product is large and says little more than its pairs: a place does not know which vendor's
value it shows. So the third of three rotates while the other two are combined in full.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle, product
from typing import TYPE_CHECKING, Any, Final

from corpus.encoded import ENCODED
from corpus.places import PLACES
from corpus.shown import SHOWN
from corpus.values import values

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from corpus.disguise import Disguise
    from corpus.places import Message, Place
    from corpus.values import Value

DISGUISES: Final = (*ENCODED, *SHOWN)
VALUES: Final = values()

_PLAIN: Final = DISGUISES[0]
_HARD: Final = tuple(
    place for place in PLACES if place.name in {"stream", "stream with stderr between", "display"}
)
"""Where each vendor's value is tried in each disguise: whole, cut into pieces, inside a tag."""


@dataclass(frozen=True, slots=True)
class Case:
    """One value, in one disguise, in one place."""

    value: Value
    disguise: Disguise
    place: Place

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.value.vendor} / {self.disguise.name} / {self.place.name}"

    @property
    def feasible(self) -> str:
        """Empty when it must be found; otherwise the reason why it need not."""
        stretch = "" if self.disguise.promised and self.place.promised else "not promised"
        return self.disguise.infeasible or self.place.infeasible or stretch

    def notebook(self) -> dict[str, Any]:
        """Make the notebook, valid and anew at each call."""
        assert self.place.notebook is not None
        return self.place.notebook(self.disguise.wear(self.value.text))

    def messages(self) -> list[Message]:
        """Make what a kernel sends."""
        assert self.place.messages is not None
        return self.place.messages(self.disguise.wear(self.value.text))


def fits(value: Value, disguise: Disguise, place: Place) -> bool:
    """Whether the three mean anything together."""
    return disguise.fits(value.text) and (not place.only or disguise.name in place.only)


def pairs(places: Iterable[Place] = PLACES) -> Iterator[Case]:
    """Every disguise in every place with a rotating vendor; then the vendors with each of both."""
    places = tuple(places)
    everybody = cycle(VALUES.values())
    for disguise, place in product(DISGUISES, places):
        for value, _ in zip(everybody, VALUES, strict=False):
            if fits(value, disguise, place):
                yield Case(value, disguise, place)
                break
    for value in VALUES.values():
        for disguise, place in product(DISGUISES, _HARD):
            if place in places and fits(value, disguise, place):
                yield Case(value, disguise, place)
        for place in places:
            if fits(value, _PLAIN, place):
                yield Case(value, _PLAIN, place)


def everything(places: Iterable[Place] = PLACES) -> Iterator[Case]:
    """The full product."""
    for value, disguise, place in product(VALUES.values(), DISGUISES, tuple(places)):
        if fits(value, disguise, place):
            yield Case(value, disguise, place)

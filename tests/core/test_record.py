"""Records: what a frozen dataclass promises, for less."""

from __future__ import annotations

import copy
import pickle
from typing import ClassVar

import pytest

from jupyter_qcred.core.record import Record


class Point(Record):
    """A record as they are written."""

    unit: ClassVar[str] = "mm"
    x: int
    y: int = 2


class Other(Record):
    """Another one with the same fields."""

    x: int
    y: int = 2


class Key(Record):
    """One with something to hide."""

    hidden: ClassVar[frozenset[str]] = frozenset({"value"})
    name: str
    value: str


def test_fields_are_given_by_place_or_name():
    """As a dataclass takes them, defaults included."""
    assert Point(1) == Point(x=1) == Point(1, 2) == Point(1, y=2)
    assert Point(1).as_dict() == {"x": 1, "y": 2}
    assert Point.fields == {"x": "int", "y": "int"}


@pytest.mark.parametrize(
    ("values", "named"),
    [((), {}), ((1, 2, 3), {}), ((1,), {"x": 1}), ((1,), {"z": 1}), ((), {"y": 1})],
)
def test_what_does_not_fit_the_fields_is_refused(values, named):
    """Too few, too many, twice, unknown."""
    with pytest.raises(TypeError, match="Point"):
        Point(*values, **named)


def test_a_record_does_not_change():
    """Neither by setting nor by deleting; a changed copy is another one."""
    point = Point(1)
    with pytest.raises(AttributeError, match="frozen"):
        point.x = 5
    with pytest.raises(AttributeError, match="frozen"):
        del point.x
    assert point.replaced(x=5) == Point(5)
    assert point == Point(1)


def test_records_compare_by_class_and_values():
    """Two classes with the same fields are two things."""
    assert Point(1) != Point(2)
    assert Point(1) != Other(1)
    assert Point(1) != (1, 2)
    assert len({Point(1), Point(1, 2), Point(3), Other(1)}) == 3


def test_copies_are_equal():
    """Also those that serialisers make."""
    point = Point(1, 7)
    assert copy.copy(point) == copy.deepcopy(point) == point
    assert pickle.loads(pickle.dumps(wire_like())) == wire_like()


def wire_like():
    """A record of a module that pickle can import."""
    from jupyter_qcred.core.wire import Ack

    return Ack(lease_id="l1")


def test_repr_shows_what_is_not_hidden():
    """A value that must not be read in a traceback is left out."""
    assert repr(Point(1)) == "Point(x=1, y=2)"
    assert repr(Key("ionq", "hunter2-canary")) == "Key(name='ionq')"

"""Frozen values whose classes cost a starting kernel next to nothing.

A frozen, slotted dataclass writes six functions as text, compiles them and makes its class twice.
That is 3.6 million instructions: 0.9 ms for each class, at every start of every kernel, and the
kernel's half needs a dozen. All records share their functions instead: a hundred thousand. Where
no kernel is started, a dataclass says the same and is what everybody knows.
"""

from __future__ import annotations

from typing import Any, ClassVar, Never, Self, dataclass_transform


@dataclass_transform(frozen_default=True)
class Record:
    """A frozen value: its fields are its annotations, checked like those of a dataclass.

    A field with a value in the class has that default, which must be immutable.

    Attributes:
        fields: annotations by field name.
        hidden: names of fields whose values ``repr`` leaves out.
    """

    fields: ClassVar[dict[str, str]] = {}
    hidden: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls) -> None:
        # With `from __future__ import annotations` these are texts.
        cls.fields = {
            name: kind
            for name, kind in cls.__annotations__.items()
            if not kind.startswith("ClassVar")
        }

    def __init__(self, *values: Any, **named: Any) -> None:
        given = dict(zip(self.fields, values, strict=False)) if values else {}
        if len(given) != len(values) or given.keys() & named.keys():
            raise TypeError(f"{type(self).__name__}: too many values, or one given twice")
        given |= named
        missing = [name for name in self.fields if name not in given and not hasattr(self, name)]
        unknown = given.keys() - self.fields.keys()
        if missing or unknown:
            raise TypeError(f"{type(self).__name__}: missing {missing}, unknown {sorted(unknown)}")
        self.__dict__.update(given)

    def as_dict(self) -> dict[str, Any]:
        """Return the fields' values by name, defaults included."""
        return {name: getattr(self, name) for name in self.fields}

    def replaced(self, **changes: Any) -> Self:
        """Return a copy with other values in some fields."""
        return type(self)(**(self.as_dict() | changes))

    def __setattr__(self, name: str, value: object) -> Never:
        raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot be set")

    def __delattr__(self, name: str) -> Never:
        raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot be deleted")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Record) or type(self) is not type(other):
            return NotImplemented
        return self.as_dict() == other.as_dict()

    def __hash__(self) -> int:
        return hash((type(self), *self.as_dict().values()))

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{name}={value!r}" for name, value in self.as_dict().items() if name not in self.hidden
        )
        return f"{type(self).__name__}({shown})"

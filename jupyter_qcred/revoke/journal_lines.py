"""The journal's rules, without any file: lines to records, records to what is still owed.

    intended ──issued──▶ open, accessor known ──renewed──▶ (same, lives longer)
        │                        │
        └────────closed──────────┴──▶ gone

- A line holds names, accessors and times, never a value. It ends in a checksum of itself, so that a
  torn or flipped line is told from a good one; good lines after a bad one still count.
- An open entry is *certainly dead* when the last known life has passed since its record, plus
  ``SKEW``, plus ``LOST_RENEWAL`` where the writer has died: renewals are not flushed to the disk
  one by one, so that the newest may be missing after a power cut. Within one boot the machine's
  steady clock measures that; across boots it begins anew, and the wall clock must do. A wall clock
  set back only keeps entries longer. One set forward proves nothing: what it alone calls dead is
  still owed for ``DOUBT`` seconds, so that whoever reads it tries to revoke it.
- A session's token dies with its parent: whoever closes the parent as confirmed or expired has
  closed the children, and no child outlives its parent's bound.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from hashlib import blake2b
from math import inf
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jupyter_qcred.core.lease import Accessor, IntentId

Kind = Literal["server", "session"]

LOST_RENEWAL: Final = 600.0
"""Seconds for which a renewal may have been in memory only (at most one further life)."""
SKEW: Final = 60.0
"""Seconds by which the issuer's count and ours may differ."""
DOUBT: Final = 60.0
"""Seconds for which an entry is owed that only the wall clock calls dead."""

_KILLS_CHILDREN: Final = frozenset({"confirmed", "expired"})


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant on both clocks.

    Attributes:
        wall: seconds since 1970, UTC.
        clock: seconds on the steady clock, which begins anew with each boot.
        boot: which boot, empty where that cannot be known.
    """

    wall: float
    clock: float
    boot: str

    def steady_since(self, earlier: Moment) -> bool:
        """Whether the steady clock measures the time between."""
        return bool(self.boot) and self.boot == earlier.boot and self.clock >= earlier.clock

    def since(self, earlier: Moment) -> float:
        """Seconds passed since ``earlier``; never negative."""
        if self.steady_since(earlier):
            return self.clock - earlier.clock
        return max(0.0, self.wall - earlier.wall)


@dataclass(frozen=True, slots=True, kw_only=True)
class Intended:
    """About to ask for a token, which would live ``ttl`` seconds."""

    op: ClassVar = "intended"
    intent: IntentId
    kind: Kind
    issuer: str
    parent: IntentId | None
    ttl: float
    at: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """The issuer answered. Repeats what is needed to revoke should the first line be damaged."""

    op: ClassVar = "issued"
    intent: IntentId
    kind: Kind
    issuer: str
    accessor: Accessor
    ttl: float
    at: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """The token lives ``ttl`` seconds from now."""

    op: ClassVar = "renewed"
    intent: IntentId
    ttl: float
    at: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """Nothing is owed any more."""

    op: ClassVar = "closed"
    intent: IntentId
    outcome: str
    at: Moment


Record = Intended | Issued | Renewed | Closed

_OPS: Final[dict[str, type[Any]]] = {cls.op: cls for cls in (Intended, Issued, Renewed, Closed)}
_WRITTEN: Final[tuple[type[Any], ...]] = (Moment, *_OPS.values())
_NAMES: Final = {cls: tuple(spec.name for spec in fields(cls)) for cls in _WRITTEN}
_SUM_START: Final = b',"sum":"'
_SUM_LENGTH: Final = len(_SUM_START) + 16 + len(b'"}')


def encode(record: Record) -> bytes:
    """Return one line, newline included."""
    body = _ENCODER.encode({"op": record.op, **_facts(record)}).encode()
    return body[:-1] + _SUM_START + _sum(body) + b'"}\n'


def _facts(value: Record | Moment) -> dict[str, Any]:
    return {name: getattr(value, name) for name in _NAMES[type(value)]}


# Moments are the only objects in a record.
_ENCODER: Final = json.JSONEncoder(separators=(",", ":"), default=_facts)


def decode(line: bytes) -> Record | None:
    """Read one line without its newline; None if it is not exactly what ``encode`` wrote."""
    body = line[:-_SUM_LENGTH] + b"}"
    if line[-_SUM_LENGTH:] != _SUM_START + _sum(body) + b'"}':
        return None
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return _record(found) if isinstance(found, dict) else None


def _record(found: dict[str, Any]) -> Record | None:
    cls = _OPS.get(str(found.pop("op", None)))
    moment = found.pop("at", None)
    if cls is None or not isinstance(moment, dict):
        return None
    if found.keys() != {*_NAMES[cls]} - {"at"}:
        return None
    if moment.keys() != {*_NAMES[Moment]}:
        return None
    if not all(_fits(name, value) for name, value in (*found.items(), *moment.items())):
        return None
    return cls(**found, at=Moment(**moment))  # type: ignore[no-any-return]


def _sum(body: bytes) -> bytes:
    return blake2b(body, digest_size=8).hexdigest().encode()


def _fits(name: str, value: object) -> bool:
    if name in ("ttl", "wall", "clock"):
        return isinstance(value, float | int) and 0 <= value <= inf
    if name == "kind":
        return value in ("server", "session")
    return isinstance(value, str) or (name == "parent" and value is None)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file's bytes hold.

    Attributes:
        records: of all intact lines, in order.
        damaged: how many lines are not intact.
        first_damage: offset of the first of them; None if there is none.
    """

    records: tuple[Record, ...]
    damaged: int
    first_damage: int | None


def read(data: bytes) -> Reading:
    """Read a whole file, whatever is in it."""
    records: list[Record] = []
    damage: list[int] = []
    offset = 0
    for line in data.split(b"\n"):
        if line:
            record = decode(line)
            if record is None:
                damage.append(offset)
            else:
                records.append(record)
        offset += len(line) + 1
    return Reading(tuple(records), len(damage), damage[0] if damage else None)


@dataclass(frozen=True, slots=True)
class Entry:
    """Something owed.

    Attributes:
        intent: its name.
        kind: a server token or a session token.
        issuer: ``Issuer.describe()`` of where it was asked for.
        parent: the server token's intent, for a session.
        accessor: None where the issuer's answer is not known: it may or may not exist.
        bound: on the reader's steady clock, seconds: certainly dead from then on.
    """

    intent: IntentId
    kind: Kind
    issuer: str
    parent: IntentId | None
    accessor: Accessor | None
    bound: float


@dataclass(frozen=True, slots=True)
class _Open:
    intended: Intended
    issued: Issued | None = None
    renewed: Renewed | None = None

    def records(self) -> Iterator[Record]:
        yield self.intended
        if self.issued is not None:
            yield self.issued
        if self.renewed is not None:
            yield self.renewed

    @property
    def newest(self) -> Intended | Issued | Renewed:
        return self.renewed or self.issued or self.intended


class Ledger:
    """What is open after a sequence of records."""

    def __init__(self) -> None:
        self._open: dict[IntentId, _Open] = {}

    def apply(self, record: Record) -> None:
        """Take one record into account; what does not fit to the others is passed over."""
        known = self._open.get(record.intent)
        match record:
            case Intended():
                self._open[record.intent] = _Open(record)
            case Issued():
                intended = known.intended if known else _intended_from(record)
                self._open[record.intent] = _Open(intended, record)
            case Renewed() if known:
                self._open[record.intent] = _Open(known.intended, known.issued, record)
            case Closed() if known:
                self._close(known, record.outcome)
            case _:
                pass

    def _close(self, known: _Open, outcome: str) -> None:
        intent = known.intended.intent
        del self._open[intent]
        if outcome in _KILLS_CHILDREN and known.intended.kind == "server":  # only they have any
            for child in [key for key, it in self._open.items() if it.intended.parent == intent]:
                del self._open[child]

    def intended(self, intent: IntentId) -> Intended | None:
        """Return the first record of an open entry."""
        known = self._open.get(intent)
        return known.intended if known else None

    def records(self) -> Iterator[Record]:
        """The shortest sequence of records that leads here."""
        for known in self._open.values():
            yield from known.records()

    def open(
        self, now: Moment, *, owner_gone: bool, doubt_until: float = -inf
    ) -> tuple[Entry, ...]:
        """Return what nobody closed, dead or alive, parents first.

        Args:
            now: the reader's present.
            owner_gone: the records come from a file whose writer has died, so that the newest
                renewals may be missing.
            doubt_until: on the steady clock; nothing that the wall clock alone calls dead is
                bound to be so before.
        """
        bounds = {
            intent: max(
                now.clock
                + _life(known.newest.ttl, owner_gone=owner_gone)
                - now.since(known.newest.at),
                -inf if now.steady_since(known.newest.at) else doubt_until,
            )
            for intent, known in self._open.items()
        }
        entries = [
            Entry(
                intent=intent,
                kind=known.intended.kind,
                issuer=known.intended.issuer,
                parent=known.intended.parent,
                accessor=known.issued.accessor if known.issued else None,
                bound=min(bounds[intent], bounds.get(known.intended.parent or intent, inf)),
            )
            for intent, known in self._open.items()
        ]
        return tuple(sorted(entries, key=lambda entry: entry.kind != "server"))


def _life(ttl: float, *, owner_gone: bool) -> float:
    return ttl + SKEW + (min(ttl, LOST_RENEWAL) if owner_gone else 0.0)


def _intended_from(record: Issued) -> Intended:
    return Intended(
        intent=record.intent,
        kind=record.kind,
        issuer=record.issuer,
        parent=None,
        ttl=record.ttl,
        at=record.at,
    )

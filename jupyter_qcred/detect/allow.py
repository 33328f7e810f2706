"""False hits that somebody allowed, by fingerprint: the list names no secret."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final, Self

from jupyter_qcred.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

_FINGERPRINT: Final = re.compile(r"[A-Z2-7]{16}")
_KEYS: Final = frozenset({"fingerprint", "reason", "who", "until"})
_LONGEST: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """One secret-like text which is to be left as it is.

    Attributes:
        fingerprint: see ``Fingerprints``.
        reason: why it is no secret, for the audit.
        who: who says so.
        until: the last day, in UTC, on which this holds; None: for good.
    """

    fingerprint: str
    reason: str
    who: str
    until: date | None = None

    def holds(self, now: datetime) -> bool:
        """Whether it is still in force at ``now``, which must know its time zone."""
        return self.until is None or now.astimezone(UTC).date() <= self.until


class AllowList:
    """Allowances by fingerprint; of two for one text the later in the list counts."""

    def __init__(self, allowances: Iterable[Allowance] = ()) -> None:
        self._allowances = {one.fingerprint: one for one in allowances}

    def __len__(self) -> int:
        return len(self._allowances)

    def get(self, fingerprint: str, now: datetime) -> Allowance | None:
        """Return the allowance which holds for this text at ``now``, for the audit."""
        found = self._allowances.get(fingerprint)
        return found if found is not None and found.holds(now) else None

    @classmethod
    def parse(cls, items: object) -> Self:
        """Read a list of mappings, as YAML or JSON give them.

        Each has ``fingerprint``, ``reason`` and ``who``, and may have ``until``, a date such as
        2027-01-31.

        Raises:
            ConfigError: anything else; it names the entry by its number and never shows a value,
                since somebody may have written the secret itself.
        """
        if not isinstance(items, list):
            raise _error("the allow list is not a list")
        return cls(_allowance(number, item) for number, item in enumerate(items, 1))


def _allowance(number: int, item: object) -> Allowance:
    where = f"entry {number} of the allow list"
    if not isinstance(item, Mapping):
        raise _error(f"{where} is not a mapping")
    if any(key not in _KEYS for key in item):
        raise _error(f"{where} has a key that is none of {', '.join(sorted(_KEYS))}")
    fingerprint = _text(where, item, "fingerprint")
    if not _FINGERPRINT.fullmatch(fingerprint):
        raise _error(f"{where}: the fingerprint is not one (16 of A-Z and 2-7)")
    return Allowance(
        fingerprint=fingerprint,
        reason=_text(where, item, "reason"),
        who=_text(where, item, "who"),
        until=_day(where, item.get("until")),
    )


def _text(where: str, item: Mapping[Any, Any], key: str) -> str:
    value = item.get(key)
    if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST:
        raise _error(f"{where}: {key!r} must be a text of 1 to {_LONGEST} characters")
    return value.strip()


def _day(where: str, value: object) -> date | None:
    if value is None:
        return None
    # A datetime is a date as well; which day is meant would depend on its time zone.
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(value) if isinstance(value, str) else _no_date(where)
    except ValueError:
        return _no_date(where)


def _no_date(where: str) -> date:
    raise _error(f"{where}: 'until' must be a date such as 2027-01-31") from None


def _error(what: str) -> ConfigError:
    return ConfigError(what, next_step="Correct the allow list: fingerprint, reason, who, until")

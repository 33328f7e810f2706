"""False hits that somebody allowed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
import yaml

from jupyter_qcred.core.errors import ConfigError
from jupyter_qcred.detect import Allowance, AllowList, Fingerprints

FINGERPRINT = Fingerprints(b"k" * 32).of("a false hit")
ENTRY = {"fingerprint": FINGERPRINT, "reason": "a test vector", "who": "alice"}
NOON = datetime(2027, 1, 31, 12, tzinfo=UTC)


def test_an_entry_holds_until_its_last_day_is_over() -> None:
    """In UTC, whatever zone the clock is in."""
    allowed = AllowList.parse([{**ENTRY, "until": "2027-01-31"}])
    assert allowed.get(FINGERPRINT, NOON) == Allowance(**ENTRY, until=date(2027, 1, 31))
    late = datetime(2027, 2, 1, 0, 30, tzinfo=timezone(timedelta(hours=2)))
    assert allowed.get(FINGERPRINT, late) is not None
    assert allowed.get(FINGERPRINT, NOON + timedelta(hours=12)) is None


def test_an_entry_without_an_end_holds_for_good() -> None:
    """And only for its own fingerprint."""
    allowed = AllowList.parse([ENTRY])
    assert allowed.get(FINGERPRINT, NOON + timedelta(days=10_000)) == Allowance(**ENTRY)
    assert allowed.get(FINGERPRINT[::-1], NOON) is None
    assert len(allowed) == 1
    assert len(AllowList()) == 0


def test_dates_of_yaml_are_understood() -> None:
    """YAML makes a date of what JSON leaves a text."""
    text = f"- {{fingerprint: {FINGERPRINT}, reason: r, who: w, until: 2027-01-31}}"
    assert AllowList.parse(yaml.safe_load(text)).get(FINGERPRINT, NOON)


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ({}, "is not a list"),
        (None, "is not a list"),
        (["x"], "entry 1 .* is not a mapping"),
        ([ENTRY, {**ENTRY, "expires": 1}], "entry 2 .* a key that is none of fingerprint, reason"),
        ([{**ENTRY, "fingerprint": "hvs.CAESsecretsecret"}], "entry 1 .*fingerprint is not one"),
        ([{**ENTRY, "fingerprint": 7}], "'fingerprint' must be a text"),
        ([{"fingerprint": FINGERPRINT, "who": "w"}], "'reason' must be a text"),
        ([{**ENTRY, "who": " "}], "'who' must be a text"),
        ([{**ENTRY, "reason": "r" * 501}], "'reason' must be a text"),
        ([{**ENTRY, "until": "soon"}], "'until' must be a date"),
        ([{**ENTRY, "until": 20270131}], "'until' must be a date"),
        ([{**ENTRY, "until": NOON}], "'until' must be a date"),
    ],
)
def test_anything_else_is_refused(items: object, said: str) -> None:
    """The message names the entry and never shows what somebody may have pasted there."""
    with pytest.raises(ConfigError, match=said) as caught:
        AllowList.parse(items)
    assert "CAES" not in str(caught.value)

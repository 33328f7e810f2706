"""Durations as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_qcred.core.duration import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("15m", 900),
        ("1h30m", 5400),
        ("2d", 172800),
        ("500ms", 0.5),
        ("1.5h", 5400),
        ("90", 90),
        (" 90 ", 90),
        (" 15m ", 900),
        ("0.25", 0.25),
        (90, 90),
        (0, 0),
        (0.5, 0.5),
        ("1d1h1m1s1ms", 90061.001),
    ],
)
def test_accepted_forms(text, seconds):
    """Numbers are seconds, parts are added up."""
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "m",
        "for ever",
        "15 m",
        "1h 30m",
        "-5m",
        "1e3",
        "15M",
        "m15",
        "1h30",
        "0x10",
        "1:30",
    ],
)
def test_other_texts_are_refused(text):
    """The message shows the accepted forms."""
    with pytest.raises(ValueError, match="such as 15m"):
        parse_duration(text)


@pytest.mark.parametrize("number", [-1, -0.5, float("inf"), float("-inf"), float("nan"), "1" * 400])
def test_other_numbers_are_refused(number):
    """A duration is finite and not negative."""
    with pytest.raises(ValueError, match="finite and not negative"):
        parse_duration(number)


def test_booleans_are_no_durations():
    """``ttl = True`` is a slip, not one second."""
    with pytest.raises(ValueError, match="not a boolean"):
        parse_duration(True)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (-5, "0s"),
        (0.4, "0s"),
        (59.6, "1m"),
        (90, "1m 30s"),
        (870, "14m 30s"),
        (7200, "2h"),
        (90061, "1d 1h"),
        (86400 * 30, "30d"),
    ],
)
def test_shown_form(seconds, text):
    """The two largest units, for people."""
    assert format_duration(seconds) == text


@given(st.integers(0, 10**9))
def test_what_is_shown_can_be_read(seconds):
    """The shown form, without its space, is a duration not longer than the real one."""
    read = parse_duration(format_duration(seconds).replace(" ", ""))
    assert read <= seconds
    assert seconds - read < 86400

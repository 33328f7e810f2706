"""What stands between the characters of a value is looked through, and found again by its place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_qcred.redact import Redactor
from jupyter_qcred.redact.squeeze import (
    kept_positions,
    marks,
    places_without,
    squeeze,
    unfinished_from,
    without_escapes,
    without_tags,
)

VALUE = "Qk3vT9zLw0_xR7mNp2sYb8cHd5fGj1aE4uWiOq6tZlKV"
MARK = "[redacted:x]"

PIECES = ["<", ">", "&", "#65;", "a", "Z", "\x1b", "[", "0m", ";", "<td>", "</td>", "<t", "d>", "é"]
MARKED = st.lists(st.sampled_from(PIECES), max_size=30).map(lambda pieces: "".join(pieces).encode())


@settings(max_examples=500)
@given(MARKED | st.binary(max_size=40))
def test_places_are_those_of_what_is_left(data: bytes) -> None:
    """Whatever is taken out, and in whatever order, each byte that is left knows where it stood."""
    for tags, left in (
        (False, without_escapes(data)),
        (True, without_tags(without_escapes(data))),
    ):
        rest, places = places_without(data, tags=tags)
        assert rest == left
        assert bytes(data[at] for at in places) == rest
    assert bytes(data[at] for at in kept_positions(data)).lower() == squeeze(data)


@given(MARKED)
def test_a_mark_that_is_not_finished_is_at_the_end(data: bytes) -> None:
    """Where it begins, there is an opening, and no end behind it."""
    at = unfinished_from(data)
    assert at == len(data) or (data[at : at + 1] in {b"<", b"\x1b"} and b">" not in data[at:])


@pytest.fixture
def redactor() -> Redactor:
    redactor = Redactor()
    redactor.arm("x", [VALUE])
    return redactor


@pytest.mark.parametrize(
    ("shown", "redacted"),
    [
        (f"\x1b[31m{VALUE[:9]}\x1b[0m{VALUE[9:]}\x1b[1m.", f"\x1b[31m{MARK}\x1b[0m\x1b[1m."),
        (f"<p>{VALUE[:9]}<b>{VALUE[9:20]}</b>{VALUE[20:]}</p>", f"<p>{MARK}<b></b></p>"),
        (f"<Key \x1b[1m{VALUE[:9]}\x1b[0m{VALUE[9:]}>", f"<Key \x1b[1m{MARK}\x1b[0m>"),
        (f'<a title="{VALUE}">', f'<a title="{MARK}">'),
    ],
)
def test_colours_and_tags_inside_a_value_stay(
    redactor: Redactor, shown: str, redacted: str
) -> None:
    """What is shown behind the value looks as before."""
    assert redactor.text(shown).text == redacted


def test_marks_are_given_in_their_order() -> None:
    """Tags and colours may alternate."""
    assert marks(b"a<b>\x1b[1mc</b>\x1b[0md") == b"<b>\x1b[1m</b>\x1b[0m"


def test_the_shortest_part_that_is_redacted_is_a_setting() -> None:
    """One character less may be shown, from any place of the value."""
    token = "qbr1a2B3c4D5e6F7g8H9i0J1k2L3m4N5o6P7q8R9s0T1u2V3w4X5y6Z7"
    for least in (16, 20, 24):
        redactor = Redactor(min_fragment=least)
        redactor.arm("x", [token])
        for start in range(len(token) - least):
            part = token[start : start + least]
            assert redactor.text(f"<{part}>").text == f"<{MARK}>"
            assert redactor.text(f"<{part[:-1]}>").findings == {}


def test_half_of_a_short_value_is_never_shown() -> None:
    """Of 32 characters, 17 in a row are too many, however long a part may be otherwise."""
    token = "d7b6f3f05d0d4c559d6b0f4a9a1d2c3e"
    redactor = Redactor(min_fragment=24)
    redactor.arm("x", [token])
    assert redactor.text(token[:17]).text == MARK
    assert redactor.text(token[:16]).findings == {}

"""A stream cut anywhere is redacted like the whole text."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_qcred.redact import ByteWindow, Redactor, StreamWindow

VALUE = "Qk3vT9zLw0_xR7mNp2sYb8cHd5fGj1aE4uWiOq6tZlKV"
MARK = "[redacted:c0]"


def armed(*values: str) -> Redactor:
    redactor = Redactor()
    for number, value in enumerate(values):
        redactor.arm(f"c{number}", [value])
    return redactor


@st.composite
def streams(draw: st.DrawFn) -> tuple[list[str], list[str]]:
    """Values of few characters, so that they overlap, and a text of them and their beginnings."""
    alphabet = draw(st.sampled_from(["ab", "abc", "ab\n", "aé\x1b", "abcdefgh"]))
    value = st.text(alphabet, min_size=8, max_size=20).filter(lambda v: len(v.strip()) >= 8)
    values = draw(st.lists(value, min_size=1, max_size=3))
    whole = st.sampled_from(values)
    part = st.tuples(whole, st.integers(0, 19)).map(lambda pair: pair[0][: pair[1]])
    other = st.text(f"{alphabet}x ", max_size=6)
    text = "".join(draw(st.lists(whole | part | other, max_size=6)))
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=12)))
    edges = [0, *cuts, len(text)]
    return values, [text[a:b] for a, b in itertools.pairwise(edges)]


@settings(max_examples=500)
@given(streams())
def test_however_a_text_is_cut_the_result_is_that_of_the_whole(stream: tuple) -> None:
    """Only less than four leading characters of a value may have gone out before it was one."""
    values, pieces = stream
    redactor = armed(*values)
    window = StreamWindow(redactor)
    emitted = "".join(window.feed(piece)[0] for piece in pieces) + window.flush()
    whole = redactor.text("".join(pieces)).text
    parts = re.split(r"(\[redacted:c\d\])", whole)
    # Values that overlap have one placeholder, and more where a part of one went out before.
    expected = "".join(
        f"(?:(?s:.{{0,3}}){re.escape(part)})+" if part.startswith("[redacted:") else re.escape(part)
        for part in parts
    )
    assert re.fullmatch(expected, emitted)


@settings(max_examples=500)
@given(streams(), st.lists(st.booleans(), min_size=20, max_size=20))
def test_whenever_it_is_flushed_no_value_goes_out_whole(stream: tuple, flushes: list[bool]) -> None:
    """Flushing gives away what was held, never the rest of it."""
    values, pieces = stream
    window = StreamWindow(armed(*values))
    emitted = ""
    for piece, flush in zip(pieces, flushes, strict=False):
        emitted += window.feed(piece)[0]
        if flush:
            emitted += window.flush()
            assert not window.holding
    emitted += window.flush()
    assert not any(value.strip() in emitted for value in values)


@settings(max_examples=200)
@given(streams())
def test_bytes_may_be_cut_inside_a_character(stream: tuple) -> None:
    """A window over bytes gives the same for any cut, also within UTF-8 sequences."""
    values, pieces = stream
    data = "".join(pieces).encode()
    redactor = armed(*values)
    for size in (1, 2, 3, 7):
        window = ByteWindow(redactor)
        out = b"".join(window.feed(data[at : at + size])[0] for at in range(0, len(data), size))
        out += window.flush()
        assert not any(value.strip().encode() in out for value in values)
        out.decode()


@settings(max_examples=200)
@given(st.lists(st.text(st.characters()), max_size=8))
def test_other_text_passes_unchanged(pieces: list[str]) -> None:
    """Any text, lone surrogates included, comes out as it went in."""
    window = StreamWindow(armed(VALUE))
    emitted = [window.feed(piece) for piece in pieces]
    assert "".join(text for text, _ in emitted) + window.flush() == "".join(pieces)
    assert not any(findings for _, findings in emitted)


def test_the_beginning_of_a_value_waits() -> None:
    """Four characters of a value are held until more is known, three are not."""
    window = StreamWindow(armed(VALUE))
    assert window.feed(f"key {VALUE[:3]}") == (f"key {VALUE[:3]}", {})
    assert not window.holding
    assert window.feed(VALUE[3:6]) == ("", {})
    assert window.holding
    assert window.feed("\n") == ("", {}), "a value may be wrapped"
    assert window.feed("no") == (f"{VALUE[3:6]}\nno", {})


def test_what_was_let_out_is_remembered() -> None:
    """When the value completes after a flush, the rest of it is redacted."""
    window = StreamWindow(armed(VALUE))
    assert window.feed(VALUE[:10]) == ("", {})
    assert window.flush() == VALUE[:10]
    assert window.flush() == ""
    assert window.feed(VALUE[10:]) == (MARK, {"c0": 1})


def test_findings_of_a_flush_come_with_the_next_piece() -> None:
    """A value that could have been longer is counted once, when it went out."""
    redactor = armed("the-value-of-a-key", "the-value-of-a-key-and-more")
    window = StreamWindow(redactor)
    assert window.feed("the-value-of-a-key") == ("", {})
    assert window.flush() == "[redacted:c0]"
    assert window.feed(".") == (".", {"c0": 1})
    window.feed("the-value-of-a-key")
    window.flush()
    assert window.take_findings() == {"c0": 1}
    assert window.take_findings() == {}


def test_a_value_that_could_be_longer_waits_for_the_longer_one() -> None:
    """The longest variant wins in a stream as it does in a text."""
    window = StreamWindow(armed("the-value-of-a-key", "the-value-of-a-key-and-more"))
    assert window.feed("the-value-of-a-key")[0] == ""
    assert window.feed("-and-more")[0] == "[redacted:c1]"
    assert window.feed("the-value-of-a-key!")[0] == "[redacted:c0]!"


@pytest.mark.parametrize("escape", ["\x1b[31m", "\x1b[38;5;208m", "\x1b[2K", "\x1b[?25l"])
def test_a_terminal_escape_is_not_cut_apart(escape: str) -> None:
    """An unfinished escape waits for its end, so that each message is whole for its reader."""
    for cut in range(1, len(escape)):
        window = StreamWindow(armed(VALUE))
        assert window.feed(f"text{escape[:cut]}") == ("text", {})
        assert window.feed(f"{escape[cut:]}more") == (f"{escape}more", {})


def test_an_escape_that_never_ends_is_let_out() -> None:
    """Memory is bounded: what is longer than any escape is no escape."""
    window = StreamWindow(armed(VALUE))
    text = "\x1b[" + "1;" * 200
    assert window.feed(text)[0] == text


def test_memory_is_bounded_by_the_longest_variant() -> None:
    """However much passes, a window keeps no more than a value's length, and a line."""
    redactor = armed(VALUE)
    window = ByteWindow(redactor)
    longest = 128 + len(VALUE.encode().hex())
    for _ in range(50):
        window.feed((VALUE[:-1] * 30).encode())
        assert len(window._held) + len(window._remembered) < longest


def test_a_value_armed_in_the_middle_of_a_stream_is_redacted_from_then_on() -> None:
    """A window asks for the armed values at each piece."""
    redactor = Redactor()
    window = StreamWindow(redactor)
    assert window.feed(f"{VALUE}\n") == (f"{VALUE}\n", {})
    redactor.arm("c0", [VALUE])
    assert window.feed(f"{VALUE}\n") == (f"{MARK}\n", {"c0": 1})


def test_a_value_with_line_breaks_is_held_back_too() -> None:
    """A private key printed line by line is recognised at its last line."""
    key = "\n".join(["-----BEGIN KEY-----", *("abcdefgh" for _ in range(30)), "-----END KEY-----"])
    window = StreamWindow(armed(key))
    lines = f"key:\n{key}\n".splitlines(keepends=True)
    assert "".join(window.feed(line)[0] for line in lines) == f"key:\n{MARK}\n"

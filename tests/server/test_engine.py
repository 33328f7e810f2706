"""The fast searcher finds what the standard library's finds, and is not needed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_qcred.redact import Redactor
from jupyter_qcred.redact.search import WordSearcher
from jupyter_qcred.server import engine

if TYPE_CHECKING:
    import pytest

ALPHABET = st.sampled_from(b"abc\x00")
BYTES = st.lists(ALPHABET, min_size=8, max_size=50).map(bytes)


@settings(max_examples=300)
@given(st.lists(BYTES, min_size=1, max_size=6, unique=True), st.lists(st.integers(0, 5)), BYTES)
def test_both_searchers_find_the_same(
    needles: list[bytes], order: list[int], filling: bytes
) -> None:
    """Needles inside each other and overlapping ones included, in bytes and in views."""
    data = filling.join(needles[number % len(needles)] for number in order)
    fast = engine.searcher(needles)
    assert isinstance(fast, engine.AutomatonSearcher)
    expected = sorted(WordSearcher(needles).find(data))
    assert sorted(fast.find(data)) == expected
    assert sorted(fast.find(memoryview(data))) == expected


def test_very_many_values_are_left_to_the_standard_library() -> None:
    """Beyond a number of passes, the automata are the slower ones."""
    most = [f"value-{number:03}-of-some".encode() for number in range(480)]
    too_many = [*most, b"one-value-too-many"]
    assert isinstance(engine.searcher(most), engine.AutomatonSearcher)
    assert isinstance(engine.searcher(too_many), WordSearcher)


def test_every_value_of_many_groups_is_found() -> None:
    """Whichever automaton a value went to."""
    values = [f"value-{number:03}-of-some".encode() for number in range(480)]
    fast = engine.searcher(values)
    for number, value in enumerate(values):
        assert fast.find(b"<" + value + b">") == [(1, 1 + len(value), number)]


def test_bytes_that_are_no_text_are_no_value() -> None:
    """What the automata are given to be fast is never found."""
    fast = engine.searcher([b"a-value-to-be-found"])
    data = bytes(range(0xF0, 0x100)) * 64 + b"\xff" * 64 + b"\xfc" * 64
    assert fast.find(data) == []
    assert fast.find(data + b"a-value-to-be-found") == [(len(data), len(data) + 19, 0)]


def test_ten_api_keys_are_few() -> None:
    """What a server usually holds is searched by the automaton: variants inside others are free."""
    kinds = []

    def spy(needles):
        kinds.append(engine.searcher(needles))
        return kinds[-1]

    redactor = Redactor(searcher=spy)
    keys = [f"{number:02}Qk3vT9zLw0xR7mNp2sYb8cHd5fGj1aE4uWiOq6tZlKV" for number in range(10)]
    redactor.arm("x", keys)
    assert isinstance(kinds[-1], engine.AutomatonSearcher)
    assert redactor.text(" ".join(keys)).findings == {"x": 10}


def test_without_the_library_everything_works_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no wheel exists the standard library serves, without a word."""
    monkeypatch.setitem(sys.modules, "ahocorasick_rs", None)
    engine._library.cache_clear()
    try:
        redactor = Redactor(searcher=engine.searcher)
        redactor.arm("x", ["a-value-to-be-found"])
        assert isinstance(engine.searcher([b"a-value-to-be-found"]), WordSearcher)
        assert redactor.text("<a-value-to-be-found>").text == "<[redacted:x]>"
    finally:
        engine._library.cache_clear()

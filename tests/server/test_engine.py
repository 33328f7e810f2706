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


def test_many_values_are_left_to_the_standard_library() -> None:
    """Beyond what its vector code takes, the automaton is the slower one."""
    few = [f"value-{number:02}-of-a-few" for number in range(64)]
    many = [f"value-{number:03}-of-many" for number in range(65)]
    assert isinstance(engine.searcher([v.encode() for v in few]), engine.AutomatonSearcher)
    assert isinstance(engine.searcher([v.encode() for v in many]), WordSearcher)


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

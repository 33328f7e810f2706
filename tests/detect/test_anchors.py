"""The words without which no detector looks."""

from __future__ import annotations

import importlib

from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_qcred.detect.anchors import Anchors, Hit, fastest_library

LIBRARY = importlib.import_module("ahocorasick_rs")
words = st.lists(st.text("ab-", min_size=1, max_size=6), min_size=1, max_size=8, unique=True)


@given(words, st.text("ab-", max_size=60))
@settings(max_examples=600)
def test_both_searchers_find_every_occurrence(needles: list[str], text: str) -> None:
    """Also of words that overlap, hold each other or themselves."""
    expected = sorted(
        Hit(start, number)
        for number, word in enumerate(needles)
        for start in range(len(text))
        if text.startswith(word, start)
    )
    assert Anchors(needles).find(text.encode()) == expected
    assert Anchors(needles, LIBRARY).find(text.encode()) == expected


def test_the_fast_searcher_is_used_where_it_exists() -> None:
    """The wheel is a dependency on this platform."""
    assert fastest_library() is LIBRARY


def test_no_words_find_nothing() -> None:
    """A set of detectors may be empty."""
    assert Anchors([]).find(b"anything") == []
    assert Anchors([], LIBRARY).find(b"anything") == []

"""Searchers find every occurrence, whatever the lengths and places."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_qcred.redact.search import WordSearcher

ALPHABET = st.sampled_from(b"ab\x00")
NEEDLES = st.lists(
    st.lists(ALPHABET, min_size=1, max_size=60).map(bytes), min_size=1, max_size=6, unique=True
)


def by_hand(needles: list[bytes], data: bytes) -> set[tuple[int, int, int]]:
    return {
        (at, at + len(needle), index)
        for index, needle in enumerate(needles)
        for at in range(len(data) - len(needle) + 1)
        if data.startswith(needle, at)
    }


@settings(max_examples=400)
@given(NEEDLES, st.lists(ALPHABET, max_size=120).map(bytes), st.lists(st.integers(0, 5)))
def test_every_occurrence_is_found_once(
    needles: list[bytes], filling: bytes, order: list[int]
) -> None:
    """Needles of any length at any place, overlapping and repeated, in bytes and in views."""
    data = filling.join(needles[number % len(needles)] for number in order) + filling
    searcher = WordSearcher(needles)
    expected = by_hand(needles, data)
    found = searcher.find(data)
    assert set(found) == expected
    assert len(found) == len(expected)
    shifted = memoryview(b"x" + data)[1:]
    assert set(searcher.find(shifted)) == expected


@pytest.mark.parametrize("length", [8, 14, 15, 16, 22, 23, 31, 39, 44, 100])
def test_a_needle_is_found_at_every_place_of_the_grid(length: int) -> None:
    """Wherever a needle stands relative to the words that are looked at, it is found."""
    needle = bytes(range(1, length + 1))
    searcher = WordSearcher([needle])
    for before in range(80):
        data = b"\xff" * before + needle + b"\xff" * 50
        assert searcher.find(data) == [(before, before + length, 0)]
        assert searcher.find(data[: before + length]) == [(before, before + length, 0)]
        assert searcher.find(data[: before + length - 1]) == []


def test_a_needle_is_found_across_the_slices_of_a_large_text() -> None:
    """A text is searched in slices, between which other threads can run."""
    needle = bytes(range(1, 45))
    searcher = WordSearcher([needle])
    border = 4 * 8 * (1 << 17)
    for before in (border - 44, border - 20, border - 1, border, 2 * border - 8):
        data = b"\xff" * before + needle + b"\xff" * 100
        assert searcher.find(data) == [(before, before + 44, 0)]


def test_one_searcher_serves_several_threads() -> None:
    """A searcher holds no state of a search."""
    needles = [bytes([65 + number]) * 20 for number in range(20)]
    searcher = WordSearcher(needles)
    wrong: list[int] = []

    def work(number: int) -> None:
        data = b"." * number + needles[number] + b"."
        wrong.extend(
            1 for _ in range(300) if searcher.find(data) != [(number, number + 20, number)]
        )

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert wrong == []

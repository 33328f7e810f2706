"""No text drives a detector quadratic."""

from __future__ import annotations

import time

import pytest

from jupyter_qcred.detect import Detector, Detectors

ALL = Detectors.builtin()
PIECES = (
    *("", " ", '="', "a", "-", "_.", "/+", "\\n", "aA0" * 20, "a." * 40, "://a:"),
    *("eyJhbGciOiJIUzI1NiJ9.", "%2F", "\x00", "\x1b[0m", "-A"),
)
SIZE = 4_000


def seconds(detectors: Detectors, text: str) -> float:
    """The least processor time of several runs: what others do on the machine doesn't count."""
    best = float("inf")
    for _ in range(2):
        started = time.thread_time()
        detectors.find(text)
        best = min(best, time.thread_time() - started)
    return best


@pytest.mark.parametrize("detector", ALL.all, ids=lambda one: one.id)
def test_time_grows_with_length_alone(detector: Detector) -> None:
    """Four times the text takes about four times as long, never sixteen times, whether anchors
    are repeated with something between them or one is followed by an endless run."""
    alone = ALL.only([detector.id])
    anchor = max(detector.anchors, key=len)
    anchor = {"eyj": "eyJ", "-----begin": "-----BEGIN PRIVATE KEY-----"}.get(anchor, anchor)
    for piece in PIECES:
        for before, unit in (("", anchor + piece), (anchor, piece or anchor)):
            short, long = (
                before + (unit * (size // len(unit) + 1))[:size] for size in (SIZE, 4 * SIZE)
            )
            once = seconds(alone, short)
            # Below a millisecond there is nothing to compare.
            if once > 0.001 and seconds(alone, long) > 10 * once:
                once = max(once, *(seconds(alone, short) for _ in range(3)))
                assert seconds(alone, long) < 10 * once, unit[:60]


def test_all_detectors_together_stay_linear() -> None:
    """Every anchor in one text, again and again."""
    words = " ".join(word for detector in ALL.all for word in detector.anchors)
    short = seconds(ALL, words * 4)
    assert seconds(ALL, words * 16) < 10 * short

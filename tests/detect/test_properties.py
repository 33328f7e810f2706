"""What holds for any text."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_qcred.detect import Detectors, Finding
from jupyter_qcred.detect.examples import CLOSE, OPEN, fill
from jupyter_qcred.redact import placeholder

ALL = Detectors.builtin()
SLOW = Detectors(ALL.all, automata=False)
TEMPLATES = [template for detector in ALL.all for template in (*detector.good, *detector.bad)]
ANCHORS = sorted({word for detector in ALL.all for word in detector.anchors})


@st.composite
def examples(draw: st.DrawFn) -> str:
    """A secret or what resembles one, whole or cut."""
    template = draw(st.sampled_from(TEMPLATES))
    text = fill(template, random.Random(draw(st.integers(0, 2**32)))).text
    start = draw(st.integers(0, 12))
    return text[start:] if draw(st.booleans()) else text


texts = st.lists(
    st.one_of(
        examples(),
        st.sampled_from(ANCHORS),
        st.sampled_from(['"', "\\n", "\x00", "\x1b[31m", "\\u001b[0m", " ", "=", "[redacted:ibm]"]),
        st.text(max_size=12),
        st.text("abcXYZ019_-./+=", max_size=60),
    ),
    max_size=8,
).map("".join)


def redact(text: str, findings: list[Finding]) -> str:
    parts, done = [], 0
    for start, end, rule in findings:
        parts += (text[done:start], placeholder(rule))
        done = end
    return "".join((*parts, text[done:]))


@given(texts)
@settings(max_examples=400)
def test_findings_are_in_order_and_apart(text: str) -> None:
    """Sorted, disjoint, not empty, inside the text, and named by a detector there is."""
    end = 0
    for finding in ALL.find(text):
        assert end <= finding.start < finding.end <= len(text)
        assert finding.rule in {detector.id for detector in ALL.all}
        end = finding.end


@given(texts)
@settings(max_examples=600)
def test_nothing_is_found_after_redaction(text: str) -> None:
    """Once is enough: saving again changes nothing."""
    assert ALL.find(redact(text, ALL.find(text))) == []


@given(texts)
@settings(max_examples=300)
def test_the_standard_library_finds_the_same(text: str) -> None:
    """Where the fast searcher has no wheel, nothing is lost."""
    assert SLOW.find(text) == ALL.find(text)


@given(st.lists(texts, max_size=12))
@settings(max_examples=300)
def test_many_texts_at_once_are_as_one_by_one(many: list[str]) -> None:
    """Searching a notebook's strings together is only faster."""
    expected = {number: found for number, text in enumerate(many) if (found := ALL.find(text))}
    assert ALL.find_each(many) == expected
    assert SLOW.find_each(many) == expected


@given(st.text())
@settings(max_examples=300)
def test_any_text_at_all_is_searched(text: str) -> None:
    """Lone surrogates, controls and unassigned characters raise nothing and are no secrets."""
    assert ALL.find(text) == []


@given(st.text(alphabet=f"{{}}A-Z*0123{OPEN}{CLOSE} ", max_size=30), st.integers())
@settings(max_examples=200)
def test_an_example_is_a_function_of_its_seed(template: str, seed: int) -> None:
    """A corpus made twice is the same."""
    assert fill(template, random.Random(seed)) == fill(template, random.Random(seed))

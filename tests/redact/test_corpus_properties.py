"""Whatever stands round a value, and however it is cut, no run of it gets through."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

import pytest
from corpus.cases import DISGUISES, VALUES
from corpus.disguise import RUN
from corpus.judge import remains
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_qcred.redact import Redactor, StreamWindow

if TYPE_CHECKING:
    from corpus.disguise import Disguise
    from corpus.values import Value

PLAIN = DISGUISES[0]

# Long ones say nothing more, and a judge of ten thousand examples has to be quick.
SHORT = [value for value in VALUES.values() if len(value.text) <= 128]
WORN = [
    (value, disguise)
    for value in SHORT
    for disguise in DISGUISES
    if disguise.promised and disguise.fits(value.text)
]
TOKENS = [value for value in SHORT if len(value.text) > RUN and not value.public]

# Words, as stand round a value: a tag or an escape that was begun there would swallow it for every
# reader, and a letter or digit that touches it may be taken for a part of it.
AROUND = st.text(st.characters(codec="utf-8", exclude_characters="\0<\\\x1b"), max_size=20)


def armed() -> Redactor:
    redactor = Redactor()
    for value in VALUES.values():
        redactor.arm(value.vendor, [value.text])
    return redactor


REDACTOR = armed()


def cut(draw: st.DrawFn, text: str) -> list[str]:
    """Cut a text anywhere."""
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8)))
    return [text[a:b] for a, b in itertools.pairwise([0, *cuts, len(text)])]


@st.composite
def disguised(draw: st.DrawFn) -> tuple[Value, Disguise, str]:
    """A value in a disguise, with words round it."""
    value, disguise = draw(st.sampled_from(WORN))
    before, after = draw(AROUND), draw(AROUND)
    return value, disguise, f"{before} {disguise.wear(value.text)} {after}"


@st.composite
def streams(draw: st.DrawFn) -> tuple[Value, Disguise, list[str]]:
    """The same, cut into pieces."""
    value, disguise, text = draw(disguised())
    return value, disguise, cut(draw, text)


@st.composite
def trees(draw: st.DrawFn) -> tuple[Value, Disguise, Any]:
    """The same, somewhere in a JSON value."""
    value, disguise, text = draw(disguised())
    leaves = st.none() | st.booleans() | st.floats() | st.integers() | AROUND
    tree: Any = draw(st.sampled_from([text, {text: 1}, [text], {"a": text}]))
    for _ in range(draw(st.integers(0, 6))):
        others = draw(st.lists(leaves, max_size=3))
        at = draw(st.integers(0, len(others)))
        tree = (
            [*others[:at], tree, *others[at:]]
            if draw(st.booleans())
            else {**{f"k{n}": other for n, other in enumerate(others)}, draw(AROUND): tree}
        )
    return value, disguise, tree


@settings(max_examples=1000)
@given(disguised())
def test_no_words_round_a_value_hide_it(shown: tuple[Value, Disguise, str]) -> None:
    """Nothing of the value can be read, and redacting again changes nothing."""
    value, disguise, text = shown
    redacted = REDACTOR.text(text).text
    assert not remains(value, disguise, redacted), (value.vendor, disguise.name)
    assert REDACTOR.text(redacted).text is redacted


@settings(max_examples=1000)
@given(st.sampled_from(TOKENS), AROUND, AROUND, st.data())
def test_no_long_part_of_a_value_gets_through(
    value: Value, before: str, after: str, data: st.DataObject
) -> None:
    """A run from any place in a value is redacted, however little more there is of it."""
    start = data.draw(st.integers(0, len(value.text) - RUN))
    end = data.draw(st.integers(start + RUN, len(value.text)))
    redacted = REDACTOR.text(f"{before} {value.text[start:end]} {after}").text
    assert not remains(value, PLAIN, redacted), value.vendor


@settings(max_examples=1000)
@given(streams())
def test_any_split_of_a_text_is_as_safe_as_the_whole(
    stream: tuple[Value, Disguise, list[str]],
) -> None:
    """However a value is cut into pieces, no run of it comes out."""
    value, disguise, pieces = stream
    window = StreamWindow(REDACTOR)
    emitted = "".join(window.feed(piece)[0] for piece in pieces) + window.flush()
    assert not remains(value, disguise, emitted), (value.vendor, disguise.name)


@settings(max_examples=300)
@given(st.data(), st.lists(AROUND | st.sampled_from(["\x1b[31m", "<b>", "\\u", "%4", "[72, "])))
def test_any_split_of_a_clean_text_gives_the_text(data: st.DataObject, parts: list[str]) -> None:
    """Nothing is lost, added or put elsewhere, armed or not."""
    text = "".join(parts)
    pieces = cut(data.draw, text)
    for redactor in (REDACTOR, Redactor()):
        window = StreamWindow(redactor)
        emitted = [window.feed(piece) for piece in pieces]
        assert "".join(out for out, _ in emitted) + window.flush() == text
        assert not any(findings for _, findings in emitted)


@settings(max_examples=500)
@given(trees())
def test_no_place_in_a_json_value_hides_a_value(shown: tuple[Value, Disguise, Any]) -> None:
    """At any depth, as key or value; all that is not a text stays, and twice changes nothing."""
    value, disguise, tree = shown
    before = json.dumps(tree)
    redacted = REDACTOR.tree(tree).value
    assert not remains(value, disguise, redacted), (value.vendor, disguise.name)
    assert skeleton(redacted) == skeleton(tree)
    assert REDACTOR.tree(redacted).value is redacted
    assert json.dumps(tree) == before, "the caller's value is left alone"


@settings(max_examples=300)
@given(
    st.recursive(
        st.none() | st.floats() | AROUND,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(AROUND, inner, max_size=4),
        max_leaves=30,
    )
)
def test_a_clean_json_value_is_the_same_object(tree: Any) -> None:
    """Whatever it is made of."""
    assert REDACTOR.tree(tree).value is tree


def skeleton(tree: Any) -> Any:
    """A value without its texts."""
    if isinstance(tree, dict):
        return [skeleton(item) for item in tree.values()]
    if isinstance(tree, list):
        return [skeleton(item) for item in tree]
    return "text" if isinstance(tree, str) else repr(tree)


@pytest.mark.parametrize("value", SHORT, ids=lambda value: value.vendor)
def test_a_short_beginning_may_be_shown(value: Value) -> None:
    """The last characters of a key name it in many consoles: policy allows a few."""
    text = f"key {value.text[:4]}...{value.text[-4:]} is in use"
    assert REDACTOR.text(text).text is text

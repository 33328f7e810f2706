"""JSON values of any shape are walked whole, and only what must change is copied."""

from __future__ import annotations

import datetime as dt
import json
from collections import OrderedDict
from typing import Any, NamedTuple

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_qcred.redact import Redactor

VALUE = "Qk3vT9zLw0_xR7mNp2sYb8cHd5fGj1aE4uWiOq6tZlKV"
MARK = "[redacted:x]"

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
CLEAN = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
DIRTY = st.recursive(
    SCALARS | st.sampled_from([VALUE, f"a {VALUE} b", f"{VALUE}{VALUE}"]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.just(VALUE), inner, max_size=4)
    ),
    max_leaves=20,
)


@pytest.fixture
def redactor() -> Redactor:
    return armed()


def armed() -> Redactor:
    redactor = Redactor()
    redactor.arm("x", [VALUE])
    return redactor


@given(CLEAN)
def test_a_clean_value_comes_back_as_the_same_object(value: Any) -> None:
    """Nothing of a clean value is copied."""
    redaction = armed().tree(value)
    assert redaction.value is value
    assert not redaction.findings
    assert not redaction.opaque


@given(DIRTY)
def test_a_value_is_found_wherever_it_stands(value: Any) -> None:
    """In keys and leaves, at any depth; what was given in is not changed, and twice is once."""
    before = json.dumps(value)
    redaction = armed().tree(value)
    after = json.dumps(redaction.value)
    assert VALUE not in after
    assert (VALUE in before) == bool(redaction.findings)
    # A key counts once, wherever it stands.
    assert after.count(MARK) >= sum(redaction.findings.values())
    assert json.dumps(value) == before
    assert armed().tree(redaction.value).value is redaction.value


def test_what_holds_nothing_is_shared_with_the_original(redactor: Redactor) -> None:
    """Only the containers above a finding are copied."""
    clean = {"big": ["clean"] * 3}
    value = {"clean": clean, "dirty": [clean, VALUE]}
    redacted: Any = redactor.tree(value).value
    assert redacted == {"clean": clean, "dirty": [clean, MARK]}
    assert redacted["clean"] is clean
    assert redacted["dirty"][0] is clean


@pytest.mark.parametrize("wrap", [lambda inner: [inner], lambda inner: {"k": inner}])
def test_depth_is_no_problem(wrap: Any, redactor: Redactor) -> None:
    """A value 50,000 levels deep is walked like any other."""
    clean: Any = "clean"
    dirty: Any = VALUE
    for _ in range(50_000):
        clean, dirty = wrap(clean), wrap(dirty)
    assert redactor.tree(clean).value is clean
    node: Any = redactor.tree(dirty).value
    while not isinstance(node, str):
        node = node[0] if isinstance(node, list) else node["k"]
    assert node == MARK


def test_classes_of_containers_are_kept(redactor: Redactor) -> None:
    """Callers go on using the attributes and the order of what they passed in."""
    node = nbformat.from_dict({"source": VALUE, "metadata": {"a": [VALUE]}})
    redacted: Any = redactor.tree(node).value
    assert type(redacted) is type(node)
    assert redacted.source == MARK
    assert redacted.metadata.a == [MARK]
    assert node.source == VALUE
    ordered: Any = redactor.tree(OrderedDict(b=VALUE, a=1)).value
    assert type(ordered) is OrderedDict
    assert list(ordered.items()) == [("b", MARK), ("a", 1)]


def test_tuples_are_walked_since_json_writes_them_as_lists(redactor: Redactor) -> None:
    """A value does not escape in a tuple, named or not, nor in one that is a key."""

    class Pair(NamedTuple):
        left: int
        right: str

    pair = Pair(1, VALUE)
    assert redactor.tree([pair, (VALUE,)]).value == [(1, MARK), (MARK,)]
    assert redactor.tree({(1, VALUE): 2}).value == {(1, MARK): 2}
    clean = (1, ("a",))
    assert redactor.tree(clean).value is clean


def test_bytes_inside_a_value_are_redacted(redactor: Redactor) -> None:
    """msgpack carries bytes, and JSON packers write them as base64."""
    redacted: Any = redactor.tree({"a": [VALUE.encode(), bytearray(b"clean")]}).value
    assert redacted["a"][0] == MARK.encode().ljust(len(VALUE), b"*")
    assert redacted["a"][1] == b"clean"


def test_strings_of_other_classes_are_searched(redactor: Redactor) -> None:
    """A subclass of str is a string to every serialiser."""

    class Name(str):
        __slots__ = ()

    assert redactor.tree([Name(VALUE)]).value == [MARK]
    clean = [Name("clean")]
    assert redactor.tree(clean).value is clean


def test_no_entry_is_lost_when_keys_become_the_same(redactor: Redactor) -> None:
    """Two keys that both were values keep their entries."""
    value = {VALUE: 1, VALUE.encode().hex(): 2, MARK: 3, f"{MARK} (2)": 4}
    redacted: Any = redactor.tree(value).value
    assert sorted(redacted.values()) == [1, 2, 3, 4]
    assert all(key.startswith(MARK) for key in redacted)


@pytest.mark.parametrize("value", [{1, 2}, object(), iter(()), {"k": frozenset()}])
def test_objects_that_are_not_json_are_reported(value: object, redactor: Redactor) -> None:
    """Whoever serialises them must look at the result once more."""
    redaction = redactor.tree([value])
    assert redaction.opaque
    assert not redaction.findings


def test_dates_and_numbers_are_left_alone(redactor: Redactor) -> None:
    """They can't hold a value, and keep their class."""
    value = [dt.datetime.now(dt.UTC), dt.date(2026, 1, 1), 1.5, 2, True, None]
    redaction = redactor.tree(value)
    assert redaction.value is value
    assert not redaction.opaque


def test_a_container_that_holds_itself_does_not_hang(redactor: Redactor) -> None:
    """A clean one is left to the serialiser, one with a value is refused."""
    clean: list[Any] = ["clean"]
    clean.append({"again": clean})
    assert redactor.tree(clean).value is clean
    dirty: list[Any] = [VALUE]
    dirty.append({"again": dirty})
    with pytest.raises(ValueError, match="holds itself"):
        redactor.tree(dirty)


def test_a_container_met_twice_is_redacted_in_both_places(redactor: Redactor) -> None:
    """Sharing inside a value is no cycle."""
    shared = {"k": [VALUE]}
    redacted: Any = redactor.tree([shared, {"deep": [shared]}, shared]).value
    assert redacted == [{"k": [MARK]}, {"deep": [{"k": [MARK]}]}, {"k": [MARK]}]


def test_a_value_is_found_in_strings_that_follow_each_other(redactor: Redactor) -> None:
    """The first string gets the placeholder, the others lose their part."""
    lines = {"text": [f"key: {VALUE[:20]}\n", f"{VALUE[20:]} and more"]}
    assert redactor.tree(lines).value == {"text": [f"key: {MARK}", " and more"]}
    characters = ["<", *VALUE, ">"]
    assert redactor.tree({"n": 1, "c": characters}).value == {
        "n": 1,
        "c": ["<", MARK, *[""] * (len(VALUE) - 1), ">"],
    }
    assert redactor.tree(characters).findings == {"x": 1}


def test_only_the_string_that_is_part_of_a_value_changes(redactor: Redactor) -> None:
    """The same character elsewhere stays: strings are told apart by their place."""
    value = {"a": list(VALUE), "b": list("Qk3v"), "c": [["Q"], "k"]}
    redacted: Any = redactor.tree(value).value
    assert redacted["b"] is value["b"]
    assert redacted["c"] is value["c"]


def test_words_of_the_format_do_not_keep_two_outputs_apart(redactor: Redactor) -> None:
    """Between the texts of two outputs a notebook has their types and names."""
    outputs = [
        {"name": "stdout", "output_type": "stream", "text": f"a {VALUE[:20]}"},
        {"name": "stdout", "output_type": "stream", "text": f"{VALUE[20:]} b"},
    ]
    redacted: Any = redactor.tree({"outputs": outputs}).value
    assert [output["text"] for output in redacted["outputs"]] == [f"a {MARK}", " b"]
    named: Any = redactor.tree([{"name": VALUE, "id": VALUE}]).value
    assert named == [{"name": MARK, "id": MARK}]


def test_many_strings_are_all_searched(redactor: Redactor) -> None:
    """Whatever the size of the batches, the first and the last string count."""
    value = ["clean"] * 5000
    for place in (0, 1023, 1024, 4999):
        value[place] = VALUE
    redaction = redactor.tree(value)
    assert redaction.findings == {"x": 4}

"""The wire: whole messages, known kinds, right types, and no value in any complaint."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_qcred.core import wire
from jupyter_qcred.core.errors import WireError
from jupyter_qcred.core.wire import (
    MAX_LINE,
    Ack,
    Answer,
    Ask,
    Claim,
    Deliver,
    LineBuffer,
    Offer,
    decode,
    encode,
)

KINDS = list(wire._KINDS.values())

_TYPES = {
    "str": st.text(),
    "bool": st.booleans(),
    "int": st.integers(-(2**53), 2**53),
    "float | None": st.none() | st.floats(allow_nan=False, allow_infinity=False),
    "list[str]": st.lists(st.text()),
    "dict[str, str]": st.dictionaries(st.text(), st.text()),
    "Mapping[str, str]": st.dictionaries(st.text(), st.text()),
}

MESSAGES = st.sampled_from(KINDS).flatmap(
    lambda kind: st.builds(kind, **{name: _TYPES[text] for name, text in kind.fields.items()})
)

DELIVER = Deliver(
    credential="ionq",
    lease_id="l1",
    vendor="ionq",
    main="value",
    values={"value": "hunter2-canary"},
    public={},
    expires_in=None,
    renewable=False,
    revocable=False,
    labels={},
)


@given(MESSAGES)
def test_a_message_comes_back_as_it_went(message):
    """Every kind survives the way there, whatever text it holds."""
    line = encode(message)
    assert line.count(b"\n") == 1
    assert decode(line) == message


@given(st.lists(MESSAGES, max_size=6), st.lists(st.integers(1, 40), min_size=1))
def test_a_stream_is_cut_at_its_lines_only(messages, sizes):
    """However the socket chops the stream, the same messages come out in order."""
    stream = b"".join(encode(message) for message in messages)
    buffer, got, position, turn = LineBuffer(), [], 0, 0
    while position < len(stream):
        size = sizes[turn % len(sizes)]
        got += buffer.feed(stream[position : position + size])
        position, turn = position + size, turn + 1
    assert got == messages


def test_repr_hides_values():
    """A message in a traceback or log shows names, not values."""
    assert "canary" not in repr(DELIVER)
    assert "ionq" in repr(DELIVER)


def as_line(**body):
    return json.dumps(body).encode() + b"\n"


CANARY = "hunter2-canary"


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (CANARY.encode(), "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"7", "not a JSON object"),
        (json.dumps([CANARY]).encode(), "not a JSON object"),
        (b"{}", "unknown kind"),
        (as_line(kind=CANARY), "unknown kind"),
        (as_line(kind=["ack"]), "unknown kind"),
        (as_line(kind={"ack": 1}), "unknown kind"),
        (as_line(kind="ack"), "without lease_id"),
        (as_line(kind="ack", lease_id="l1", **{CANARY: 1}), "1 unknown fields"),
        (as_line(kind="ack", lease_id=7), "lease_id is not a str"),
        (as_line(kind="ask", id=True, op="get", credential="x"), "id is not a int"),
        (as_line(kind="ask", id=1.5, op="get", credential="x"), "id is not a int"),
        (as_line(kind="claim", nonce="n", pid=1, dumpable=1), "dumpable is not a bool"),
        (as_line(kind="extend", lease_id="l1", expires_in="7"), "expires_in is not a float"),
        (as_line(kind="catalog", credentials={"x": [CANARY]}), "credentials is not a dict"),
        (as_line(kind="catalog", credentials=[CANARY]), "credentials is not a dict"),
    ],
)
def test_what_is_not_of_the_protocol_is_refused(line, complaint):
    """Each complaint says what is wrong, and quotes neither the line nor a cause that does."""
    with pytest.raises(WireError, match=complaint) as caught:
        decode(line)
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_an_integer_is_a_number_of_seconds():
    """JSON writers may drop the fraction: whole seconds are fine, booleans are not."""
    body = json.loads(encode(DELIVER))
    assert decode(json.dumps({**body, "expires_in": 60}).encode()).expires_in == 60
    with pytest.raises(WireError, match="expires_in"):
        decode(json.dumps({**body, "expires_in": True}).encode())


def test_defaults_may_be_left_out():
    """Fields with a default are optional, others are not."""
    assert decode(b'{"kind":"answer","id":3,"ok":true}') == Answer(id=3, ok=True)
    assert decode(b'{"kind":"offer","nonce":"n"}') == Offer(nonce="n")


@given(st.binary(max_size=200))
def test_any_bytes_give_a_message_or_our_error(line):
    """Nothing else ever comes out of the decoder."""
    with pytest.raises(WireError):
        decode(line)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=5), below),
    max_leaves=6,
)


@given(st.sampled_from(KINDS), st.data())
def test_any_field_of_any_type_gives_a_message_or_our_error(kind, data):
    """A peer that knows the names but not the types gets a complaint, or is understood."""
    body = {name: data.draw(_JSON | _TYPES[text]) for name, text in kind.fields.items()}
    line = json.dumps({"kind": kind.kind, **body}).encode()
    try:
        message = decode(line)
    except WireError:
        return
    assert type(message) is kind


def test_long_lines_are_refused_on_both_sides():
    """Neither side makes, takes, or waits for the end of a line beyond the limit."""
    with pytest.raises(WireError, match="is over"):
        encode(Ask(id=1, op="get", credential="x" * MAX_LINE))
    with pytest.raises(WireError, match="is over"):
        decode(b"x" * (MAX_LINE + 1))
    buffer = LineBuffer()
    assert buffer.feed(b"x" * MAX_LINE) == []
    with pytest.raises(WireError, match="unfinished line"):
        buffer.feed(b"x")


def test_a_full_line_of_the_longest_length_passes():
    """The limit itself is allowed, newline included."""
    empty = len(encode(Ack(lease_id="")))
    line = encode(Ack(lease_id="x" * (MAX_LINE - empty)))
    assert len(line) == MAX_LINE
    assert LineBuffer().feed(line) == [decode(line)]


def test_claims_are_not_secret():
    """The nonce only tells descriptors apart: it may be shown."""
    assert "abc" in repr(Claim(nonce="abc", pid=1, dumpable=False))

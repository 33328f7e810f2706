"""The one class that carries a secret, and all the ways in which it must not leak."""

from __future__ import annotations

import copy
import dataclasses
import io
import json
import logging
import pickle
import pprint
import traceback

import cloudpickle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_qcred.core.secret import MASK, Secret, SecretLeakError

VALUE = "hunter2-canary"


@dataclasses.dataclass
class Holder:
    secret: Secret


def test_reveal_is_the_way_to_the_value():
    """What went in comes out, at a call that can be searched for."""
    assert Secret(VALUE).reveal() == VALUE


@pytest.mark.parametrize(
    "show",
    [
        str,
        repr,
        "{}".format,
        "{!r:>40}".format,
        "{:>40}".format,
        lambda secret: f"{secret}",
        lambda secret: "%s %r" % (secret, secret),  # noqa: UP031 - one of the ways to show it
        lambda secret: str([secret, {"a": secret}]),
        lambda secret: pprint.pformat({"a": [secret]}),
        lambda secret: repr(Holder(secret)),
        lambda secret: str(dir(secret)),
        ascii,
    ],
)
def test_nothing_shows_it_by_accident(show):
    """Formatting, printing and looking into containers give the mask."""
    assert VALUE not in show(Secret(VALUE))


def test_format_ignores_what_it_is_asked_for():
    """No format specification makes the mask grow with the secret, or fail."""
    assert f"{Secret(VALUE):>99}" == MASK


def test_it_has_no_dictionary():
    """``vars``, and whatever else walks over ``__dict__``, finds none."""
    with pytest.raises(TypeError):
        vars(Secret(VALUE))
    with pytest.raises(AttributeError):
        Secret(VALUE).__dict__  # noqa: B018 - the access is the test


def test_tracebacks_with_locals_show_the_mask():
    """Error reporters that print local variables print no value."""

    def fail(token):
        raise ValueError("no")

    with pytest.raises(ValueError, match="no") as caught:
        fail(Secret(VALUE))
    shown = "".join(
        traceback.TracebackException.from_exception(caught.value, capture_locals=True).format()
    )
    assert "token = <secret>" in shown
    assert f"'{VALUE}'" not in shown


def test_logging_shows_the_mask():
    """A secret among the arguments of a log call is masked."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logger = logging.getLogger("secret-test")
    logger.addHandler(handler)
    try:
        logger.error("%s %r %s", Secret(VALUE), Secret(VALUE), {"a": Secret(VALUE)})
    finally:
        logger.removeHandler(handler)
    assert stream.getvalue().count(MASK) == 3
    assert VALUE not in stream.getvalue()


@pytest.mark.parametrize(
    "copying",
    [
        *(lambda secret, p=p: pickle.dumps(secret, p) for p in range(pickle.HIGHEST_PROTOCOL + 1)),
        cloudpickle.dumps,
        lambda secret: cloudpickle.dumps(lambda: secret),
        lambda secret: pickle.dumps({"a": [secret]}),
        lambda secret: pickle.dumps(Holder(secret)),
        copy.copy,
        copy.deepcopy,
        lambda secret: dataclasses.asdict(Holder(secret)),
        lambda secret: secret.__reduce_ex__(2),
    ],
)
def test_no_serialiser_makes_a_copy(copying):
    """Pickle, cloudpickle, copy and asdict are refused, in words that hold no value."""
    with pytest.raises(SecretLeakError) as caught:
        copying(Secret(VALUE))
    assert "get it there" in str(caught.value)
    assert VALUE not in str(caught.value)


def test_json_is_refused():
    """JSON does not know it."""
    with pytest.raises(TypeError, match="not JSON serializable"):
        json.dumps({"a": Secret(VALUE)})


def test_it_cannot_be_subclassed_with_a_leak_by_type_checkers():
    """The class is final."""
    assert Secret.__final__


@pytest.mark.parametrize("value", [VALUE.encode(), None, 7, ["x"], Secret(VALUE)])
def test_only_text_is_a_secret(value):
    """Anything else is refused by its type, without being quoted."""
    with pytest.raises(TypeError, match=f"not {type(value).__name__}") as caught:
        Secret(value)
    assert VALUE not in str(caught.value)


@given(st.text(), st.text())
def test_equality_is_that_of_the_values(one, other):
    """Two secrets are equal when their values are, also with surrogates inside."""
    assert (Secret(one) == Secret(other)) is (one == other)
    assert Secret(one) == Secret(one)


def test_a_secret_is_never_equal_to_text():
    """No comparison with a guess, and none by hash."""
    assert Secret(VALUE) != VALUE
    with pytest.raises(TypeError, match="unhashable"):
        hash(Secret(VALUE))


@given(st.text(min_size=1))
def test_truth_is_being_there(value):
    """Only the empty secret is false."""
    assert Secret(value)
    assert not Secret("")


@given(st.text(), st.binary(min_size=1, max_size=40))
def test_fingerprint_tells_apart_and_tells_nothing(value, key):
    """Sixteen hex digits, the same for the same value and key, another for another key."""
    fingerprint = Secret(value).fingerprint(key)
    assert len(fingerprint) == 16
    assert int(fingerprint, 16) >= 0
    assert Secret(value).fingerprint(key) == fingerprint
    assert Secret(value).fingerprint(key + b"x") != fingerprint
    assert Secret(value + "x").fingerprint(key) != fingerprint

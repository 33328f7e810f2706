"""Audit events: the classes, the schemas, and what neither lets through."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, fields
from pathlib import Path
from typing import get_args, get_type_hints

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jupyter_events.schema import EventSchema

from jupyter_qcred.audit.events import (
    EVENTS,
    LONGEST,
    LONGEST_PATH,
    MOST_ENTRIES,
    AlertKind,
    Delivered,
    Denied,
    Issued,
    LoginStep,
    Redacted,
    Renewed,
    Revoked,
    Stored,
    StoredBy,
    StoredChange,
    data_of,
    schema_id,
    schema_paths,
)
from jupyter_qcred.core.secret import Secret

HERE = Path(__file__).parent
SCHEMAS = {path.parent.name: EventSchema(path) for path in schema_paths()}
GOOD = sorted((HERE / "good").glob("*.json"))
BAD = sorted((HERE / "bad").glob("*.json"))


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_good_event_passes(path):
    """Each event that we may emit is valid by its schema."""
    SCHEMAS[path.stem.partition(".")[0]].validate(json.loads(path.read_text()))


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_bad_event_is_refused(path):
    """Each wrong event fails at the rule that is meant to catch it."""
    case = json.loads(path.read_text())
    with pytest.raises(jsonschema.ValidationError) as caught:
        SCHEMAS[path.stem.partition(".")[0]].validate(case["data"])
    assert caught.value.validator == case["fails_at"]


@pytest.mark.parametrize("kind", ["good", "bad"])
def test_every_event_has_cases(kind):
    """No schema goes untested."""
    paths = GOOD if kind == "good" else BAD
    assert {path.stem.partition(".")[0] for path in paths} == {event.name for event in EVENTS}


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.name)
def test_class_and_schema_say_the_same(event):
    """Fields, ids, versions and words of a class and of its schema agree, and none is optional."""
    path = next(path for path in schema_paths() if path.parent.name == event.name)
    schema = yaml.safe_load(path.read_text())
    names = [spec.name for spec in fields(event)]
    assert schema["$id"] == schema_id(event)
    assert schema["$id"].endswith(f"/{event.name}/v{event.version}")
    assert schema["version"] == str(event.version)
    assert list(schema["properties"]) == schema["required"] == names
    assert schema["additionalProperties"] is False
    assert "Limitations:" in schema["description"]
    for name, hint in get_type_hints(event).items():
        if name in names and hasattr(hint, "__args__") and isinstance(hint.__args__[0], str):
            assert schema["properties"][name]["enum"] == list(hint.__args__)
    for property_ in schema["properties"].values():
        assert property_["description"].strip()
        for part in (property_, property_.get("additionalProperties", {}), property_.get("items")):
            if part and part.get("type") == "string":
                assert part["maxLength"] in (LONGEST, LONGEST_PATH)


TEXT = st.text(max_size=20) | st.sampled_from(["x" * 9999, "\x00\n\x1b[31m", "\ud800", "a\u2028b"])
NUMBER = st.none() | st.floats() | st.integers()
LABELS = st.dictionaries(TEXT, TEXT, max_size=3) | st.just({f"k{n}": "v" for n in range(99)})


def _fields_of(event):
    choices = {
        "what": st.sampled_from(["server token", "session token", "credential"]),
        "kind": st.sampled_from(get_args(AlertKind)),
        "step": st.sampled_from(get_args(LoginStep)),
        "seconds": NUMBER,
        "outcome": st.sampled_from(["confirmed", "unsupported", "failed", "expired"]),
        "change": st.sampled_from(get_args(StoredChange)),
        "by": st.sampled_from(get_args(StoredBy)),
        "labels": LABELS,
        "ttl": NUMBER,
        "count": st.integers(),
        "narrowed": st.none() | st.booleans(),
        "replaced": st.booleans(),
        "policies": st.lists(TEXT).map(tuple) | st.just(("p",) * 99),
        "places": st.lists(TEXT).map(tuple) | st.just(("p",) * 99),
        "sources": st.lists(TEXT).map(tuple),
        "outputs_cleared": st.booleans(),
    }
    return {spec.name: choices.get(spec.name, TEXT) for spec in fields(event)}


@given(st.sampled_from(EVENTS).flatmap(lambda event: st.builds(event, **_fields_of(event))))
def test_no_text_makes_an_event_invalid(event):
    """Whatever a client puts into a name, the event is valid, one line and UTF-8: none is lost."""
    data = data_of(event)
    SCHEMAS[event.name].validate(data)
    line = json.dumps(data, ensure_ascii=False, allow_nan=False)
    assert line.encode()
    assert line.isprintable()


def test_long_things_are_cut_visibly():
    """A cut text ends in an ellipsis; a path may be longer than a name."""
    data = data_of(Redacted(user="u" * 999, server="s", where="save", count=1, path="p" * 9999))
    assert data["user"] == "u" * (LONGEST - 1) + "…"
    assert data["path"] == "p" * (LONGEST_PATH - 1) + "…"
    labels = {f"k{number}": "v" for number in range(99)}
    assert len(data_of(Delivered(user="u", server="s", labels=labels))["labels"]) == MOST_ENTRIES


SECRET = Secret("canary")


@pytest.mark.parametrize(
    ("event", "arguments"),
    [
        (Issued, {"what": "credential", "issuer": SECRET}),
        (Issued, {"what": "credential", "issuer": "x", "policies": (SECRET,)}),
        (Delivered, {"labels": {"a": SECRET}}),
        (Delivered, {"labels": {7: "a"}}),
        (Delivered, {"ttl": SECRET}),
        (Renewed, {"what": SECRET, "issuer": "x"}),
        (Revoked, {"what": "credential", "outcome": SECRET}),
        (Revoked, {"what": "credential", "outcome": "failed", "cause": ["a"]}),
        (Redacted, {"where": "save", "count": b"1"}),
        (Denied, {"reason": ValueError("canary")}),
        (
            Stored,
            {"credential": SECRET, "change": "added", "by": "put", "who": "u", "store": "x"},
        ),
    ],
)
def test_an_event_cannot_hold_a_secret(event, arguments):
    """Only text, numbers and flat labels get in; the refusal names a type and no value."""
    with pytest.raises(TypeError, match="of an audit event cannot hold a") as caught:
        event(user="u", server="s", **arguments)
    assert "canary" not in str(caught.value)


def test_an_event_cannot_be_changed():
    """What was decided to be recorded is what is recorded."""
    event = Denied(user="u", server="s", reason="not_entitled")
    with pytest.raises(FrozenInstanceError):
        event.user = "somebody else"
    with pytest.raises((AttributeError, TypeError)):
        event.token = "canary"

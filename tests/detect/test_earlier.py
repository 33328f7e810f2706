"""Secrets of earlier sessions, known by fingerprint and length alone."""

from __future__ import annotations

import json
import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.notebook import notebook
from jupyter_qcred.detect import Detectors, Earlier, Finding, Fingerprints, Issued
from jupyter_qcred.detect.examples import fill

FINGERPRINTS = Fingerprints(b"k" * 32)
VALUES = {
    name: fill(template, random.Random(7)).text
    for name, template in {
        "ibm": "{A-Za-z0-9_-*44}",
        "dashes": "-{A-Za-z0-9_-*41}_-",
        "ionq": "{A-Za-z0-9*32}",
        "vault": "hvs.CAESI{A-Za-z0-9_-*90}",
        "openbao": "s.{A-Za-z0-9*24}",
        "jwt": "{jwt}",
        "jwe": "{jwe}",
        "aws": "{A-Za-z0-9+/*40}",
        "padded": "{A-Za-z0-9+/*86}==",
        "azure": "{A-Za-z0-9*3}8Q~{A-Za-z0-9_~.-*33}a",
        "dwave": "DEV-{a-f0-9*40}",
        "password": "Aa1!{A-Za-z0-9#%&*@*20}",
        "phrase": "correct horse {a-z*9} battery",
    }.items()
}


def issued(values: dict[str, str]) -> dict[str, Issued]:
    return {FINGERPRINTS.of(value): Issued(name, len(value)) for name, value in values.items()}


EARLIER = Earlier(FINGERPRINTS, issued(VALUES))
PLACES = (
    "%s",
    "token = '%s'",
    'QiskitRuntimeService(token="%s", channel="x")',
    "export TOKEN=%s\nnext",
    "key: %s\r\n",
    '{"auth": {"client_token": "%s"}}',
    '"source": [\n  "x = \\"%s\\"\\n",\n "%s"\n]',
    "`%s`, \x1b[32m'%s'\x1b[0m",
    "é量 \"%s\" \U0001f600\n'%s'",
)


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("place", PLACES)
def test_a_known_secret_is_cut_out_and_found(name: str, place: str) -> None:
    """In source, shell, YAML, JSON and coloured output, by its exact span."""
    value = VALUES[name]
    if name == "phrase" and place.startswith(("export", "key")):
        pytest.skip("white space without quotes has no border")
    text = place.replace("%s", value)
    assert [text[one.start : one.end] for one in EARLIER.find(text)] == [value] * place.count("%s")
    assert {one.rule for one in EARLIER.find(text)} == {name}


def test_a_sentence_may_end_with_a_secret() -> None:
    """Punctuation is no part of it, even where the secret may hold such characters."""
    value = VALUES["openbao"]
    for text in (f"It was {value}.", f"({value}), or", f"a={value};b", f"x:{value}, y"):
        assert [text[one.start : one.end] for one in EARLIER.find(text)] == [value]


def test_nothing_else_is_found() -> None:
    """A character more, less or other is another secret; so is every text of a notebook."""
    value = VALUES["ionq"]
    for text in (value[:-1], value + "x", value.swapcase(), value[::-1], ""):
        assert EARLIER.find(f"token = '{text}'") == []
    assert EARLIER.find(json.dumps(notebook(300_000))) == []
    assert Earlier(FINGERPRINTS, {}).find(value) == []


def test_a_length_that_was_never_issued_is_not_even_tried() -> None:
    """The length that was remembered must be that of the secret."""
    wrong = {FINGERPRINTS.of(VALUES["ionq"]): Issued("ionq", 33)}
    assert Earlier(FINGERPRINTS, wrong).find(VALUES["ionq"]) == []


def test_very_short_and_very_long_secrets_are_left_out() -> None:
    """Any word would be a candidate for a short one."""
    values = {"short": "abcdefghij12345", "long": "x1" * 5000}
    assert Earlier(FINGERPRINTS, issued(values)).find(" ".join(values.values())) == []


@given(
    st.lists(st.one_of(st.sampled_from(list(VALUES.values())), st.text(max_size=30)), max_size=6)
)
@settings(max_examples=200)
def test_findings_are_in_order_and_apart(pieces: list[str]) -> None:
    """Sorted, disjoint, and each is the very secret."""
    text = " ".join(pieces)
    end = 0
    for one in EARLIER.find(text):
        assert isinstance(one, Finding)
        assert end <= one.start < one.end <= len(text)
        assert text[one.start : one.end] == VALUES[one.rule]
        end = one.end


def test_time_grows_with_length_alone() -> None:
    """Runs, quotes and borders without end cost no more than their length."""

    def seconds(text: str) -> float:
        best = float("inf")
        for _ in range(3):
            started = time.thread_time()
            EARLIER.find(text)
            best = min(best, time.thread_time() - started)
        return best

    for unit in (
        "a",
        "-",
        "=",
        "a=",
        '"',
        "\\",
        "\\n",
        "a.",
        "a" * 44 + " ",
        "a" * 44 + "=",
        "\n",
        ":",
    ):
        short, long = ((unit * (size // len(unit))) for size in (40_000, 160_000))
        assert seconds(long) < 10 * max(seconds(short), 0.001), unit


def test_what_patterns_find_can_be_looked_up_too() -> None:
    """The fingerprint of a finding's text is that of the secret."""
    text = f"IonQProvider('{VALUES['ionq']}')"
    (found,) = Detectors.builtin().find(text)
    assert FINGERPRINTS.of(text[found.start : found.end]) in issued(VALUES)

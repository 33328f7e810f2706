"""The corpus is what it says: valid, the same at every run, and readable to its own judge."""

from __future__ import annotations

import json

import nbformat
import pytest
from corpus.cases import DISGUISES, VALUES, Case, everything, pairs
from corpus.clean import NUMBER, clean_notebook, clean_notebooks
from corpus.clean_outputs import KINDS
from corpus.disguise import RUN
from corpus.judge import remains, survives
from corpus.places import PLACES
from corpus.values import values

PLAIN = DISGUISES[0]
IBM = VALUES["ibm-quantum"]


@pytest.mark.parametrize("disguise", DISGUISES, ids=lambda disguise: disguise.name)
def test_every_value_can_be_read_before_it_is_redacted(disguise) -> None:
    """Where the judge saw nothing at first, a redactor that does nothing would pass."""
    cases = [case for case in pairs() if case.disguise is disguise and not case.feasible]
    for case in cases:
        if case.place.notebook:
            assert survives(case.value, disguise, case.notebook()), case.name
        if case.place.messages:
            contents = [content for _, content, _ in case.messages()]
            assert survives(case.value, disguise, contents), case.name
    assert cases or not disguise.promised


def test_every_notebook_is_valid_and_made_anew() -> None:
    """Whatever a disguise puts into a place, it is a notebook; and nobody shares it."""
    for case in pairs():
        if case.place.notebook:
            nbformat.validate(case.notebook())
            assert case.notebook() == case.notebook()
            assert case.notebook() is not case.notebook()


def test_the_pairs_leave_out_no_vendor_disguise_or_place() -> None:
    """Every two of them meet, where the two mean anything together."""
    met = list(pairs())
    assert {case.value.vendor for case in met} == set(VALUES)
    for choose in (
        lambda case: (case.disguise.name, case.place.name),
        lambda case: (case.value.vendor, case.disguise.name),
        lambda case: (case.value.vendor, case.place.name),
    ):
        assert {choose(case) for case in met if not case.place.only} == {
            choose(case) for case in everything() if not case.place.only
        }


def test_what_need_not_be_found_says_why() -> None:
    """Few classes are left out, each with its reason."""
    reasons = {case.feasible for case in everything()} - {""}
    assert reasons == {
        "not promised",
        "only eyes read what is drawn",
        "an encoding of an encoding may be repeated without end",
        "only who has the key can tell",
        "the pieces are outputs of different cells",
        "only running the code joins the pieces",
    }


def test_values_are_the_same_for_the_same_seed_only() -> None:
    """A failure can be repeated, and two corpora can be told apart."""
    assert values(1) == values(1) == VALUES
    assert not {value.text for value in values(2).values()} & {
        value.text for value in VALUES.values()
    }


@pytest.mark.parametrize("at", [0, 7, len(IBM.text) - RUN])
def test_the_judge_sees_any_run_and_nothing_shorter(at: int) -> None:
    """A run anywhere in the value, and anywhere in the notebook, is a leak."""
    run = IBM.text[at : at + RUN]
    assert remains(IBM, PLAIN, {"a": [{"b": f"<{run}>"}]}) == run
    assert remains(IBM, PLAIN, {f"<{run}>": 1}) == run
    assert not survives(IBM, PLAIN, {"a": [{"b": f"<{run[1:]} {run[:-1]}"}]})


def test_the_judge_joins_what_a_reader_joins() -> None:
    """Lists of lines and the texts of one stream are one text, unrelated texts are not."""
    text = IBM.text
    printed = [
        {"name": name, "text": part}
        for name, part in (("stdout", text[:22]), ("stderr", "warning"), ("stdout", text[22:]))
    ]
    assert survives(IBM, PLAIN, printed)
    assert survives(IBM, PLAIN, [text[:22], text[22:]])
    assert not survives(IBM, PLAIN, {"a": text[:22], "b": text[22:]})


def test_the_judge_does_not_mind_what_is_public() -> None:
    """The header of a token is in every token of its kind."""
    token = VALUES["jwt"]
    header = token.text.split(".", maxsplit=1)[0]
    assert not survives(token, PLAIN, [header])
    assert survives(token, PLAIN, [token.text[len(header) : len(header) + 40]])


def test_the_clean_notebooks_are_many_and_varied_and_valid() -> None:
    """Each is valid, none is another, and together they hold all that is easily taken for a key."""
    texts = []
    for notebook in clean_notebooks():
        nbformat.validate(notebook)
        texts.append(json.dumps(notebook))
    assert len(set(texts)) == len(texts) == NUMBER >= 200
    assert {notebook["nbformat_minor"] for notebook in clean_notebooks(6)} == set(range(6))
    assert 8 * len(KINDS) < NUMBER
    assert clean_notebook(5) == clean_notebook(5)


def test_no_clean_notebook_holds_a_value() -> None:
    """Else leaving it alone would be a leak."""
    notebooks = list(clean_notebooks(60))
    everybody = list(VALUES.values())
    for number, disguise in enumerate(DISGUISES):
        value = everybody[number % len(everybody)]
        if disguise.promised and disguise.fits(value.text):
            assert not survives(value, disguise, notebooks[number]["cells"][:2])
    written = json.dumps(notebooks)
    assert not any(value.text in written for value in everybody)


def test_names_are_unique() -> None:
    """A failure says which."""
    assert len({one.name for one in DISGUISES}) == len(DISGUISES)
    assert len({one.name for one in PLACES}) == len(PLACES)
    assert Case(IBM, PLAIN, PLACES[0]).name == "ibm-quantum / plain / stream"

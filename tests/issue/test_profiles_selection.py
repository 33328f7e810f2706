"""Which credentials a kernel gets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_qcred.issue.builtin import builtin_profiles
from jupyter_qcred.issue.profile import DeliverWhen
from jupyter_qcred.issue.selection import MAX_REQUIRES, requires_of, select

PROFILES = {name: builtin_profiles()[name] for name in ("ibm-quantum", "ionq", "iqm")}


def notebook(requires):
    return {"metadata": {"qcred": {"requires": requires}}}


def test_without_a_list_the_kernel_gets_what_is_allowed():
    """A notebook that says nothing gets the server's default, as it is configured."""
    assert select(PROFILES, None).profiles == PROFILES
    chosen = select(PROFILES, None, allowed={"ionq"})
    assert chosen.profiles == {"ionq": PROFILES["ionq"]}
    assert chosen.unknown == chosen.denied == chosen.left_out == ()


def test_required_credentials_come_with_the_start_and_no_other_does():
    """A list narrows the choice and brings its credentials forward."""
    chosen = select(PROFILES, ("ionq",))
    assert list(chosen.profiles) == ["ionq"]
    assert chosen.profiles["ionq"].deliver is DeliverWhen.START
    assert PROFILES["ionq"].deliver is DeliverWhen.USE
    assert chosen.left_out == ("ibm-quantum", "iqm")


def test_what_is_required_beyond_the_allowed_is_reported():
    """An unknown and a forbidden name are no exception: get() can say which it is."""
    chosen = select(PROFILES, ("ionq", "iqm", "nowhere", "iqm"), allowed=["ionq", "elsewhere"])
    assert list(chosen.profiles) == ["ionq"]
    assert chosen.denied == ("iqm",)
    assert chosen.unknown == ("nowhere",)
    assert chosen.left_out == ()


def test_empty_list_leaves_nothing():
    """A notebook that requires nothing gets nothing."""
    assert select(PROFILES, ()).profiles == {}


@given(
    st.none() | st.lists(st.sampled_from([*PROFILES, "nowhere"])),
    st.none() | st.sets(st.sampled_from([*PROFILES, "nowhere"])),
)
def test_a_notebook_never_widens_the_choice(requires, allowed):
    """Whatever a notebook says, it gets a part of what it would get if it said nothing."""
    plain = select(PROFILES, None, allowed)
    chosen = select(PROFILES, requires, allowed)
    assert chosen.profiles.keys() <= plain.profiles.keys()
    assert chosen.profiles.keys() | set(chosen.left_out) == plain.profiles.keys()
    accounted = chosen.profiles.keys() | set(chosen.unknown) | set(chosen.denied)
    assert accounted == set(plain.profiles if requires is None else requires)


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ({}, None),
        (None, None),
        ([], None),
        ("metadata", None),
        ({"metadata": None}, None),
        ({"metadata": {"qcred": []}}, None),
        ({"metadata": {"qcred": {}}}, None),
        (notebook(None), None),
        (notebook([]), ()),
        (notebook(["ionq", "ibm-quantum", "ionq"]), ("ionq", "ibm-quantum")),
        (notebook("ionq"), ()),
        (notebook({"ionq": True}), ()),
        (notebook(7), ()),
        (notebook(["ionq", "../etc", "A", "", 7, None, ["iqm"], "\ud800", "x" * 10**6]), ("ionq",)),
    ],
)
def test_reading_what_a_notebook_requires(content, names):
    """Names are taken from a list only; a malformed list asks for nothing, not for everything."""
    assert requires_of(content) == names


def test_a_huge_list_costs_nothing():
    """Reading stops at a bound."""
    names = requires_of(notebook([f"n{number}" for number in range(10**6)]))
    assert names is not None
    assert len(names) == MAX_REQUIRES


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda below: (
            st.lists(below)
            | st.dictionaries(st.sampled_from(["metadata", "qcred", "requires"]), below)
        ),
    )
)
def test_no_notebook_raises(content):
    """A notebook comes from anybody."""
    names = requires_of(content)
    assert names is None or isinstance(names, tuple)

"""The browser looks for what the server looks for: its rules are written from ours."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest

from jupyter_qcred.detect import Detectors
from jupyter_qcred.issue.builtin import VENDORS

SCRIPTS = Path(__file__).parents[2] / "labextension" / "rules"


@pytest.fixture(scope="module")
def patterns() -> dict[str, Any]:
    path, modules = sys.path[:], set(sys.modules)
    try:
        return runpy.run_path(str(SCRIPTS / "patterns.py"))
    finally:
        sys.path[:] = path
        for name in set(sys.modules) - modules:
            if name == "javascript":
                del sys.modules[name]


def test_the_browser_has_the_present_rules(patterns: dict[str, Any]) -> None:
    """If not: ``python labextension/rules/patterns.py`` writes them anew."""
    assert patterns["TARGET"].read_text(encoding="utf-8") == patterns["written"]()


def test_what_the_browser_lacks_is_listed_with_a_reason(patterns: dict[str, Any]) -> None:
    """Every rule is there, or in the list, and never in both."""
    ids = {detector.id for detector in Detectors.builtin().all}
    there = set(re.findall(r'^    "id": "([^"]+)"', patterns["written"](), re.MULTILINE))
    left_out = patterns["LEFT_OUT"]
    assert there | left_out.keys() == ids
    assert not there & left_out.keys()
    assert all(reason.strip() for reason in left_out.values())


@pytest.mark.parametrize(
    ("regex", "translation"),
    [
        (r"a{2,3}+b", r"(?=(?<a1>a{2,3}))\k<a1>b"),
        (r"(?>ab)c", r"(?=(?<a1>ab))\k<a1>c"),
        (r"(?P<q>')?(?P<secret>(?(q)a(?=')|b))", r"(?:'(?<secret>a(?='))|(?<bare>b))"),
        (r"(?i:k)k", r"(?:[Kk\u212a])k"),
        (r"(?<!\x01)(?:a|bc){0,4}?\Z", r"(?<!\x01)(?:(?:a|bc)){0,4}?$"),
        (r"[^a\-\]^]\.", r"[^\-\]\^a]\."),
    ],
)
def test_a_regex_keeps_its_meaning(patterns: dict[str, Any], regex: str, translation: str) -> None:
    """What JavaScript lacks is written by what it has."""
    assert patterns["translated"](re.compile(regex)) == translation


@pytest.mark.parametrize(
    "regex",
    [r"\bword", r"(a)\1", r"[\d]", r"\w", r"(?P<other>a)", r"^a", r"a$", "[\U0001f600]", r"(?s:.)"],
)
def test_what_has_no_equal_is_refused(patterns: dict[str, Any], regex: str) -> None:
    """Nothing is guessed: such a rule is written in another way, or left out by name."""
    with pytest.raises(ValueError, match=r"\w"):
        patterns["translated"](re.compile(regex))


def test_a_credential_that_is_proposed_is_one_that_kernels_know() -> None:
    """A rule names a vendor's profile, which needs no setting."""
    named = {one.credential for one in Detectors.builtin().all if one.credential}
    assert named <= VENDORS.keys()
    assert {"ibm-quantum", "ionq", "dwave", "amazon-braket"} <= named
    assert all(one.credential for one in Detectors.builtin().all if one.field)

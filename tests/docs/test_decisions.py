"""The decisions: each is whole, and can be found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DECISIONS = Path(__file__).parents[2] / "docs" / "explanation" / "decisions"
PAGES = sorted(page for page in DECISIONS.glob("*.md") if page.name != "index.md")
HEADINGS = ["Context", "Decision", "Consequences", "What was measured"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_decision_says_why_and_what_was_measured(page: Path) -> None:
    """Four headings, none empty, under a title with its number."""
    title, *parts = re.split(r"^## ", page.read_text(), flags=re.MULTILINE)
    assert title.startswith(f"# {int(page.name[:4])}. ")
    assert [part.partition("\n")[0] for part in parts] == HEADINGS
    assert all(part.partition("\n")[2].strip() for part in parts)


def test_all_are_listed_once_and_numbers_follow_each_other() -> None:
    """A reader of the index sees each."""
    index = (DECISIONS / "index.md").read_text()
    assert re.findall(r"^(\d{4}-[a-z-]+)$", index, re.MULTILINE) == [page.stem for page in PAGES]
    assert [int(page.name[:4]) for page in PAGES] == list(range(1, len(PAGES) + 1))

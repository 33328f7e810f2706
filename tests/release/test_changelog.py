"""The changelog: each change is a file of its own, and a release joins them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FRAGMENTS = [file for file in (ROOT / "changelog.d").iterdir() if file.name != "README.md"]
NAME = re.compile(r"(\+[a-z0-9-]+|\d+)\.(added|changed|fixed|security|removed)\.md")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with our settings, and a branch that changes something."""
    for name in ("pyproject.toml", "CHANGELOG.md"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "changelog.d", tmp_path / "changelog.d")
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message=Begin")
    git(tmp_path, "checkout", "--quiet", "-b", "change")
    return tmp_path


def git(place: Path, *words: str) -> None:
    """Run git as somebody."""
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *words], cwd=place, check=True, capture_output=True)


def towncrier(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run towncrier."""
    command = [sys.executable, "-m", "towncrier", *words]
    return subprocess.run(command, cwd=place, check=False, capture_output=True, text=True)


def test_fragments_have_names_that_towncrier_knows() -> None:
    """One with another name would be left out silently."""
    assert [file.name for file in FRAGMENTS if not NAME.fullmatch(file.name)] == []


def test_a_release_joins_them_above_what_was_released(repository: Path) -> None:
    """Each under its kind, and none is left over; what was there stays as it was."""
    (repository / "changelog.d" / "+first.added.md").write_text("Something new.\n")
    (repository / "changelog.d" / "7.fixed.md").write_text("Something mended.\n")
    before = (repository / "CHANGELOG.md").read_text().partition("start -->\n")[2]
    git(repository, "add", "--all")
    built = towncrier(repository, "build", "--yes", "--version=9.8.7", "--date=2030-01-02")
    assert built.returncode == 0, built.stderr
    after = (repository / "CHANGELOG.md").read_text()
    assert after.endswith(before.lstrip())
    news = after.partition("start -->\n")[2].removesuffix(before.lstrip())
    assert news.lstrip().startswith("## 9.8.7, 2030-01-02\n")
    assert news.index("### Added") < news.index("- Something new.") < news.index("### Fixed")
    assert "- Something mended. (#7)" in news
    assert [file.name for file in (repository / "changelog.d").iterdir()] == ["README.md"]


def test_a_change_without_a_line_is_noticed(repository: Path) -> None:
    """``towncrier check`` compares a branch with main."""
    (repository / "code.py").write_text("pass\n")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message=Change")
    assert towncrier(repository, "check", "--compare-with=main").returncode == 1
    (repository / "changelog.d" / "+code.changed.md").write_text("It does something else.\n")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message=Tell of it")
    assert towncrier(repository, "check", "--compare-with=main").returncode == 0

"""What git tracks, stages and remembers."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest


def test_ignored_files_are_left_out_unless_they_are_named(repository, found, key, login):
    """Tracked or not: what git does not ignore is looked at, and what the user names."""
    (repository / ".gitignore").write_text("*.env\nbuild/\n!keep.env\n")
    (repository / "build").mkdir()
    (repository / "sub").mkdir()
    (repository / "sub" / ".gitignore").write_text("local.py\n")
    names = ["a.env", "keep.env", "build/b.py", "sub/local.py", "sub/new file.py"]
    for name in names:
        (repository / name).write_text(login(key))
    assert [hit["path"] for hit in found()] == ["keep.env", "sub/new file.py"]
    assert [hit["path"] for hit in found("a.env")] == ["a.env"]
    assert [hit["path"] for hit in found("sub")] == ["sub/new file.py"]
    assert {hit["path"] for hit in found("--ignored")} == set(names)


def test_gitignore_means_the_same_outside_of_a_repository(place, found, key, login):
    """As in an archive that somebody downloaded."""
    (place / "project" / "sub").mkdir(parents=True)
    (place / "project" / ".gitignore").write_text("*.env\n")
    (place / "project" / "sub" / "a.env").write_text(login(key))
    (place / "project" / "sub" / "b.py").write_text(login(key))
    assert [hit["path"] for hit in found("project")] == ["project/sub/b.py"]
    assert not (place / ".git").exists()
    assert not (place / "project" / ".git").exists()


def test_without_git_everything_is_looked_at(place, found, key, login, tmp_path):
    """Too much is better than too little."""
    (place / ".gitignore").write_text("a.py\n")
    (place / "a.py").write_text(login(key))
    assert found() == []
    assert len(found(PATH=str(tmp_path))) == 1


def test_a_repository_inside_is_looked_at_by_its_own_rules(repository, git, found, key, login):
    """Submodules and forgotten clones."""
    inner = repository / "inner"
    inner.mkdir()
    git("init", "-q", cwd=inner)
    (inner / ".gitignore").write_text("b.py\n")
    (inner / "a.py").write_text(login(key))
    (inner / "b.py").write_text(login(key))
    assert [hit["path"] for hit in found()] == ["inner/a.py"]


def test_staged_is_what_the_next_commit_holds(repository, git, found, make_key, login):
    """The index, not the file beside it, nor what was committed before."""
    old, staged, later = make_key(), make_key(), make_key()
    (repository / "old.py").write_text(login(old))
    git("add", ".")
    assert [hit["path"] for hit in found("--staged")] == ["old.py"], "before the first commit"
    git("commit", "-qm", "1")
    assert found("--staged") == []
    (repository / "new.py").write_text(f"\n{login(staged)}")
    git("add", ".")
    (repository / "new.py").write_text(login(later))
    (repository / "other.py").write_text(login(later))
    (hit,) = found("--staged")
    assert (hit["path"], hit["line"]) == ("new.py", 2)
    assert found("new.py")[0]["fingerprint"] != hit["fingerprint"]
    (repository / "new.py").unlink()
    assert len(found("--staged")) == 1, "removed from the work tree only"
    assert found("--staged", "old.py") == []
    git("rm", "-q", "--cached", "new.py", "old.py")
    assert found("--staged") == []


def test_history_finds_what_was_removed_and_names_the_commit(
    repository, git, found, make_key, login
):
    """On every branch, in merges and stashes, each content once, by the commit that brought it."""
    first, branch, stashed, merged = (make_key() for _ in range(4))
    (repository / "a.py").write_text(login(first))
    git("add", ".")
    git("commit", "-qm", "1")
    origin = git("rev-parse", "HEAD")
    git("mv", "a.py", "renamed.py")
    git("commit", "-qm", "2")
    (repository / "renamed.py").write_text("clean\n")
    git("commit", "-qam", "3")
    git("checkout", "-qb", "side", "HEAD~1")
    (repository / "b.py").write_text(login(branch))
    git("add", ".")
    git("commit", "-qm", "4")
    side = git("rev-parse", "HEAD")
    git("checkout", "-q", "-")
    git("merge", "-q", "--no-commit", "side")
    (repository / "evil.py").write_text(login(merged))
    git("add", ".")
    git("commit", "-qm", "merge")
    merge = git("rev-parse", "HEAD")
    (repository / "renamed.py").write_text(login(stashed))
    git("stash")
    hits = found("--history")
    by_commit = {(hit["path"], hit["commit"]) for hit in hits}
    assert {("a.py", origin), ("b.py", side), ("evil.py", merge)} <= by_commit
    assert len(hits) == 4
    assert len({hit["fingerprint"] for hit in hits}) == 4
    assert [hit["path"] for hit in found("--history", "b.py")] == ["b.py"]


def test_history_of_nothing_is_clean(repository, found):
    """A repository without a commit."""
    assert found("--history") == []
    assert found("--staged") == []


def test_history_of_a_bare_repository(repository, git, found, key, login, tmp_path):
    """As on a server."""
    (repository / "a.py").write_text(login(key))
    git("add", ".")
    git("commit", "-qm", "1")
    git("clone", "-q", "--bare", str(repository), str(tmp_path / "bare.git"))
    (hit,) = found("--history", tmp_path / "bare.git")
    assert hit["path"].endswith("a.py")


def test_notebooks_in_a_history_have_their_cells(repository, git, found, key, login):
    """The same as in the work tree."""
    cells = [{"cell_type": "code", "metadata": {}, "source": login(key), "outputs": []}]
    (repository / "n.ipynb").write_text(json.dumps({"cells": cells, "metadata": {}}))
    git("add", ".")
    git("commit", "-qm", "1")
    (hit,) = found("--history")
    assert (hit["cell"], hit["place"], hit["commit"]) == (1, "source", git("rev-parse", "HEAD"))


def test_a_long_history_is_told_by_first_versions(repository, git, scan, key, login):
    """One row for a key that stayed for five commits."""
    for number in range(5):
        (repository / "a.py").write_text(f"# {number}\n{login(key)}")
        git("add", ".")
        git("commit", "-qm", str(number))
        if number == 0:
            first = git("rev-parse", "HEAD")
    told = scan("--history").stdout
    assert f"commit {first[:12]} and 4 later versions" in told
    assert told.count("line 2") == 1


@pytest.mark.parametrize("mode", [[], ["--staged"], ["--history"]])
def test_a_repository_can_not_make_a_scan_run_anything(
    repository, git, found, key, login, mode, tmp_path
):
    """Its configuration names programs; none of them runs."""
    mark = tmp_path / "ran"
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {mark}\nexit 1\n")
    trap.chmod(0o755)
    (repository / ".gitattributes").write_text("*.py filter=trap diff=trap\n")
    (repository / "a.py").write_text(login(key))
    git("add", ".")
    git("commit", "-qm", "1")
    (repository / "b.py").write_text(login(key) + "\n")
    git("add", ".")
    for name, value in {
        "core.fsmonitor": trap,
        "core.pager": trap,
        "pager.log": trap,
        "log.showSignature": "true",
        "gpg.program": trap,
        "filter.trap.clean": trap,
        "filter.trap.smudge": trap,
        "filter.trap.process": trap,
        "diff.trap.command": trap,
        "diff.trap.textconv": trap,
        "diff.external": trap,
        "core.hooksPath": tmp_path,
        "core.sshCommand": trap,
        "credential.helper": trap,
    }.items():
        git("config", name, str(value))
    assert found(*mode)
    assert not mark.exists()


def test_a_hook_of_git_can_run_it(repository, git, environment, key, login):
    """Git sets GIT_DIR and GIT_INDEX_FILE there; a commit with a key is stopped."""
    hook = repository / ".git" / "hooks" / "pre-commit"
    hook.write_text(f"#!/bin/sh\nexec {sys.executable} -m jupyter_qcred.cli.main scan --staged\n")
    hook.chmod(0o755)
    (repository / "a.py").write_text("clean\n")
    git("add", ".")
    git("commit", "-qm", "fine")
    (repository / "a.py").write_text(login(key))
    with pytest.raises(subprocess.CalledProcessError) as refused:
        git("commit", "-qam", "with a key")
    told = refused.value.stdout + refused.value.stderr
    assert "ibm-cloud" in told
    assert key not in told


def test_a_commit_of_one_file_is_looked_at_as_such(repository, git, environment, key, login):
    """`git commit FILE` has an index of its own, which a hook is told of."""
    hook = repository / ".git" / "hooks" / "pre-commit"
    hook.write_text(f"#!/bin/sh\nexec {sys.executable} -m jupyter_qcred.cli.main scan --staged\n")
    for name in ("a.py", "b.py"):
        (repository / name).write_text("clean\n")
    git("add", ".")
    git("commit", "-qm", "1")
    hook.chmod(0o755)
    (repository / "a.py").write_text(login(key))
    (repository / "b.py").write_text("changed\n")
    git("commit", "-qm", "b alone", "b.py")
    with pytest.raises(subprocess.CalledProcessError):
        git("commit", "-qm", "a alone", "a.py")


def test_what_git_tells_a_hook_does_not_hide_files(repository, git, found, key, login):
    """A scan of another directory, from a hook: what is tracked is looked at, though ignored."""
    (repository / "sub").mkdir()
    (repository / "sub" / "a.py").write_text(login(key))
    git("add", ".")
    (repository / ".gitignore").write_text("*.py\n")
    told = {"GIT_DIR": ".git", "GIT_INDEX_FILE": ".git/index", "GIT_PREFIX": ""}
    assert [hit["path"] for hit in found("sub", **told)] == ["sub/a.py"]


def test_strange_names_in_git_are_looked_at(repository, git, found, key, login):
    """Spaces, quotes, line breaks, leading hyphens, bytes that are no UTF-8."""
    names = [b"-a.py", b"a b.py", b"q\"'.py", b"line\nbreak.py", b"caf\xe9.py", b":(top)x.py"]
    for name in names:
        (repository / os.fsdecode(name)).write_text(login(key))
    assert len(found()) == len(names)
    git("add", ".")
    assert len(found("--staged")) == len(names)
    assert len(found("--staged", "./:(top)x.py")) == 1
    git("commit", "-qm", "1")
    assert len(found("--history")) == 1, "one content, however many files"

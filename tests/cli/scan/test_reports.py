"""The formats of a report, and baselines."""

from __future__ import annotations

import json
import re

import pytest
import yaml

from jupyter_qcred.detect import Detectors


@pytest.fixture
def two(place, make_key, login):
    """A text and a notebook with a key each."""
    keys = make_key(), make_key()
    (place / "a b.py").write_text(f"\n{login(keys[0])}")
    cells = [{"cell_type": "code", "metadata": {}, "source": login(keys[1]), "outputs": []}]
    (place / "n.ipynb").write_text(json.dumps({"cells": cells, "metadata": {}}))
    return keys


def test_the_text_shows_each_line_with_a_placeholder(two, scan):
    """Grouped by file, with a sum and what to do next."""
    told = scan().stdout
    assert 'token="[redacted:ibm-cloud]")' in told
    assert re.search(r"^a b\.py\n  line 2 +ibm-cloud +[A-Z2-7]{16}\n", told, re.MULTILINE)
    assert re.search(r"^n\.ipynb\n  cell 1, source, line 1 +ibm-cloud", told, re.MULTILINE)
    assert "2 findings in 2 files (2 files, " in told
    assert "Revoke each key at its vendor first" in told
    assert "\x1b" not in told


def test_sarif_has_rules_places_and_fingerprints(two, scan):
    """What a code host needs to show a finding, and to know it again."""
    done = scan("--format", "sarif")
    assert done.returncode == 1
    log = json.loads(done.stdout)
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [one.id for one in Detectors.builtin().all]
    text, notebook = run["results"]
    for result in (text, notebook):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == "ibm-cloud"
        assert re.fullmatch("[A-Z2-7]{16}", result["partialFingerprints"]["secret/v1"])
    place = text["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "a%20b.py"}, "region": {"startLine": 2}}
    assert notebook["locations"][0]["logicalLocations"][0]["name"] == "cell 1, source, line 1"
    clean = json.loads(scan("--format", "sarif", "--only", "dwave").stdout)
    assert clean["runs"][0]["results"] == []
    assert clean["runs"][0]["invocations"][0]["executionSuccessful"] is True


def test_github_commands_name_file_and_line(two, scan):
    """One a finding, and nothing when clean."""
    lines = scan("--format", "github").stdout.splitlines()
    assert lines[0].startswith("::error file=a b.py,line=2,title=ibm-cloud::ibm-cloud in line 2")
    assert lines[1].startswith("::error file=n.ipynb,line=1,title=ibm-cloud::ibm-cloud in cell 1")
    assert scan("--format", "github", "--only", "dwave").stdout == ""


def test_a_baseline_accepts_what_it_lists(two, place, scan, found, make_key, login):
    """Only a new key is told; the file moved is no new key; and the file holds no secret."""
    done = scan("--write-baseline", "base.json")
    assert done.returncode == 0
    assert "base.json accepts 2 findings" in done.stderr
    content = (place / "base.json").read_text()
    assert not any(key in content for key in two)
    assert found("--baseline", "base.json") == []
    assert "2 more in the baseline" in scan("--baseline", "base.json").stdout
    (place / "a b.py").rename(place / "moved.py")
    (place / "new.py").write_text(login(make_key()))
    assert [hit["path"] for hit in found("--baseline", "base.json")] == ["new.py"]


def test_a_baseline_says_the_same_on_every_machine(two, scan, found, tmp_path):
    """Its own salt makes its fingerprints; those of another baseline tell nothing of them."""
    scan("--write-baseline", "base.json")
    (tmp_path / "other").mkdir()
    assert found("--baseline", "base.json", HOME=str(tmp_path / "other")) == []
    assert not list((tmp_path / "other").rglob("*.key"))
    scan("--write-baseline", "other.json")
    first, second = (
        json.loads((tmp_path / "work" / n).read_text()) for n in ("base.json", "other.json")
    )
    assert first["salt"] != second["salt"]
    prints = [{one["fingerprint"] for one in content["findings"]} for content in (first, second)]
    assert not prints[0] & prints[1]


def test_a_baseline_written_again_changes_only_where_findings_did(
    two, place, scan, make_key, login
):
    """The salt stays, so that a review sees what is new."""
    scan("--write-baseline", "base.json")
    before = (place / "base.json").read_text()
    scan("--write-baseline", "base.json")
    assert (place / "base.json").read_text() == before
    (place / "z.py").write_text(login(make_key()))
    scan("--write-baseline", "base.json")
    old, new = json.loads(before), json.loads((place / "base.json").read_text())
    assert new["findings"][: len(old["findings"])] == old["findings"]
    assert len(new["findings"]) == 3


@pytest.mark.parametrize(
    "content",
    ["", "[]", '{"version": 1}', '{"version": 9, "salt": "00", "findings": []}',
     '{"version": 1, "salt": "00", "findings": []}', '{"version": 1, "salt": 5, "findings": 3}'],
)  # fmt: skip
def test_a_broken_baseline_is_refused(place, scan, content):
    """Silently accepting nothing, or everything, would both be wrong."""
    (place / "base.json").write_text(content)
    done = scan("--baseline", "base.json")
    assert done.returncode == 2
    assert "base.json" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_pre_commit_hook_is_one(request):
    """Its command exists, and takes the files that pre-commit adds."""
    (hook,) = yaml.safe_load((request.config.rootpath / ".pre-commit-hooks.yaml").read_text())
    assert hook["id"] == "qcred-scan"
    program, *words = hook["entry"].split()
    assert program == "jupyter-qcred"
    from jupyter_qcred.cli.main import parser

    args = parser().parse_args([*words, "a.ipynb", "b.py"])
    assert args.paths == ["a.ipynb", "b.py"]

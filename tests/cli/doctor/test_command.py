"""`jupyter qcred doctor` as a command: what it prints, and its exit codes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from support.command import at_terminal
from support.openbao import free_port

from jupyter_qcred.cli.doctoring.checks import CHECKS, problems

from .conftest import setting

if TYPE_CHECKING:
    from .conftest import Person

HERE = Path(__file__).parent


def test_every_problem_that_is_known_is_provoked() -> None:
    """Each is mended somewhere in these tests, by its id."""
    told = "".join(file.read_text() for file in HERE.glob("test_*.py"))
    named = set(re.findall(r'"([a-z-]+\.[a-z-]+)"', told)) & set(problems())
    assert set(problems()) - named == set()


def test_ids_are_in_order() -> None:
    """A problem is named after its check, and none twice."""
    known = [problem.id for check in CHECKS for problem in check.problems]
    assert len(known) == len(set(known))
    assert all(p.id.startswith(f"{c.id}.") for c in CHECKS for p in c.problems)


def test_the_reference_has_every_problem() -> None:
    """The page is made of the checks themselves."""
    code = "import qcred_reference.doctor as d; print(d.page())"
    place = HERE.parents[2] / "docs" / "_ext"
    page = subprocess.run(
        [sys.executable, "-c", code], cwd=place, check=True, capture_output=True, text=True
    ).stdout
    assert all(f"`{problem}`" in page for problem in problems())
    assert all(f"\n## {check.id}\n" in page for check in CHECKS)


def test_exit_codes(person: Person) -> None:
    """0 nothing is wrong, 1 something is, 2 usage, 3 something could not be looked at."""
    code = {line: person.shell(f"jupyter qcred {line}").returncode for line in (
        "doctor environment",
        "doctor issuer",
        "doctor issuer --ignore issuer.nothing-stored",
        "doctor no-such-check",
        "doctor --ignore no.such-problem",
        "doctor --fix versions.unfit",
        "doctor --fix kernelspecs.pinned:none",
    )}  # fmt: skip
    assert list(code.values()) == [0, 1, 0, 2, 2, 1, 1]
    history = person.home / ".ipython" / "profile_default" / "history.sqlite"
    history.parent.mkdir(parents=True)
    history.write_text("no database")
    assert person.shell("jupyter qcred doctor history").returncode == 3


def test_a_refused_fix_says_why(person: Person) -> None:
    """As JSON, too."""
    ran = person.shell("jupyter qcred doctor --fix kernelspecs.pinned:none --json")
    assert json.loads(ran.stdout) == {
        "error": "config",
        "reason": "There is no kernelspec 'none'",
        "next_step": "See `jupyter kernelspec list`",
    }


def test_the_checks_are_listed(person: Person) -> None:
    """With their problems, for people and for programs."""
    listed = json.loads(person.shell("jupyter qcred doctor --list --json").stdout)["checks"]
    assert [one for ids in listed.values() for one in ids] == list(problems())
    assert "\n  clock.skewed\n" in person.shell("jupyter qcred doctor --list").stdout


def test_colours_are_for_terminals(person: Person) -> None:
    """And for who wants them."""
    line = ["jupyter", "qcred", "doctor", "environment"]
    assert "\x1b[32mok\x1b[0m" in at_terminal(line, person.env, person.home, "")
    plain = at_terminal(line, person.env | {"NO_COLOR": "1"}, person.home, "")
    assert "\x1b[3" not in plain
    assert "\x1b" not in person.shell("jupyter qcred doctor environment").stdout


def test_it_says_what_it_is_at_when_it_takes_its_time(person: Person) -> None:
    """On a terminal, while an address that nobody answers at is tried."""
    setting(person, VaultIssuer={"address": f"http://127.0.0.1:{free_port()}"})
    (person.little.bin / "slow").write_text("#!/bin/sh\nsleep 6\n")
    (person.little.bin / "slow").chmod(0o755)
    spec = person.home / "data" / "kernels" / "slow" / "kernel.json"
    spec.parent.mkdir(parents=True)
    argv = [str(person.little.bin / "slow"), "-m", "ipykernel_launcher"]
    spec.write_text(json.dumps({"argv": argv, "display_name": "slow", "language": "python"}))
    line = ["jupyter", "qcred", "doctor", "kernelspecs", "issuer"]
    assert "1 of 2: kernelspecs …" in at_terminal(line, person.env, person.home, "")


def test_one_check_that_fails_hides_no_other(person: Person) -> None:
    """The class of its error is told, none of its words."""
    person.little.package("sitecustomize", "import sqlite3\nsqlite3.connect = None\n")
    history = person.home / ".ipython" / "profile_default" / "history.sqlite"
    history.parent.mkdir(parents=True)
    history.touch()
    found = person.doctor("history", "environment")
    assert found["history"]["verdict"] == "unknown"
    assert found["history"]["words"] == "could not be looked at (TypeError)"
    assert found["environment"]["verdict"] == "fine"

"""JupyterLab with us and without: the command runs, and counts what it says it counts."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("playwright")

from lab.conftest import _missing

from benchmarks.lab import main

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    bool(_missing()) and not os.environ.get("QCRED_LAB_TESTS"), reason=_missing()
)


@pytest.mark.timeout(600)  # it opens JupyterLab six times
def test_both_are_started_and_one_is_left_open(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One side loads our extension, the other does not; its requests are seen, and no error."""
    file = tmp_path / "lab.json"

    # So short a time says nothing of the goals: not looked at.
    assert main(["--rounds", "1", "--seconds", "3", "--json", str(file)]) in {0, 1}

    found = json.loads(file.read_text())
    (started,) = found["figures"]
    assert len(started["with"]) == len(started["without"]) == 1
    assert started["ratio"] > 0
    assert found["open"]["heap_mb"] > 10
    assert found["open"]["errors"] == 0
    assert found["open"]["requests"] <= 3
    assert "goals" in capsys.readouterr().out

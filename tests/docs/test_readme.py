"""The README's list of commands is what the commands say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
WRITER = ROOT / "docs" / "readme.py"
CODE = """
import runpy, sys
module = runpy.run_path(sys.argv[1])
sys.stdout.write(module["written"](module["README"].read_text(encoding="utf-8")))
"""


def test_the_list_of_commands_is_current() -> None:
    """If not: ``python docs/readme.py`` writes it anew."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, WRITER], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == (ROOT / "README.md").read_text(encoding="utf-8")

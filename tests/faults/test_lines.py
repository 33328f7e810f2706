"""Each line of the table of faults names tests that exist."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LINES: list[dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("lines.toml").read_text(encoding="utf-8")
)["line"]


def functions_of(path: Path) -> set[str]:
    """Names of the test functions of a module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("line", LINES, ids=[line["fault"] for line in LINES])
def test_a_fault_has_its_tests(line: dict[str, Any]) -> None:
    """Who renames a test notices that a promise hangs on it."""
    assert line["tests"]
    for name in line["tests"]:
        module, _, function = name.partition("::")
        assert function in functions_of(ROOT / module), name


def test_every_fault_test_is_in_the_table() -> None:
    """A test of this folder proves a line, or it belongs elsewhere."""
    named = {name for line in LINES for name in line["tests"]}
    here = Path(__file__).parent
    for module in sorted(here.glob("test_*.py")):
        if module.name != Path(__file__).name:
            for function in functions_of(module):
                if function.startswith("test_"):
                    assert f"tests/faults/{module.name}::{function}" in named

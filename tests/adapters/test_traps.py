"""Each trap of an SDK has tests that exist, or a reason why there is none."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path
from typing import Any

import pytest

from jupyter_qcred.issue.builtin import VENDORS
from jupyter_qcred.kernel.adapters import registry

ROOT = Path(__file__).parents[2]
TRAPS: list[dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("traps.toml").read_text(encoding="utf-8")
)["trap"]


def functions_of(path: Path) -> set[str]:
    """Names of the test functions of a module, those of a class as ``Class::function``.

    A class may have them of a contract.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    for one in tree.body:
        if isinstance(one, ast.ClassDef):
            inside = (node.name for node in one.body if isinstance(node, ast.FunctionDef))
            found |= {one.name, *(f"{one.name}::{name}" for name in inside)}
    return found


@pytest.mark.parametrize("trap", TRAPS, ids=[trap["trap"] for trap in TRAPS])
def test_a_trap_has_its_tests_or_a_reason(trap: dict[str, Any]) -> None:
    """Who renames a test notices that a promise hangs on it."""
    assert trap["here"]
    assert ("reason" in trap) is not ("tests" in trap)
    assert trap.get("reason", trap.get("tests"))
    assert trap.get("vendor", "ionq") in VENDORS
    for name in trap.get("tests", ()):
        module, _, function = name.partition("::")
        known = functions_of(ROOT / module)
        assert function in known if function else known, name


def test_every_vendor_with_an_adapter_has_its_traps_written_down() -> None:
    """None is free of them."""
    assert set(registry.vendors()) <= {trap.get("vendor") for trap in TRAPS}


def test_every_test_of_an_sdk_proves_something_of_this_table() -> None:
    """A file of ``sdks/`` that no trap names would be one that nobody looked at."""
    named = {name.partition("::")[0] for trap in TRAPS for name in trap.get("tests", ())}
    here = Path(__file__).parent / "sdks"
    files = {str(path.relative_to(ROOT)) for path in here.glob("*.py") if path.stem != "conftest"}
    assert files - named == set()

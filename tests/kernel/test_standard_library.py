"""The half that lives in the kernel needs nothing but the standard library."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jupyter_qcred

PACKAGE = Path(jupyter_qcred.__file__).parent

# These run inside an ipykernel, and nowhere else.
WITH_IPYKERNEL = {
    "jupyter_qcred.kernel.app",
    "jupyter_qcred.kernel.control_app",
    "jupyter_qcred.kernel.session",
}

PROGRAM = """
import importlib, json, sys
sys.path.insert(0, sys.argv[1])
for name in json.loads(sys.argv[2]):
    importlib.import_module(name)
allowed = sys.stdlib_module_names | {"jupyter_qcred", "__main__"}
print(json.dumps(sorted({m.split(".")[0] for m in sys.modules} - allowed)))
"""


def modules(*packages: str) -> list[str]:
    files = (path for package in packages for path in (PACKAGE / package).glob("*.py"))
    names = (path.relative_to(PACKAGE.parent).with_suffix("") for path in files)
    return sorted(".".join(name.parts).removesuffix(".__init__") for name in names)


def foreign(names: list[str]) -> list[str]:
    """Import modules where only the source is to be found; return what else got loaded."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", PROGRAM, str(PACKAGE.parent), json.dumps(names)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found: list[str] = json.loads(done.stdout)
    return found


def test_the_kernel_half_loads_nothing_but_the_standard_library() -> None:
    """Every module of core, redact and kernel, without site-packages."""
    names = [*modules("core", "redact", "kernel", "kernel/adapters", "kernel/machines")]
    names = [name for name in names if name not in WITH_IPYKERNEL]
    assert len(names) > 20
    assert foreign(names) == []


def test_importing_the_helper_loads_only_what_it_needs() -> None:
    """``import jupyter_qcred`` in a notebook costs next to nothing, and no server part."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); before = set(sys.modules);"
        "import jupyter_qcred;"
        "print(*sorted(m for m in set(sys.modules) - before if m.startswith('jupyter_qcred')))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, str(PACKAGE.parent)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert set(done.stdout.split()) <= {
        "jupyter_qcred", "jupyter_qcred.core", "jupyter_qcred.core.version",
    }  # fmt: skip


def test_the_provisioner_s_module_imports_jupyter_client_only() -> None:
    """An import that fails there would stop every kernel on the machine."""
    program = (
        "import sys, jupyter_client.provisioning; before = set(sys.modules);"
        "import jupyter_qcred.deliver.provisioner;"
        "new = set(sys.modules) - before - sys.stdlib_module_names;"
        "print(*sorted(m for m in new if m.split('.')[0] not in sys.stdlib_module_names))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) == {
        "jupyter_qcred", "jupyter_qcred.core", "jupyter_qcred.core.version",
        "jupyter_qcred.deliver", "jupyter_qcred.deliver.provisioner",
    }  # fmt: skip

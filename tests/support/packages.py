"""Packages that are no dependency of the tests, in an environment of their own above this one."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import jupyter_qcred

if TYPE_CHECKING:
    from support.jupyter import JupyterServer


class Environment:
    """A virtual environment that has all this one has, and more.

    Raises:
        RuntimeError: the packages could not be installed.
    """

    def __init__(self, place: Path, *packages: str) -> None:
        self.place = place
        self.python = place / "bin" / "python"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
        paths = [Path(jupyter_qcred.__file__).parents[1], *dict.fromkeys(_libraries())]
        (self.library / "below.pth").write_text("".join(f"{path}\n" for path in paths))
        # pip looks at what is below as well, and adds only what is missing there.
        pip = [sys.executable, "-m", "pip", "--python", str(self.python), "install", "--quiet"]
        ran = subprocess.run([*pip, *packages], capture_output=True, text=True, check=False)
        if ran.returncode:
            raise RuntimeError(ran.stderr[-2000:])

    @property
    def library(self) -> Path:
        """Where it has its own packages."""
        return next((self.place / "lib").glob("python3*")) / "site-packages"

    def of(self, server: JupyterServer) -> JupyterServer:
        """Let a server that is not started run in this environment."""
        server.python = str(self.python)
        here = Path(sys.prefix)
        path = os.pathsep.join([str(self.python.parent), server.env["PATH"]])
        server.env |= {
            "PATH": path,
            "JUPYTER_CONFIG_PATH": str(here / "etc" / "jupyter"),
            "JUPYTER_PATH": str(here / "share" / "jupyter"),
        }
        return server


def _libraries() -> list[str]:
    paths = sysconfig.get_paths()
    known = [path for path in sys.path if path.endswith("site-packages")]
    return [*known, paths["purelib"], paths["platlib"]]

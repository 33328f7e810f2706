"""The settings that a Jupyter server of this user would read, and which file each comes from."""

from __future__ import annotations

import os
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from jupyter_core.paths import jupyter_config_dir, jupyter_config_path
from traitlets.config import Config
from traitlets.config.loader import JSONFileConfigLoader, PyFileConfigLoader

_NAMES: Final = ("jupyter_config", "jupyter_server_config", "jupyter_qcred_config")
"""Read by a server one after the other; what comes later wins."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A file that cannot be read.

    Attributes:
        why: the error's class, and its line where it has one. Not its words: they may quote a line.
    """

    file: Path
    why: str


class Settings:
    """Every configuration file along Jupyter's own path.

    Attributes:
        config: what they say together.
        files: those that exist, in the order of their reading.
        broken: those that can't be read.
    """

    def __init__(self) -> None:
        self.config = Config()
        self.files: list[Path] = []
        self.broken: list[Broken] = []
        self._parts: list[tuple[Path, Config]] = []
        for name in _NAMES:
            for directory in reversed(_path()):
                for kind in ("py", "json"):
                    self._read(Path(directory) / f"{name}.{kind}")

    def _read(self, file: Path) -> None:
        if not file.is_file():
            return
        self.files.append(file)
        loader = PyFileConfigLoader if file.suffix == ".py" else JSONFileConfigLoader
        try:
            # A program of a user's may print, where we print JSON.
            with redirect_stdout(sys.stderr):
                part = loader(file.name, path=str(file.parent)).load_config()
        except Exception as error:  # noqa: BLE001 - a user's own program, which may do anything
            line = getattr(error, "lineno", None)
            where = f" in line {line}" if isinstance(line, int) else ""
            self.broken.append(Broken(file, f"{type(error).__name__}{where}"))
            return
        self._parts.append((file, part))
        self.config.merge(part)

    def get(self, section: str, name: str) -> Any:
        """Return a setting; None where no file has it."""
        return self.config[section].get(name) if section in self.config else None

    def origin(self, section: str, name: str) -> Path | None:
        """Return the file whose value counts; None where no file has it."""
        found = [file for file, part in self._parts if name in part.get(section, {})]
        return found[-1] if found else None

    def file_for(self, section: str, name: str) -> Path:
        """Return the Python file at whose end a line decides about a setting."""
        origin = self.origin(section, name)
        if origin is not None and origin.suffix == ".py":
            return origin
        # Read last of all, but for a JSON file beside it.
        return Path(_path()[0]) / "jupyter_qcred_config.py"

    def in_json(self, section: str, name: str) -> Path | None:
        """Return the JSON file that no line in a Python file can overrule."""
        origin = self.origin(section, name)
        last = Path(_path()[0]) / "jupyter_qcred_config.json"
        return origin if origin == last else None


def _path() -> list[str]:
    path = [str(place) for place in jupyter_config_path()]
    own = os.environ.get("JUPYTER_CONFIG_DIR") or jupyter_config_dir()
    return path if own in path else [own, *path]

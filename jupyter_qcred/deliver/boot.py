"""The command line that starts an ipykernel with our half inside.

Arguments such as ``--ext`` or a PYTHONPATH would overwrite what users set, leak into subprocesses
and fail under ``python -I``. So only the pair ``-m ipykernel_launcher`` (or ``-m ipykernel``) is
replaced by a short program; every other command is left as it is.
"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_qcred.kernel.claim import BootConfig

_MODULES = frozenset({"ipykernel_launcher", "ipykernel"})

_PACKAGE = str(Path(__file__).parents[1])

# The finder serves our package from the server's installation, whatever version the kernel's
# environment holds, without putting a whole site-packages on sys.path. It stays in place for
# importlib.reload. Any failure before the application runs gives the plain kernel.
_TEMPLATE = """\
# ipykernel_launcher, with credentials by jupyter_qcred
import sys
def _boot(package, config):
    if sys.version_info < (3, 11):
        return None
    from importlib.util import spec_from_file_location
    class ServerInstallation:
        @staticmethod
        def find_spec(name, path=None, target=None):
            if name == "jupyter_qcred":
                return spec_from_file_location(
                    name, package + "/__init__.py", submodule_search_locations=[package])
    sys.meta_path.insert(0, ServerInstallation)
    try:
        from jupyter_qcred.kernel.boot import prepare
        return prepare(config)
    except Exception:
        sys.meta_path.remove(ServerInstallation)
if sys.path and sys.path[0] == "":
    del sys.path[0]
_app = _boot({package}, {config})
if _app is None:
    import runpy
    runpy.run_module("ipykernel_launcher", run_name="__main__", alter_sys=True)
else:
    _app.launch_instance()
"""


def boots(cmd: Sequence[str]) -> bool:
    """Whether a kernel command is one that can carry our half: ``… -m ipykernel_launcher …``."""
    return _module_at(cmd) is not None


def boot_command(cmd: Sequence[str], config: BootConfig) -> list[str]:
    """Return the command with its module replaced by our boot program.

    Raises:
        ValueError: the command does not start ipykernel by ``-m``.
    """
    at = _module_at(cmd)
    if at is None:
        raise ValueError("not a command that starts ipykernel by -m")
    # ASCII-only JSON is also a Python literal here: strings, integers; the booleans are not.
    body = json.dumps(config.as_dict()).replace("true", "True").replace("false", "False")
    program = _TEMPLATE.replace("{package}", json.dumps(_PACKAGE)).replace("{config}", body)
    return [*cmd[:at], "-c", program, *cmd[at + 2 :]]


def _module_at(cmd: Sequence[str]) -> int | None:
    for at, (flag, module) in enumerate(pairwise(cmd)):
        if flag == "-m":
            return at if module in _MODULES else None
    return None

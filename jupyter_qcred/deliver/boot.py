"""The command line that starts an ipykernel with our half inside.

Arguments such as ``--ext`` or a PYTHONPATH would overwrite what users set, leak into subprocesses
and fail under ``python -I``. So only the pair ``-m ipykernel_launcher`` (or ``-m ipykernel``) is
replaced by a short program, and one is put before ``launch_ipykernel.py``, the script by which
provisioners for clusters start an ipykernel; every other command is left as it is.
"""

from __future__ import annotations

import json
import shlex
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_qcred.core.wire import PROTOCOL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_qcred.kernel.claim import BootConfig

_MODULES = frozenset({"ipykernel_launcher", "ipykernel"})

_SCRIPT = "launch_ipykernel.py"

_PACKAGE = str(Path(__file__).parents[1])

# On the server's machine the finder serves our package from the server's installation, whatever
# version the kernel's environment holds, without putting a whole site-packages on sys.path. It
# stays in place for importlib.reload. Elsewhere it is the environment's own copy, if it speaks the
# server's protocol. Any failure before the application runs gives the plain kernel.
_TEMPLATE = """\
# ipykernel_launcher, with credentials by jupyter_qcred
import os, sys
def _boot(package, protocol, config):
    if sys.version_info < (3, 11):
        return None
    from importlib.util import spec_from_file_location
    class ServerInstallation:
        @staticmethod
        def find_spec(name, path=None, target=None):
            if name == "jupyter_qcred":
                return spec_from_file_location(
                    name, package + "/__init__.py", submodule_search_locations=[package])
    if os.path.isfile(package + "/__init__.py"):
        sys.meta_path.insert(0, ServerInstallation)
    try:
        from jupyter_qcred.core.wire import PROTOCOL
        if PROTOCOL != protocol:
            from jupyter_qcred.kernel.current import set_reason
            return set_reason(
                "The jupyter_qcred of this kernel's environment speaks protocol "
                f"{PROTOCOL}, its server {protocol}",
                "Install the server's version of jupyter_qcred in the kernel's environment")
        from jupyter_qcred.kernel.boot import prepare
        return prepare(config)
    except Exception:
        if ServerInstallation in sys.meta_path:
            sys.meta_path.remove(ServerInstallation)
if sys.path and sys.path[0] == "":
    del sys.path[0]
_app = _boot({package}, {protocol}, {config})
"""

_MODULE_START = """\
if _app is None:
    import runpy
    runpy.run_module("ipykernel_launcher", run_name="__main__", alter_sys=True)
else:
    _app.launch_instance()
"""

# The script makes the application by its name in ipykernel, and has no setting for another.
_SCRIPT_START = """\
import runpy
del sys.argv[0]
sys.path.insert(0, os.path.dirname(os.path.abspath(sys.argv[0])))
if _app is not None:
    import ipykernel.kernelapp
    ipykernel.kernelapp.IPKernelApp = _app
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def boots(cmd: Sequence[str]) -> bool:
    """Whether a kernel command is one that can carry our half: ``… -m ipykernel_launcher …``."""
    return _module_at(cmd) is not None or _script_at(cmd) is not None


def boot_command(cmd: Sequence[str], config: BootConfig, *, quoted: bool = False) -> list[str]:
    """Return the command with our boot program in it.

    Args:
        cmd: the kernel's command.
        config: what the kernel's half is told.
        quoted: quote the program for a shell, where the command is joined for one as it is.

    Raises:
        ValueError: the command does not start ipykernel in a way we know.
    """
    module, script = _module_at(cmd), _script_at(cmd)
    at = script if module is None else module
    if at is None:
        raise ValueError("not a command that starts ipykernel by -m")
    program = _program(config, _SCRIPT_START if module is None else _MODULE_START)
    rest = cmd[at:] if module is None else cmd[at + 2 :]
    return [*cmd[:at], "-c", shlex.quote(program) if quoted else program, *rest]


def _program(config: BootConfig, start: str) -> str:
    # ASCII-only JSON is also a Python literal here: strings, numbers; the booleans are not.
    body = json.dumps(config.as_dict()).replace("true", "True").replace("false", "False")
    named = {"{package}": json.dumps(_PACKAGE), "{protocol}": str(PROTOCOL), "{config}": body}
    head, _, call = _TEMPLATE.rpartition("_app = ")
    for name, value in named.items():
        call = call.replace(name, value)
    return f"{head}_app = {call}{start}"


def _module_at(cmd: Sequence[str]) -> int | None:
    for at, (flag, module) in enumerate(pairwise(cmd)):
        if flag == "-m":
            return at if module in _MODULES else None
    return None


def _script_at(cmd: Sequence[str]) -> int | None:
    """Where the script is, unless the interpreter is told to run something else before it."""
    if _module_given(cmd):
        return None
    return next((at for at, word in enumerate(cmd) if Path(word).name == _SCRIPT and at), None)


def _module_given(cmd: Sequence[str]) -> bool:
    return any(word in {"-m", "-c"} for word in cmd[:3])

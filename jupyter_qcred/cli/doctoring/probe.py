"""Start a kernelspec's Python by its own command, and see what reaches it."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.deliver.environment import SERVER_SECRETS, withhold

if TYPE_CHECKING:
    from collections.abc import Sequence

_SECONDS: Final = 30.0

# In the words of every Python 3. The inode tells our descriptor from another of its number.
_PROGRAM: Final = """\
import json, os, sys
try:
    number = os.fstat(int(sys.argv[1])).st_ino
except OSError:
    number = None
print(json.dumps({"inode": number, "version": sys.version_info[:2], "executable": sys.executable}))
"""


@dataclass(frozen=True, slots=True)
class Probe:
    """What a kernelspec's command did.

    Attributes:
        missing: the program that is not there; empty where it is.
        arrived: whether the descriptor reached the interpreter; None where it did not say.
        version: of Python, such as ``(3, 11)``; empty where it did not say.
        executable: the interpreter's own path.
    """

    missing: str = ""
    arrived: bool | None = None
    version: tuple[int, ...] = ()
    executable: str = ""


def probe(spec: Any) -> Probe:
    """Run a kernelspec's command with another program in the place of ipykernel; never raises."""
    before = interpreter(spec.argv)
    before = [word.replace("{resource_dir}", spec.resource_dir) for word in before]
    before = [word.replace("{prefix}", sys.prefix) for word in before]
    environment = {**os.environ, **{k: str(v) for k, v in spec.env.items()}}
    withhold(environment, SERVER_SECRETS)
    # As jupyter_client does: a bare name is the server's own Python.
    if re.fullmatch(r"python(3(\.\d+)?)?", before[0]):
        before[0] = sys.executable
    if shutil.which(before[0], path=environment.get("PATH")) is None:
        return Probe(missing=before[0])
    ours, theirs = socket.socketpair()
    with ours, theirs, suppress(OSError, subprocess.SubprocessError, ValueError, LookupError):
        ran = subprocess.run(
            [*before, "-c", _PROGRAM, str(theirs.fileno())],
            pass_fds=(theirs.fileno(),),
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
        told = json.loads(ran.stdout.strip().splitlines()[-1])
        arrived = told["inode"] == os.fstat(theirs.fileno()).st_ino
        return Probe("", arrived, tuple(told["version"]), told["executable"])
    return Probe()


def interpreter(argv: Sequence[str]) -> list[str]:
    """Return the part of a kernel's command that comes before ``-m ipykernel_launcher``."""
    for at, (flag, _) in enumerate(pairwise(argv)):
        if flag == "-m":
            return list(argv[:at])
    return list(argv[:1])

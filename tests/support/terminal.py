"""A program with a person at a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# A session whose terminal this is: getpass asks at /dev/tty.
_PROGRAM = (
    "import fcntl, os, sys, termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    "os.execv(sys.executable, [sys.executable, '-c', sys.argv[1]])"
)


def typed(
    code: str,
    prompt: str,
    answer: str,
    *,
    env: Mapping[str, str],
    cwd: Path,
    python: str | Path = sys.executable,
) -> str:
    """Run Python code, type an answer after a prompt, and return all that was shown."""
    near, far = pty.openpty()
    process = subprocess.Popen(
        [python, "-c", _PROGRAM, code], env=env, cwd=cwd, stdin=far, stdout=far, stderr=far
    )
    os.close(far)
    shown = b""
    try:
        while prompt.encode() not in shown:
            shown += os.read(near, 4096)
        os.write(near, f"{answer}\n".encode())
        while True:
            shown += os.read(near, 4096)
    except OSError:  # its end
        pass
    finally:
        os.close(near)
    assert process.wait(60) == 0, shown.decode()
    return shown.decode()

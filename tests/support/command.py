"""Run `jupyter qcred …` as the user of a server's home does."""

from __future__ import annotations

import os
import pty
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from support.jupyter import JupyterServer


def _words(server: JupyterServer, words: tuple[str, ...]) -> list[str]:
    return [server.python, "-m", "jupyter_qcred.cli.main", *words]


def command(
    server: JupyterServer, *words: str, given: str = "", **env: str
) -> subprocess.CompletedProcess[str]:
    """Run one to its end, without a terminal."""
    return subprocess.run(
        _words(server, words),
        env=server.env | env,
        cwd=server.root,
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def on_terminal(server: JupyterServer, *words: str, given: str = "", **env: str) -> str:
    """Run one on a terminal; return all that it wrote there."""
    return at_terminal(_words(server, words), server.env | env, server.root, given)


def at_terminal(words: list[str], env: dict[str, str], place: Path, given: str) -> str:
    """Run a program on a terminal, type, and return all that it wrote there."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        words,
        env={"TERM": "xterm"} | env,
        cwd=place,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    os.write(ours, given.encode())
    written = b""
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # Linux tells of a closed terminal this way
            break
        if not chunk:
            break
        written += chunk
    process.wait(60)
    os.close(ours)
    return written.decode()

"""Choose where the sockets of the embedded OpenBao go.

The data directory comes first. ``XDG_RUNTIME_DIR`` is removed at the last logout while a Jupyter
server in tmux lives on, and it differs between a desktop, an ssh and a cron session of the same
user; the data directory is the same for all. It is left for another where its path is too long for
a socket or its file system has none (some network and container mounts).
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_qcred.core.errors import ConfigError
from jupyter_qcred.issue.embedded.files import NotPrivateError, make_private_directory, user_id
from jupyter_qcred.issue.embedded.sockets import MAX_PATH, TCP, UNIX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jupyter_qcred.issue.embedded.layout import Layout


def choose_addresses(layout: Layout, transport: str = "auto") -> tuple[str, str]:
    """Return where OpenBao and where the supervisor shall listen.

    Args:
        layout: of the instance.
        transport: ``unix``, ``tcp``, or ``auto``: TCP only where no unix socket can be.

    Raises:
        ConfigError: unix sockets are asked for, and no directory can hold one.
    """
    if transport != "tcp" and sys.platform != "win32":
        for directory in _candidates(layout):
            if _usable(directory):
                return f"{UNIX}{directory / 'bao.sock'}", f"{UNIX}{directory / 'hold.sock'}"
        if transport == "unix":
            raise ConfigError(
                "no directory for the embedded OpenBao's sockets is short enough, private and on a "
                "file system with unix sockets",
                next_step="Set XDG_RUNTIME_DIR or TMPDIR to a short local directory of your own",
            )
    return f"http://127.0.0.1:{_free_port()}", f"{TCP}127.0.0.1:0"


def _candidates(layout: Layout) -> Iterator[Path]:
    yield layout.directory / "run"
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR", ""))
    if runtime.is_absolute() and runtime.is_dir():
        yield runtime / f"jupyter-qcred-{layout.digest}"
    for shared in dict.fromkeys((tempfile.gettempdir(), "/tmp")):  # noqa: S108 - a private
        # directory inside, whose owner and mode are verified
        yield Path(shared) / f"jupyter-qcred-{user_id()}-{layout.digest}"


def _usable(directory: Path) -> bool:
    """Whether a socket can be made and reached there, by us alone."""
    probe = directory / f"probe-{os.getpid()}"
    if len(os.fsencode(probe)) > MAX_PATH:
        return False
    try:
        make_private_directory(directory)
        with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
            server.bind(str(probe))
            server.listen(1)
            client.connect(str(probe))
    except (OSError, NotPrivateError):
        return False
    finally:
        with contextlib.suppress(OSError):
            probe.unlink()
    return True


def _free_port() -> int:
    with socket.socket(socket.AF_INET) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

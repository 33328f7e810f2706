"""The garbage collector rests while a kernel starts, and only then."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from jupyter_client import BlockingKernelClient
from jupyter_client.connect import write_connection_file

from jupyter_qcred.deliver.boot import boot_command
from jupyter_qcred.deliver.link import KernelLink
from jupyter_qcred.kernel.claim import BootConfig

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOOK = """
import gc
class Ring: ...
ring = Ring(); ring.itself = ring; del ring
seen = (type(get_ipython().kernel.parent).__name__, gc.isenabled(), gc.get_freeze_count(),
        gc.collect() > 0)
"""


@contextmanager
def kernel(directory: Path, *, fd: int | None = None, path: str = "") -> Iterator[tuple]:
    """Start a kernel by our command line; yields what it sees. ``fd`` is a wrong descriptor."""
    file, _ = write_connection_file(str(directory / "connection.json"))
    link = KernelLink()
    config = BootConfig(
        fd=link.fd if fd is None else fd,
        nonce=link.nonce,
        server_pid=os.getpid(),
        hide_memory=False,
        min_secret_length=8,
        min_fragment_length=24,
    )
    command = boot_command([sys.executable, "-m", "ipykernel_launcher", "-f", file], config)
    environment = os.environ | {"IPYTHONDIR": str(directory), "PYTHONPATH": path}
    process = subprocess.Popen(
        command,
        pass_fds=[link.fd],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    link.launched()
    client = BlockingKernelClient(connection_file=file)
    client.load_connection_file()
    client.start_channels(iopub=False, stdin=False, hb=False, control=False)
    try:
        client.execute(LOOK, user_expressions={"seen": "seen"})
        content = client.get_shell_msg(timeout=60)["content"]
        yield ast.literal_eval(content["user_expressions"]["seen"]["data"]["text/plain"])
    finally:
        client.stop_channels()
        process.kill()
        process.wait()
        link.close()


def test_a_kernel_that_has_started_collects_garbage(tmp_path: Path) -> None:
    """New garbage goes; what the start has made is not looked at again."""
    with kernel(tmp_path) as (application, enabled, frozen, found):
        assert application == "QcredKernelApp"
        assert enabled
        assert frozen > 10_000
        assert found


def test_a_kernel_that_gets_no_channel_is_left_as_it_was(tmp_path: Path) -> None:
    """A plain kernel starts plainly."""
    with kernel(tmp_path, fd=999) as (application, enabled, frozen, found):
        assert application == "IPKernelApp"
        assert enabled
        assert frozen == 0
        assert found


def test_who_turned_the_collector_off_finds_it_off(tmp_path: Path) -> None:
    """An environment's own choice stands."""
    (tmp_path / "sitecustomize.py").write_text("import gc; gc.disable()")
    with kernel(tmp_path, path=str(tmp_path)) as (application, enabled, frozen, _):
        assert application == "QcredKernelApp"
        assert not enabled
        assert frozen == 0

"""A place that kernels run in, away from the server, and servers that use it."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support.jupyter import isolated_environment
from support.openbao import wait_until

import jupyter_qcred

if TYPE_CHECKING:
    from support.jupyter import JupyterServer

PACKAGE = Path(jupyter_qcred.__file__).parent
LAUNCH = ("-m", "ipykernel_launcher", "-f", "{connection_file}")


class FarPlace:
    """A launcher daemon with a home of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.log_file = home / "kernels.log"
        # A socket's address has 107 characters at most.
        self.short = Path(tempfile.mkdtemp(prefix="far"))
        self.address = str(self.short / "launcher")
        for directory in (home / "tmp", home / "run"):
            directory.mkdir(parents=True)
        program = Path(__file__).with_name("launcher.py")
        self.process = subprocess.Popen(
            [sys.executable, str(program), self.address, str(self.log_file)],
            env=isolated_environment(home), cwd=home, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        wait_until("the launcher listens", Path(self.address).exists, 20)

    def log(self) -> str:
        """What the kernels wrote to their own output."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def serve(self, server: JupyterServer, *, own_files: bool = False) -> JupyterServer:
        """Let a server that is not started use our provisioner.

        Args:
            own_files: the server's copy of our package is at a path that exists in no other
                process, as on another machine.
        """
        library = server.root / ".library"
        _install_provisioner(library)
        paths = [str(library)]
        if own_files:
            (library / "jupyter_qcred").symlink_to(PACKAGE)
            paths = ["/proc/self/cwd/.library"]
        server.env["PYTHONPATH"] = ":".join(paths)
        server.env["JUPYTER_RUNTIME_DIR"] = str(self.short)
        return server

    def kernelspec(
        self, server: JupyterServer, name: str, *argv: str, curve: bool = True, **config: Any
    ) -> str:
        """Install a kernelspec whose kernels start here."""
        directory = server.home / "data" / "kernels" / name
        directory.mkdir(parents=True)
        inner = {"address": self.address, "directory": str(self.home)}
        provisioner = {
            "provisioner_name": "qcred-provisioner",
            "config": {"inner": "far-provisioner", "inner_config": inner, **config},
        }
        metadata: dict[str, Any] = {"kernel_provisioner": provisioner}
        if curve:
            metadata["supported_encryption"] = ["curve"]
        spec = {"argv": list(argv) or [sys.executable, *LAUNCH], "display_name": name,
                "language": "python", "metadata": metadata}  # fmt: skip
        (directory / "kernel.json").write_text(json.dumps(spec))
        return name

    def close(self) -> None:
        """End the daemon and its kernels."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(self.address)
            connection.sendall(b'{"call": "stop"}\n')
        self.process.wait(20)
        shutil.rmtree(self.short, ignore_errors=True)


def _install_provisioner(library: Path) -> None:
    metadata = library / "far_provisioner-1.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: far-provisioner\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text(
        "[jupyter_client.kernel_provisioners]\nfar-provisioner = far_provisioner:FarProvisioner\n"
    )
    source = Path(__file__).with_name("provisioner.py")
    (library / "far_provisioner.py").write_text(source.read_text())

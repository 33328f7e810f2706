"""What the fault tests share: an OpenBao that counts, hundreds of kernels, small file systems."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from support import deployment, light
from support.openbao import OpenBao

import jupyter_qcred

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.jupyter import JupyterServer

    from jupyter_qcred.deliver.link import KernelLink

CREATE_SESSION = "auth/token/create/qcred-kernel"
CREATE_SERVER = "auth/token/create/qcred-server"
REVOKE = "auth/token/revoke-self"

PACKAGE_ROOT = str(Path(jupyter_qcred.__file__).parents[1])


class AuditedOpenBao(OpenBao):
    """Its audit device writes accessors as they are, so that tokens and requests can be counted."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        text = self._config.read_text()
        assert "options {" in text
        plain = text.replace("options {", 'options { hmac_accessor = "false" ')
        self._config.write_text(plain)

    def audited(self, path: str) -> list[dict[str, Any]]:
        """Return the audit's entries about answers to requests for a path, oldest first."""
        entries = [json.loads(line) for line in self.audit_text().splitlines() if path in line]
        return [
            entry
            for entry in entries
            if entry["type"] == "response" and entry["request"]["path"] == path
        ]

    def sessions(self) -> set[str]:
        """Accessors of the session tokens that were ever issued."""
        return {
            entry["response"]["auth"]["accessor"]
            for entry in self.audited(CREATE_SESSION)
            if not entry.get("error")
        }

    def live_sessions(self) -> set[str]:
        """Accessors of those that live."""
        return self.sessions() & self.accessors()

    def live_tree(self) -> dict[str, str]:
        """Every live token that we made, server tokens included: accessor and creation path."""
        found = {accessor: self.lookup_accessor(accessor) for accessor in self.accessors()}
        return {
            accessor: facts["path"]
            for accessor, facts in found.items()
            if facts is not None and facts["path"].startswith("auth/token/create/")
        }

    def revocations_of(self, accessor: str) -> int:
        """How many requests there were that a session token be revoked."""
        return sum(
            entry["auth"]["accessor"] == accessor
            for entry in self.audited(REVOKE)
            if "auth" in entry
        )


def use_address(home: Path, address: str) -> None:
    """Let the servers of a home reach the issuer by another address, such as a relay's."""
    file = home / ".jupyter" / "jupyter_qcred_config.json"
    settings = json.loads(file.read_text())
    settings["VaultIssuer"]["address"] = address
    file.write_text(json.dumps(settings))


def add_kernelspec(server: JupyterServer, name: str, *command: str, **env: str) -> None:
    """Add a kernel whose command is ``command``, followed by what starts an ipykernel."""
    spec = server.home / "data" / "kernels" / name
    spec.mkdir(parents=True)
    argv = [*command, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    body = {"argv": argv, "display_name": name, "language": "python", "env": env}
    (spec / "kernel.json").write_text(json.dumps(body))


def add_light_kernelspec(server: JupyterServer, name: str = "light", **env: str) -> None:
    """Let a server start kernels that have our half and nothing else."""
    add_kernelspec(server, name, sys.executable, "-I", "-S", light.__file__, **env)


class Farm:
    """Light kernels without a Jupyter server: each is a process of its own, forked from one."""

    def __init__(self) -> None:
        self._orders, theirs = socket.socketpair()
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", light.__file__, "--farm", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
        )
        theirs.close()
        self._orders.settimeout(30)
        self._orders.sendall(PACKAGE_ROOT.encode())
        assert self._orders.recv(16) == b"ready"

    def kernel(self, link: KernelLink) -> int:
        """Start a kernel at the other end of a link; return its pid."""
        config = {
            "nonce": link.nonce,
            "server_pid": os.getpid(),
            "hide_memory": False,
            "min_secret_length": 8,
            "min_fragment_length": 24,
        }
        socket.send_fds(self._orders, [json.dumps(config).encode()], [link.fd])
        pid = int(self._orders.recv(16))
        link.launched()
        return pid

    def close(self) -> None:
        """End all of them."""
        self._process.kill()
        self._process.wait()
        self._orders.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


@contextmanager
def mounted(directory: Path, options: str) -> Iterator[None]:
    """Mount a small file system, or fail: without it nothing would be tested.

    ``options`` are those of a tmpfs, such as ``size=64k`` or ``ro``.
    """
    directory.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"mode=0700,{options}", "tmpfs", str(directory)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"mounting needs root and CAP_SYS_ADMIN: {done.stderr.strip()}"
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(directory)], check=True)


def fill(path: Path) -> None:
    """Write to a file until the disk is full."""
    with suppress(OSError), path.open("wb", buffering=0) as file:
        while file.write(b"x"):
            pass


def session_accessors(server: JupyterServer) -> list[str]:
    """The session tokens that a server issued, by its own audit, oldest first."""
    return [
        str(event["accessor"])
        for event in deployment.events(server.home, "issued", what="session token")
    ]

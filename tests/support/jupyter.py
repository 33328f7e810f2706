"""A real Jupyter server in a process of its own, and a client for its REST and websocket API."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import psutil
import requests
import websocket
from support.openbao import free_port, wait_until

TOKEN = "server-login-token-of-a-test"

CODE = Any


@dataclass
class Result:
    """What one execution sent back."""

    reply: dict[str, Any]
    messages: list[dict[str, Any]] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return self.reply["content"]["status"] == "ok"

    @property
    def text(self) -> str:
        """Stream text and plain results, in order."""
        parts = []
        for message in self.messages:
            content = message["content"]
            if message["msg_type"] == "stream":
                parts.append(content["text"])
            elif message["msg_type"] in ("execute_result", "display_data"):
                parts.append(content["data"].get("text/plain", ""))
            elif message["msg_type"] == "error":
                parts.append("\n".join(content["traceback"]))
        return "".join(parts)

    @property
    def outputs(self) -> list[dict[str, Any]]:
        """The outputs as a notebook stores them."""
        kinds = ("stream", "execute_result", "display_data", "error")
        return [
            nbformat.v4.output_from_msg(message)
            for message in self.messages
            if message["msg_type"] in kinds
        ]


class Kernel:
    """One kernel of a server, over the websocket that a browser uses."""

    def __init__(self, server: JupyterServer, session: dict[str, Any]) -> None:
        self._server = server
        self.session_id = session["id"]
        self.id = session["kernel"]["id"]
        self.received: list[str] = []
        self._socket: websocket.WebSocket | None = None

    def connect(self) -> None:
        self.close()
        url = self._server.url.replace("http", "ws", 1)
        self._socket = websocket.create_connection(
            f"{url}api/kernels/{self.id}/channels",
            timeout=60,
            header={"Authorization": self._server.authorization},
        )

    def execute(self, code: str, *, store_history: bool = True) -> Result:
        return Result(
            *self.request(
                "execute_request",
                {
                    "code": code,
                    "silent": False,
                    "store_history": store_history,
                    "user_expressions": {},
                    "allow_stdin": False,
                    "stop_on_error": True,
                },
            )
        )

    def request(
        self, kind: str, content: dict[str, Any], channel: str = "shell"
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Send a request; return its reply and what came on iopub until the kernel was idle."""
        if self._socket is None:
            self.connect()
        assert self._socket is not None
        number = uuid.uuid4().hex
        self._socket.send(
            json.dumps(
                {
                    "header": {
                        "msg_id": number,
                        "msg_type": kind,
                        "username": "",
                        "session": number,
                        "version": "5.3",
                        "date": "",
                    },
                    "parent_header": {},
                    "metadata": {},
                    "content": content,
                    "channel": channel,
                }
            )
        )
        reply, messages, idle = None, [], False
        while reply is None or not idle:
            raw = self._socket.recv()
            self.received.append(raw if isinstance(raw, str) else repr(raw))
            message = json.loads(raw)
            if message["parent_header"].get("msg_id") != number:
                continue
            if message["channel"] == channel:
                reply = message
            elif message["msg_type"] == "status":
                idle = message["content"]["execution_state"] == "idle"
            else:
                messages.append(message)
        return reply, messages

    def pid(self) -> int:
        return int(self.execute("import os; print(os.getpid())").text)

    def delete(self) -> None:
        self._server.api("DELETE", f"api/sessions/{self.session_id}")

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()


class JupyterServer:
    """``jupyter server`` with a home of its own; nothing of the caller's settings reaches it."""

    python = sys.executable

    def __init__(
        self, home: Path, config: str = "", args: tuple[str, ...] = (), **env: str
    ) -> None:
        self.home = home
        self.root = home / "work"
        self.config_dir = home / ".jupyter"
        self.runtime_dir = home / "run"
        self.temp_dir = home / "tmp"
        for directory in (self.root, self.config_dir, self.runtime_dir, self.temp_dir):
            directory.mkdir(parents=True, exist_ok=True)
        (self.config_dir / "jupyter_server_config.py").write_text(config)
        self.args = args
        self.env = isolated_environment(home) | env
        self.log_file = home / "server.log"
        self.answers: list[str] = []
        self.kernels: list[Kernel] = []
        self.process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def start(self, *, wait: bool = True) -> JupyterServer:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}/"
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    self.python,
                    "-m",
                    "jupyter_server",
                    "--allow-root",
                    "--no-browser",
                    f"--ServerApp.port={port}",
                    "--ServerApp.port_retries=0",
                    f"--IdentityProvider.token={TOKEN}",
                    f"--ServerApp.root_dir={self.root}",
                    *self.args,
                ],
                env=self.env,
                cwd=self.root,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        if wait:
            wait_until("the Jupyter server answers", self._answers, 60)
        return self

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log()
        with suppress(requests.ConnectionError):
            return requests.get(f"{self.url}api", timeout=5).ok
        return False

    @property
    def authorization(self) -> str:
        """The header that lets a client in."""
        return f"token {TOKEN}"

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def api(self, method: str, path: str, body: Any = None, *, check: bool = True) -> Any:
        answer = requests.request(
            method,
            self.url + path,
            json=body,
            timeout=60,
            headers={"Authorization": self.authorization},
        )
        self.answers.append(answer.text)
        if check:
            assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def open_notebook(
        self,
        path: str,
        *,
        kernel: str = "python3",
        connect: bool = True,
        metadata: dict[str, Any] | None = None,
    ) -> Kernel:
        """What a front-end does when a person opens a notebook; the file is made if need be."""
        if not (self.root / path).exists():
            notebook = nbformat.v4.new_notebook(metadata=metadata or {})
            (self.root / path).write_text(nbformat.writes(notebook))
        opened = Kernel(
            self,
            self.api(
                "POST",
                "api/sessions",
                {
                    "path": path,
                    "name": Path(path).name,
                    "type": "notebook",
                    "kernel": {"name": kernel},
                },
            ),
        )
        self.kernels.append(opened)
        if connect:
            opened.connect()
        return opened

    def save(self, path: str, notebook: Any) -> Any:
        return self.api(
            "PUT", f"api/contents/{path}", {"type": "notebook", "content": dict(notebook)}
        )

    def terminate(self, seconds: float = 20.0) -> int:
        """SIGTERM, as a service manager does; returns the exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(seconds)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """End whatever still runs of this server, by pid."""
        for kernel in self.kernels:
            kernel.close()
        if self.process is None:
            return
        with suppress(psutil.NoSuchProcess):
            family = psutil.Process(self.process.pid).children(recursive=True)
            for child in family:
                with suppress(psutil.NoSuchProcess):
                    child.kill()
        with suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()
        # Kernels live in sessions of their own, and outlive a killed server for a moment.
        for child in psutil.process_iter(["environ"]):
            with suppress(psutil.Error):
                if (child.info["environ"] or {}).get("HOME") == str(self.home):
                    os.kill(child.pid, signal.SIGKILL)


def isolated_environment(home: Path) -> dict[str, str]:
    """An environment whose every directory is below ``home``."""
    keep = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    bin_directory = str(Path(sys.executable).parent)
    return keep | {
        "PATH": os.pathsep.join([bin_directory, keep.get("PATH", os.defpath)]),
        "HOME": str(home),
        "TMPDIR": str(home / "tmp"),
        "JUPYTER_CONFIG_DIR": str(home / ".jupyter"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "run"),
        "JUPYTER_PREFER_ENV_PATH": "0",
        "IPYTHONDIR": str(home / ".ipython"),
        "XDG_RUNTIME_DIR": str(home / "run"),
        "PYTHONUNBUFFERED": "1",
    }

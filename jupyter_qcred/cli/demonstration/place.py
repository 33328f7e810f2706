"""The one directory below which everything of the demo lies, and the settings in it.

Nothing of the user's is read or changed: the child server has directories, settings and an OpenBao
of its own. What an operator set for the whole machine still applies below these settings.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jupyter_qcred.cli.demonstration.grant import PROFILES
from jupyter_qcred.cli.demonstration.tutorial import CLOUD_ENV, NOTEBOOK, tutorial
from jupyter_qcred.core.secret import Secret

if TYPE_CHECKING:
    from jupyter_qcred.issue.embedded.openbao import EmbeddedOpenBao

_NOT_OURS: Final = ("JUPYTER", "JPY_", "VAULT_", "BAO_", "IPYTHONDIR")
"""Beginnings of variables by which an outer Jupyter, or the user's Vault, would reach in."""

_SAME_OPENBAO: Final = (
    *("directory", "executable", "transport", "linger"),
    *("server_token_period", "session_max_ttl"),
)
"""Settings that both users of the one OpenBao must agree on."""


@dataclass(frozen=True, slots=True)
class Place:
    """The directory, made with the value, for its owner alone.

    Attributes:
        directory: absolute path.
        token: what opens the Jupyter server.
    """

    directory: Path = field(
        default_factory=lambda: Path(tempfile.mkdtemp(prefix="qcred-demo-")).resolve()
    )
    token: Secret = field(default_factory=lambda: Secret(secrets.token_urlsafe(24)))

    def prepare(self) -> None:
        """Put the notebook there. Raises OSError."""
        for directory in (self.config, self.work, self.runtime):
            directory.mkdir()
        self.notebook.write_text(tutorial(), encoding="utf-8")

    @property
    def config(self) -> Path:
        """Jupyter's settings."""
        return self.directory / "config"

    @property
    def work(self) -> Path:
        """What JupyterLab's file browser shows."""
        return self.directory / "work"

    @property
    def runtime(self) -> Path:
        """Where the server says where it listens."""
        return self.directory / "run"

    @property
    def notebook(self) -> Path:
        """The tutorial."""
        return self.work / NOTEBOOK

    @property
    def audit_file(self) -> Path:
        """The audit events of the server."""
        return self.directory / "audit.jsonl"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.directory / "server.log"

    @property
    def openbao(self) -> Path:
        """The embedded OpenBao's directory."""
        return self.directory / "openbao"

    def write_settings(self, embedded: EmbeddedOpenBao, *, port: int, browser: bool) -> None:
        """Write the settings of the child server."""
        self._write(
            "jupyter_server_config.json",
            {
                "ServerApp": {
                    "ip": "127.0.0.1",
                    "port": port,
                    "root_dir": str(self.work),
                    "open_browser": browser,
                    "allow_root": True,
                },
                "IdentityProvider": {"token": self.token.reveal()},
                "LabApp": {
                    "default_url": f"/lab/tree/{NOTEBOOK}",
                    "news_url": None,
                    "check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
                },
            },
        )
        self._write(
            "jupyter_qcred_config.json",
            {
                "VaultIssuer": {"address": ""},
                "EmbeddedOpenBao": {name: getattr(embedded, name) for name in _SAME_OPENBAO},
                "CredentialService": {
                    "profiles": PROFILES,
                    "builtin_profiles": False,
                    "audit_file": str(self.audit_file),
                },
            },
        )
        # JupyterLab would ask whether to fetch its news.
        disabled = {"@jupyterlab/apputils-extension:announcements": True}
        self._write("labconfig/page_config.json", {"disabledExtensions": disabled})

    def _write(self, name: str, settings: dict[str, Any]) -> None:
        file = self.config / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(settings, indent=1), encoding="utf-8")

    def environment(self, cloud: str) -> dict[str, str]:
        """Return the child server's environment; its kernels find the cloud there."""
        outer = {name: v for name, v in os.environ.items() if not name.startswith(_NOT_OURS)}
        direct = [*filter(None, [outer.get("no_proxy", outer.get("NO_PROXY"))]), "127.0.0.1"]
        return outer | {
            "JUPYTER_CONFIG_DIR": str(self.config),
            "JUPYTER_DATA_DIR": str(self.directory / "data"),
            "JUPYTER_RUNTIME_DIR": str(self.runtime),
            "JUPYTER_PREFER_ENV_PATH": "0",  # ours come before those of the environment
            "IPYTHONDIR": str(self.directory / "ipython"),
            # JupyterLab's language servers are looked for by npm, which logs to the home.
            "npm_config_cache": str(self.directory / "npm"),
            "no_proxy": ",".join(direct),
            "NO_PROXY": ",".join(direct),
            CLOUD_ENV: cloud,
        }

    def files_with(self, text: str) -> list[Path]:
        """Return the files below the directory that hold ``text``."""
        wanted = text.encode()
        files = (path for path in self.directory.rglob("*") if path.is_file())
        return [path for path in files if wanted in path.read_bytes()]

    def remove(self) -> None:
        """Remove it with all that is in it."""
        shutil.rmtree(self.directory, ignore_errors=True)

"""The settings of a process without a Jupyter server: ``jupyter_qcred_config.py``, ``.json``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_core.application import JupyterApp
from jupyter_core.paths import jupyter_data_dir

if TYPE_CHECKING:
    from traitlets.config import Config

CONFIG_NAME = "jupyter_qcred_config"


class _Settings(JupyterApp):
    """Finds configuration where every Jupyter application does."""

    name = "jupyter-qcred"
    config_file_name = CONFIG_NAME


def load_config() -> Config:
    """Read the configuration along Jupyter's own path; a broken file raises its own error."""
    settings = _Settings()
    settings.load_config_file(suppress_errors=False)
    config: Config = settings.config
    return config


def default_audit_file() -> str:
    """Return where audit events go unless ``CredentialService.audit_file`` says something else."""
    return str(Path(jupyter_data_dir()) / "qcred" / "audit.jsonl")


def audit_file(config: Config) -> Path | None:
    """Return the audit file of these settings, without making a service; None: turned off."""
    section = config.get("CredentialService", {})
    path = section.get("audit_file", default_audit_file())
    return Path(path) if path and isinstance(path, str) else None

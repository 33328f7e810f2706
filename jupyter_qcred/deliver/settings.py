"""The settings of a process without a Jupyter server: ``jupyter_qcred_config.py``, ``.json``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_core.application import JupyterApp

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

"""The tutorial notebook, and the names that stand in it."""

from __future__ import annotations

from importlib import resources
from typing import Final

NOTEBOOK: Final = "tutorial.ipynb"

LIVE: Final = "demo-quantum"
"""The credential that is issued for each kernel."""

STATIC: Final = "demo-static"
"""The credential that is a stored key."""

MADE_UP_KEY: Final = "made-up-key-3141592653589793"
"""Value of the static key: it stands in the notebook, as keys do in notebooks."""

CLOUD_ENV: Final = "QCRED_DEMO_CLOUD"
"""Environment variable by which the notebook finds the cloud."""


def tutorial() -> str:
    """Return the notebook's text."""
    folder = resources.files("jupyter_qcred.cli.demonstration")
    return (folder / NOTEBOOK).read_text(encoding="utf-8")

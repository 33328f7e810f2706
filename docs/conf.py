"""Sphinx configuration. Builds without a network: `sphinx-build -W -n docs docs/_build`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

from jupyter_qcred.core.version import __version__

project = "jupyter_qcred"
author = "The jupyter_qcred developers"
project_copyright = author
version = release = __version__

extensions = ["myst_nb", "qcred_reference"]
exclude_patterns = ["_build", "_ext"]
# The tutorials come with their outputs: docs/execute.py.
nb_execution_mode = "off"
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
suppress_warnings: list[str] = []
nitpicky = True

html_theme = "furo"
html_title = f"jupyter_qcred {release}"
html_show_copyright = False

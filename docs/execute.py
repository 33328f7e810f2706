"""Run the tutorials on simulators, and keep what they show in their files.

Needs an environment with the SDKs that they name, and ``jupyter_qcred``::

    python docs/execute.py [NAME ...]
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

TUTORIALS = Path(__file__).parent / "tutorials"


def execute(file: Path) -> None:
    """Run one; nothing of the machine or the time goes into the file."""
    notebook = nbformat.read(file, 4)
    about = notebook.metadata.copy()
    NotebookClient(notebook, timeout=600, record_timing=False, kernel_name="python3").execute()
    notebook.metadata = about
    file.write_text(nbformat.writes(notebook) + "\n")


if __name__ == "__main__":
    for name in sys.argv[1:] or sorted(each.stem for each in TUTORIALS.glob("*.ipynb")):
        execute(TUTORIALS / f"{name}.ipynb")

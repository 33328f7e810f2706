"""What commands need that store something."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from support.openbao import wait_until
from support.processes import processes_naming, stop_all

from jupyter_qcred.issue.embedded.openbao import EmbeddedOpenBao


@pytest.fixture(scope="module")
def directory():
    """One embedded OpenBao for the module; held, so that commands join it."""
    place = Path(tempfile.mkdtemp(prefix="qcred-", dir="/tmp"))
    with EmbeddedOpenBao(directory=str(place / "o"), linger=0.0).hold():
        yield place / "o"
    wait_until("every process is gone", lambda: not processes_naming(place), seconds=60)
    stop_all(processes_naming(place))
    shutil.rmtree(place)

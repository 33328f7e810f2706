"""Where the tutorials run: an environment with the SDKs, vendors on loopback, OpenBao, a server."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support import deployment
from support.jupyter import isolated_environment
from support.packages import Environment

if TYPE_CHECKING:
    from support.jupyter import JupyterServer
    from support.openbao import OpenBao

ROOT = Path(__file__).parents[2]
TUTORIALS = ROOT / "docs" / "tutorials"

PACKAGES = (
    "qiskit-ibm-runtime==0.51.0",
    "qiskit-ionq==1.1.1",
    "amazon-braket-sdk==1.127.5",
    "dwave-cloud-client==0.14.8",
    "dwave-system==1.36.0",
    "matplotlib>=3.10",
)


def environment(place: Path) -> Environment:
    """Install the SDKs; what is not imported is not compiled."""
    os.environ["PIP_NO_COMPILE"] = "1"
    try:
        return Environment(place, *PACKAGES)
    finally:
        del os.environ["PIP_NO_COMPILE"]


class Vendors:
    """All four in a process of their own, which has the SDKs and runs what it is sent.

    Attributes:
        told: by credential: ``url``, ``profile`` and what an operator has ``stored``.
    """

    def __init__(self, environment: Environment, place: Path) -> None:
        self._file = place / "calls.jsonl"
        home = place / "vendors"
        (home / "tmp").mkdir(parents=True)
        self._process = subprocess.Popen(
            [environment.python, "-m", "tutorials.vendors", self._file],
            env=isolated_environment(home) | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"},
            cwd=home, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the vendors did not start"
        self.told: dict[str, dict[str, Any]] = json.loads(line)

    def calls(self, name: str) -> list[dict[str, Any]]:
        """Return the requests for a credential so far, oldest first."""
        calls = [json.loads(line) for line in self._file.read_text().splitlines()]
        return [call for call in calls if call["vendor"] == name]

    def secrets(self) -> set[str]:
        """Return each key that they know, and each value that was presented."""
        stored = {
            value
            for told in self.told.values()
            for field, value in told["stored"].items()
            if field in ("value", "secret_key")
        }
        presented = {call["presented"] for name in self.told for call in self.calls(name)}
        return {value for value in stored | presented if len(value) > 20}

    def close(self) -> None:
        """End them."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()


def platform(
    openbao: OpenBao, vendors: Vendors, environment: Environment, home: Path, **how: Any
) -> JupyterServer:
    """Return a server, not started, that has what an operator would set up for the vendors."""
    for name, told in vendors.told.items():
        openbao.put(name, **told["stored"])
    profiles = {name: told["profile"] for name, told in vendors.told.items()}
    server = environment.of(deployment.server(openbao, home, profiles, **how))
    server.env["MPLCONFIGDIR"] = str(fonts(environment))
    return server


def fonts(environment: Environment) -> Path:
    """Where matplotlib keeps what it found out about fonts, which takes it long."""
    return environment.place / "fonts"

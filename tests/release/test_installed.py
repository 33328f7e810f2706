"""What is released: built, installed into a clean environment, used, turned off, and taken away.

The tests go on in one environment, in the order in which they stand here.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how-to" / "turn-off.md"

pytestmark = pytest.mark.timeout(900)


@dataclass(frozen=True)
class Release:
    """What ``.ci/release`` made and left."""

    out: Path
    work: Path
    log: str

    @property
    def home(self) -> Path:
        """Of whoever used it there."""
        return self.work / "home"

    def run(self, *command: str, shell: bool = False) -> str:
        """Run a command as that user, with nothing but that environment; return what it says."""
        path = f"{self.work / 'clean' / 'bin'}:/usr/bin:/bin"
        done = subprocess.run(
            command[0] if shell else command, shell=shell, cwd=self.home, timeout=120,
            env={"PATH": path, "HOME": str(self.home), "LANG": "C.UTF-8",
                 "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
            check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        return re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)

    def traces(self) -> list[str]:
        """Return all paths with our name in them, in the environment and the home."""
        places = (self.work / "clean", self.home)
        found = (path for place in places for path in place.rglob("*qcred*"))
        return sorted(str(path.relative_to(self.work)) for path in found)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """Build and try a release, as a person does who makes one."""
    place = tmp_path_factory.mktemp("release")
    out, work = place / "dist", place / "work"
    # How packages are found and trusted here is kept, and nothing that says what Jupyter does.
    variables = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("JUPYTER", "VAULT_", "BAO_", "PYTEST", "PYTHON", "VIRTUAL_ENV"))
    }
    variables |= {"PYTHON": sys.executable, "RELEASE_WORK": str(work)}
    made = subprocess.run(
        [ROOT / ".ci" / "release", out], env=variables, cwd=place, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=800,
    )  # fmt: skip
    assert made.returncode == 0, made.stdout[-6000:]
    return Release(out, work, made.stdout)


def test_wheel_and_sdist_are_good_and_work_where_nothing_else_is(release: Release) -> None:
    """Metadata render, contents are complete, and a credential lives and dies there."""
    wheel, sdist = (next(release.out.glob(kind)) for kind in ("*.whl", "*.tar.gz"))
    assert wheel.name.startswith("jupyter_qcred-")
    assert sdist.name.startswith("jupyter_qcred-")
    assert release.log.count("PASSED") == 2
    assert "stored, issued, delivered, used, redacted, revoked, audited" in release.log


def test_the_sbom_names_what_is_installed(release: Release) -> None:
    """This package with its licence, and each distribution that it needs."""
    bom = json.loads(next(release.out.glob("*.cdx.json")).read_text())
    subject = bom["metadata"]["component"]
    assert bom["bomFormat"] == "CycloneDX"
    assert subject["name"] == "jupyter_qcred"
    assert "BSD-3-Clause" in json.dumps(subject["licenses"])
    named = {component["name"].lower().replace("_", "-") for component in bom["components"]}
    installed = json.loads(release.run("python", "-m", "pip", "list", "--format=json"))
    wanted = {one["name"].lower().replace("_", "-") for one in installed}
    assert wanted - {"jupyter-qcred", "pip", "setuptools"} <= named


def test_an_environment_is_turned_off_and_on(release: Release) -> None:
    """By the line in the guide, for all its users."""
    (off,) = re.findall(r"`(jupyter server extension disable \w+)`", PAGE.read_text())
    release.run(*off.split())
    assert "jupyter_qcred disabled" in release.run("jupyter", "server", "extension", "list")
    release.run(*off.replace("disable", "enable").split())
    assert "jupyter_qcred enabled" in release.run("jupyter", "server", "extension", "list")


def test_nothing_is_left_after_removal(release: Release) -> None:
    """What the guide lists is there, the guide's lines remove it, and no other trace remains."""
    removal = PAGE.read_text().partition("## Remove it")[2]
    blocks = re.findall(r"```console\n(.*?)```", removal, re.DOTALL)
    uninstall, clean_up = "".join(blocks).splitlines()[1], blocks[1].strip()
    assert "ibm-quantum" in release.run("jupyter", "qcred", "list")
    data = "home/.local/share/jupyter"
    release.run(*f"{uninstall} --yes".split())
    assert release.traces()
    ours = (f"{data}/qcred", f"{data}/runtime/qcred")
    assert [path for path in release.traces() if not path.startswith(ours)] == []
    told = {Path(name).name.rstrip("*") for name in re.findall(r"/qcred/([^`]+)`", removal)}
    there = {path.name for path in (release.work / data / "qcred").iterdir()}
    assert there <= told
    release.run(clean_up, shell=True)
    assert release.traces() == []
    assert "qcred" not in release.run("jupyter", "server", "extension", "list")

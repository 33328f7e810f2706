"""Each adapter drives the real SDK, in an environment of its own, against a vendor on loopback.

The tests themselves are in ``sdks/``, and run there by a pytest of their own. The light SDKs are
tried in each run; the others, of up to 600 MB, where ``QCRED_SDKS`` is ``all`` or names them. With
``QCRED_SDKS_NEWEST`` it is their latest releases, whatever the adapters say that they were tested
with: what fails then is a seam that has moved.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from support.jupyter import isolated_environment
from support.packages import Environment

from jupyter_qcred.kernel.adapters import registry

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

LIGHT = {
    "boto3_session": ["boto3==1.44.5"],
    "azure_core": ["azure-core==1.41.0"],
    "google_auth": ["google-auth==2.62.2"],
    "dwave_cloud": ["dwave-cloud-client==0.14.8"],
    "qcs_sdk": ["qcs-sdk-python==0.31.1"],
}
HEAVY = {
    "cirq_google_engine": ["cirq-google==1.7.0"],
    "cirq_ionq_service": ["cirq-ionq==1.7.0"],
    "ibm_runtime": ["qiskit-ibm-runtime==0.51.0"],
    "iqm_server": ["iqm-client==36.0.0"],
    "pasqal_cloud": ["pasqal-cloud==0.24.0"],
    "qiskit_ionq_provider": ["qiskit-ionq==1.1.1"],
    "qnexus_client": ["qnexus==0.51.1"],
    "azure_workspace": ["azure-quantum==3.13.0"],
    "amazon_braket": ["amazon-braket-sdk==1.127.5"],
}
ASKED = os.environ.get("QCRED_SDKS", "").split(",")

HOSTILE = {
    ".env": "IONQ_API_URL=https://evil.example\nQISKIT_IONQ_API_URL=https://evil.example\n",
    "ibm-credentials.env": "GLOBAL_SEARCH_URL=https://evil.example\nIAM_URL=https://evil.example\n",
    "dwave.conf": "[defaults]\nendpoint = https://evil.example\n",
}


def passes(name: str, packages: list[str], place: Path) -> None:
    """Run the tests of one SDK in a folder that a stranger has prepared."""
    newest = os.environ.get("QCRED_SDKS_NEWEST", "")
    if newest:
        packages = [package.partition("==")[0] for package in packages]
    environment = Environment(place / "venv", *packages)
    folder = place / "home" / "work"
    folder.mkdir(parents=True)
    for file, text in HOSTILE.items():
        (folder / file).write_text(text)
    variables = isolated_environment(place / "home") | {"QCRED_SDKS_NEWEST": newest}
    (place / "home" / "tmp").mkdir()
    done = subprocess.run(
        [environment.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", ROOT,
         "-c", ROOT / "pyproject.toml", "-o", "filterwarnings=default", "-W", "default",
         HERE / "sdks" / f"{name}.py"],
        cwd=folder, env=variables, capture_output=True, text=True, timeout=150, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


@pytest.mark.parametrize("name", LIGHT)
def test_a_light_sdk_is_driven_through_renewals(name, tmp_path):
    """One client before three renewals works after them, and is refused after the end."""
    passes(name, LIGHT[name], tmp_path)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", HEAVY)
def test_a_heavy_sdk_is_driven_through_renewals(name, tmp_path):
    """The same for those that take long to install."""
    if "all" not in ASKED and name not in ASKED:
        pytest.skip("QCRED_SDKS=all runs it")
    passes(name, HEAVY[name], tmp_path)


def test_every_adapter_is_tried_with_its_real_sdk():
    """None is shipped that was never seen to work."""
    tried = " ".join(path.read_text() for path in (HERE / "sdks").glob("*.py"))
    assert [vendor for vendor in registry.vendors() if f'"{vendor}"' not in tried] == []

"""Each adapter drives the real SDK, in an environment of its own, against a vendor on loopback.

The tests of each SDK are in ``sdks/``, and run there by a pytest of their own; ``days.py`` has what
a notebook does with it from its first cell to the end of its kernel. The light SDKs are tried in
each run; the others, of up to 600 MB, where ``QCRED_SDKS`` is ``all`` or names them. With
``QCRED_SDKS_NEWEST`` it is their latest releases, whatever the adapters say that they were tested
with: what fails then is a seam that has moved.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from adapters.clouds import KEY
from adapters.days import DAYS, elsewhere
from support import deployment
from support.deployment import events
from support.jupyter import isolated_environment
from support.openbao import wait_until
from support.packages import Environment
from support.sweep import files_with, texts_with

from jupyter_qcred.core.static_key import STATIC_KEY_MEANS
from jupyter_qcred.kernel.adapters import registry
from jupyter_qcred.testing.vendor import Vendor, bearer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from adapters.clouds import Cloud
    from adapters.days import Day
    from support.jupyter import JupyterServer, Kernel
    from support.openbao import OpenBao

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
    "pennylane_braket": ["amazon-braket-pennylane-plugin==1.36.1", "amazon-braket-sdk==1.127.5"],
}
PACKAGES = LIGHT | HEAVY
ASKED = os.environ.get("QCRED_SDKS", "").split(",")
NEWEST = os.environ.get("QCRED_SDKS_NEWEST", "")

HOSTILE = {
    ".env": "IONQ_API_URL=https://evil.example\nQISKIT_IONQ_API_URL=https://evil.example\n"
    "IONQ_API_KEY=theirs\n",
    "ibm-credentials.env": "GLOBAL_SEARCH_URL=https://evil.example\nIAM_URL=https://evil.example\n"
    "GLOBAL_CATALOG_URL=https://evil.example\nGLOBAL_SEARCH_DISABLE_SSL=true\n",
    "dwave.conf": "[defaults]\nendpoint = https://evil.example\nproxy = http://evil.example\n"
    "permissive_ssl = true\ntoken = theirs\n",
    "qiskit-ibm.json": '{"default": {"channel": "ibm_quantum_platform", "token": "theirs", '
    '"url": "https://evil.example"}}',
}


class Installed(NamedTuple):
    """An SDK in an environment of its own."""

    name: str
    environment: Environment


@pytest.fixture(scope="module", params=PACKAGES)
def sdk(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installed]:
    """One SDK after the other; what is gone is deleted, since all of them are gigabytes."""
    name = request.param
    if name in HEAVY and "all" not in ASKED and name not in ASKED:
        pytest.skip("QCRED_SDKS=all runs it")
    packages = [one.partition("==")[0] if NEWEST else one for one in PACKAGES[name]]
    environment = Environment(tmp_path_factory.mktemp(name) / "venv", *packages)
    yield Installed(name, environment)
    shutil.rmtree(environment.place)


@pytest.mark.timeout(600)
def test_an_sdk_is_driven_through_renewals(sdk: Installed, tmp_path: Path) -> None:
    """One client before three renewals works after them, and is refused after the end.

    It does so in a folder that a stranger has prepared.
    """
    folder = tmp_path / "home" / "work"
    folder.mkdir(parents=True)
    for file, text in HOSTILE.items():
        (folder / file).write_text(text)
    variables = isolated_environment(tmp_path / "home") | {"QCRED_SDKS_NEWEST": NEWEST}
    (tmp_path / "home" / "tmp").mkdir()
    done = subprocess.run(
        [sdk.environment.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n0",
         "--rootdir", ROOT, "-c", ROOT / "pyproject.toml", "-o", "filterwarnings=default",
         "-W", "default", HERE / "sdks" / f"{sdk.name}.py"],
        cwd=folder, env=variables, capture_output=True, text=True, timeout=500, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


@pytest.mark.timeout(600)
def test_a_kernel_s_client_works_until_the_kernel_ends(
    sdk: Installed,
    make_server: Callable[..., JupyterServer],
    fresh_openbao: OpenBao,
    tmp_path: Path,
) -> None:
    """One client, four values one after the other, none of them dead; the last ends as told.

    What the vendor issues for some seconds dies with them, and what it never ends is said to be a
    static key. Somebody else's keys and addresses in the environment are not used, and nobody is
    asked there. The stored key of an exchange, and every value, is in no file of the server.
    """
    if NEWEST or sdk.name not in DAYS:
        pytest.skip("it has no day of its own")
    day = DAYS[sdk.name]
    deployment.provide(fresh_openbao)
    with day.cloud(tmp_path / "tls") as cloud, Vendor(bearer, lambda *_: {}) as stranger:
        fresh_openbao.put(day.vendor, **day.fields(cloud))
        profiles = {day.vendor: day.profile(cloud)}
        made = make_server(fresh_openbao, profiles=profiles, start=False)
        server = sdk.environment.of(made).start()
        kernel = server.open_notebook("work.ipynb")
        assert loaded(kernel, day.module) == "False"
        run(kernel, "import jupyter_qcred as qcred; qcred.list()")
        assert loaded(kernel, day.module) == "False"
        run(kernel, f"import os; os.environ.update({elsewhere(stranger.url)!r})")
        run(kernel, filled(day.make, cloud))
        if day.exchange:
            rotate(day, cloud, kernel)
        else:
            replace(day, cloud, kernel, fresh_openbao)
        assert (cloud.refused, stranger.calls) == (0, [])
        last = cloud.taken[-1]
        kernel.delete()
        wait_until(
            "its end is on record", lambda: events(server.home, "revoked", credential=day.vendor)
        )
        ended = events(server.home, "revoked", credential=day.vendor)
        assert {event["outcome"] for event in ended} == {"unsupported"}
        if day.exchange:
            wait_until("the vendor refuses what it had", lambda: not cloud.accepts(last), 60)
        else:
            assert {event["labels"]["static-key"] for event in ended} == {STATIC_KEY_MEANS}
            assert cloud.accepts(last)
    assert server.terminate() == 0
    received = [text for one in server.kernels for text in one.received]
    for value in (KEY, *cloud.issued):
        assert files_with(value, server.home) == []
        assert texts_with(value, [*server.answers, *received]) == []


def rotate(day: Day, cloud: Cloud, kernel: Kernel) -> None:
    """Work until the vendor has issued anew three times, and the client has used each of them."""

    def works() -> bool:
        run(kernel, filled(day.work, cloud))
        return len(set(cloud.taken)) >= 4

    wait_until("it worked with four values", works, seconds=180, pause=0.25)


def replace(day: Day, cloud: Cloud, kernel: Kernel, openbao: OpenBao) -> None:
    """Work with four static keys one after the other, each stored in the place of the last."""
    told = kernel.execute("print(qcred.status())").text
    assert f"static key: {STATIC_KEY_MEANS}" in told
    for number, key in enumerate(cloud.issued):
        if number:
            openbao.put(day.vendor, **(day.fields(cloud) | {day.key: key}))
            cloud.ends[cloud.issued[number - 1]] = 0
            run(kernel, f"qcred.renew({day.vendor!r})")
        run(kernel, filled(day.work, cloud))
        assert cloud.taken[-1] == key


def filled(code: str, cloud: Cloud) -> str:
    """Return a cell that knows where the vendor is."""
    authority = cloud.authority if "{authority}" in code else ""
    return code.replace("{url}", cloud.url).replace("{authority}", str(authority))


def run(kernel: Kernel, code: str) -> None:
    """Run a cell that has to work."""
    done = kernel.execute(code)
    assert done.ok, done.text


def loaded(kernel: Kernel, module: str) -> str:
    """Whether the kernel has imported an SDK, as text."""
    return kernel.execute(f"import sys; print({module!r} in sys.modules)").text.strip()


def test_every_adapter_is_tried_with_its_real_sdk() -> None:
    """None is shipped that was never seen to work, in a test of its own and for a day."""
    tried = " ".join(path.read_text() for path in (HERE / "sdks").glob("*.py"))
    assert [vendor for vendor in registry.vendors() if f'"{vendor}"' not in tried] == []
    assert {day.vendor for day in DAYS.values()} == set(registry.vendors())
    assert PACKAGES.keys() == {
        path.stem for path in (HERE / "sdks").glob("*.py") if path.stem != "conftest"
    }

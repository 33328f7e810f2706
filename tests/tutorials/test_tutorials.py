"""Each tutorial runs on the platform and off it, and its file holds no secret.

On it: a Jupyter server, OpenBao, the vendors' own SDKs, and vendors on the loopback interface that
check what is presented and run what is sent. Off it: the same SDKs' simulators, and no server.
"""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from support.jupyter import isolated_environment
from support.remains import remains
from support.terminal import typed
from tutorials import stage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.jupyter import JupyterServer
    from support.openbao import OpenBao
    from support.packages import Environment
    from tutorials.stage import Vendors

PICTURES = {
    "amazon-braket": 1,
    "dwave": 1,
    "from-pasted-keys": 1,
    "ibm-quantum": 2,
    "ionq": 1,
}
TYPED = """
import jupyter_qcred as qcred
from qiskit import QuantumCircuit

ions = qcred.requires("ionq", fallback="ask")
flip = QuantumCircuit(1)
flip.x(0)
flip.measure_all()
print("counts:", ions.backend(url="{url}").run(flip, shots=10).result().get_counts(), repr(ions))
"""
each = pytest.mark.parametrize("name", PICTURES)
pytestmark = pytest.mark.timeout(900)  # the first one installs the SDKs


@pytest.fixture(scope="module")
def sdks(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """One environment for all: they share most of what they need."""
    return stage.environment(tmp_path_factory.mktemp("sdks") / "venv")


@pytest.fixture(scope="module")
def vendors(sdks: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vendors]:
    """They know keys that nobody has seen before."""
    made = stage.Vendors(sdks, tmp_path_factory.mktemp("vendors"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def server(
    openbao: OpenBao,
    vendors: Vendors,
    sdks: Environment,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[JupyterServer]:
    """The platform. At its end nothing of the vendors' keys may be in a file of its home."""
    made = stage.platform(openbao, vendors, sdks, tmp_path_factory.mktemp("home"))
    try:
        yield made.start()
    finally:
        made.close()
    received = [text for kernel in made.kernels for text in kernel.received]
    assert remains(made.home, [*made.answers, *received]) == []
    assert secrets_in(vendors, made.home) == []
    assert not [text for text in received if any(key in text for key in vendors.secrets())]


def secrets_in(vendors: Vendors, *places: Path) -> list[str]:
    """Return the files that hold a value, plain or in base64."""
    forms = [value.encode() for value in vendors.secrets()]
    forms += [base64.b64encode(form).rstrip(b"=") for form in forms]
    files = [file for place in places for file in [place, *place.rglob("*")] if file.is_file()]
    return [str(file) for file in files if any(form in file.read_bytes() for form in forms)]


def pictures(notebook: Any) -> list[bytes]:
    """Return the pictures in the outputs."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    found = [
        output["data"]["image/png"] for output in outputs if "image/png" in output.get("data", {})
    ]
    return [base64.b64decode(one) for one in found]


def first_words(notebook: Any) -> str:
    """Return what the first code cell printed."""
    cell = next(cell for cell in notebook.cells if cell.cell_type == "code")
    text: str = cell.outputs[0]["text"]
    return text


@each
def test_on_the_platform_the_vendor_answers(
    name: str, server: JupyterServer, vendors: Vendors
) -> None:
    """As in a browser: run all, save; the file has the pictures, and no value of the vendor's."""
    path = f"{name}.ipynb"
    shutil.copy(stage.TUTORIALS / path, server.root)
    notebook = nbformat.read(server.root / path, 4)
    (credential,) = notebook.metadata["qcred"]["requires"]
    before = len(vendors.calls(credential))
    kernel = server.open_notebook(path)
    assert kernel._socket is not None
    kernel._socket.settimeout(240)  # importing an SDK takes a busy machine long
    for cell in notebook.cells:
        if cell.cell_type == "code":
            ran = kernel.execute(cell.source)
            assert ran.ok, ran.text
            cell.outputs = ran.outputs
    server.save(path, notebook)
    kernel.delete()
    saved = nbformat.read(server.root / path, 4)
    assert first_words(saved) == f"{credential}: live.\n"
    assert len(pictures(saved)) == PICTURES[name]
    calls = vendors.calls(credential)[before:]
    assert {call["status"] for call in calls} == {200}
    assert {"POST", "GET"} & {call["method"] for call in calls if call["presented"]}
    assert not [cell for cell in saved.cells if "stderr" in str(cell.get("outputs", ""))]
    assert secrets_in(vendors, server.root / path) == []


@each
def test_off_the_platform_a_simulator_does(name: str, sdks: Environment, tmp_path: Path) -> None:
    """The same cells, in a kernel that no server of ours started, and the same pictures."""
    (tmp_path / "home" / "tmp").mkdir(parents=True)
    file = shutil.copy(stage.TUTORIALS / f"{name}.ipynb", tmp_path)
    variables = isolated_environment(tmp_path / "home")
    variables["MPLCONFIGDIR"] = str(stage.fonts(sdks))
    done = subprocess.run(
        [sdks.python, "-c", "from nbclient.cli import main; main()", "--inplace", file],
        env=variables, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    notebook = nbformat.read(file, 4)
    words = first_words(notebook)
    assert ": not live, a simulator on this machine (" in words
    assert words.endswith("was not started by a Jupyter server with jupyter_qcred.\n")
    assert len(pictures(notebook)) == PICTURES[name]


def test_a_reader_who_is_not_entitled_gets_a_simulator(server: JupyterServer) -> None:
    """A server is there, and this notebook's list leaves the credential out: it says so."""
    metadata = {"qcred": {"requires": ["dwave"]}}
    kernel = server.open_notebook("left-out.ipynb", metadata=metadata)
    first = 'import jupyter_qcred as qcred\nions = qcred.requires("ionq")'
    told = kernel.execute(first).text
    assert told.startswith("ionq: not live, a simulator on this machine (qiskit's BasicSimulator).")
    assert "was not started by" not in told
    assert "BasicSimulator" in kernel.execute("ions.backend()").text
    kernel.delete()


def test_a_key_that_a_reader_types_works_and_is_nowhere(
    sdks: Environment, vendors: Vendors, tmp_path: Path
) -> None:
    """With the vendor's own SDK, in plain Python: the vendor takes it, and no file has it."""
    stored = vendors.told["ionq"]["stored"]
    before = len(vendors.calls("ionq"))
    (tmp_path / "tmp").mkdir()
    text = typed(
        TYPED.format(url=stored["url"]), "simulator): ", stored["value"],
        env=isolated_environment(tmp_path), cwd=tmp_path, python=sdks.python,
    )  # fmt: skip
    assert "ionq: live, with what you typed." in text
    assert "counts: {'1': 10}" in text
    assert {call["presented"] for call in vendors.calls("ionq")[before:]} - {""} == {
        stored["value"]
    }
    assert stored["value"] not in text
    assert secrets_in(vendors, tmp_path) == []


def test_the_files_have_their_pictures_already() -> None:
    """Whoever reads them in the documentation sees what came out, on simulators."""
    files = sorted(stage.TUTORIALS.glob("*.ipynb"))
    assert [file.stem for file in files] == sorted(PICTURES)
    for file in files:
        notebook = nbformat.read(file, 4)
        assert len(pictures(notebook)) == PICTURES[file.stem], f"run docs/execute.py {file.stem}"
        assert ": not live, a simulator on this machine (" in first_words(notebook)


def test_what_the_tutorial_says_of_the_scan_is_what_it_says(tmp_path: Path) -> None:
    """Its first notebook is refused, with these very words."""
    notebook = nbformat.read(stage.TUTORIALS / "from-pasted-keys.ipynb", 4)
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    (before,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (shown,) = re.findall(r"before\.ipynb\n(before\.ipynb\n.*?)```", text, re.DOTALL)
    cell = nbformat.v4.new_code_cell(before)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), str(tmp_path / "before.ipynb"))
    done = scan("before.ipynb", tmp_path)
    assert done.returncode == 1
    told, _, _ = done.stdout.partition("\n\n")
    fingerprint = re.compile(r"\b[A-Z2-7]{16}\b")
    assert fingerprint.sub("…", told).strip() == fingerprint.sub("…", shown).strip()


def test_the_vendors_take_nothing_but_what_is_alive(vendors: Vendors) -> None:
    """A tutorial that runs there has presented its credential; nothing else would do."""
    url = {name: told["url"] for name, told in vendors.told.items()}
    wrong = "wrong-0123456789abcdef0123456789"
    asked = {
        "ibm-quantum": ("/backends", {"Authorization": f"Bearer {wrong}"}),
        "ionq": ("/v0.4/jobs", {"Authorization": f"apiKey {wrong}"}),
        "dwave": ("/sapi/v2/solvers/remote/", {"X-Auth-Token": wrong}),
        "amazon-braket": ("/device/x", {"X-Amz-Security-Token": wrong}),
    }
    answers = {
        name: requests.get(url[name] + path, headers=headers, timeout=30).status_code
        for name, (path, headers) in asked.items()
    }
    assert answers == dict.fromkeys(asked, 401)
    assert sts(vendors, "secret_key") == 200
    assert sts(vendors, "access_key") == 401  # signed with something else


def sts(vendors: Vendors, key: str) -> int:
    """Ask for a role's session, with a signature by one of the stored fields."""
    stored = vendors.told["amazon-braket"]["stored"]
    options = vendors.told["amazon-braket"]["profile"]["source"]["options"]
    asked = {"Action": "AssumeRole", "DurationSeconds": "900", "RoleArn": options["role_arn"]}
    body = requests.Request("POST", options["url"], data=asked).prepare().body
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    request = AWSRequest("POST", options["url"], data=body, headers=form)
    SigV4Auth(Credentials(stored["access_key"], stored[key]), "sts", "us-east-1").add_auth(request)
    headers = dict(request.headers.items())
    return requests.post(options["url"], data=body, headers=headers, timeout=30).status_code


def test_our_own_tutorials_pass_the_scan(tmp_path: Path) -> None:
    """What we tell others not to do, we do not."""
    done = scan(stage.TUTORIALS, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def scan(what: str | Path, place: Path) -> subprocess.CompletedProcess[str]:
    """Look at a tutorial, as a pipeline does."""
    (place / "tmp").mkdir()
    return subprocess.run(
        [sys.executable, "-m", "jupyter_qcred.cli.main", "scan", "--tutorial", what],
        env=isolated_environment(place), cwd=place, capture_output=True, text=True, check=False,
        timeout=60,
    )  # fmt: skip

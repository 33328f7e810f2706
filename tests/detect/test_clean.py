"""Clean things stay clean: what fills notebooks and looks random."""

from __future__ import annotations

import base64
import json
import random
import uuid
from typing import TYPE_CHECKING

import pytest

from benchmarks.notebook import notebook
from jupyter_qcred.detect import Detectors
from jupyter_qcred.redact.tree import collect

if TYPE_CHECKING:
    from collections.abc import Callable

ALL = Detectors.builtin()


def _hex(rng: random.Random, count: int) -> str:
    return rng.randbytes((count + 1) // 2).hex()[:count]


def _base64(rng: random.Random, count: int) -> str:
    return base64.b64encode(rng.randbytes(count)).decode()


def _uuid(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _bits(rng: random.Random, count: int) -> str:
    return f"{rng.getrandbits(count):0{count}b}"


CLEAN: dict[str, Callable[[random.Random], str]] = {
    "git log": lambda r: (
        f"commit {_hex(r, 40)}\nAuthor: a <a@b.test>\n\n    Add IBM token handling"
    ),
    "git describe": lambda r: f"qiskit-v1.2.0-14-g{_hex(r, 9)} ibm aws ionq",
    "submodule": lambda r: f" {_hex(r, 40)} vendor/ionq (heads/main)",
    "docker digest": lambda r: f"FROM ibm/qiskit@sha256:{_hex(r, 64)}",
    "sha sums": lambda r: f"{_hex(r, 64)}  dwave.tar.gz\n{_hex(r, 128)}  qiskit.tar.gz",
    "sha512 label": lambda r: f"qiskit sha512={_hex(r, 128)}",
    "pip hashes": lambda r: (
        "qiskit-ibm-runtime==0.40 \\\n"
        + "\n".join(f"    --hash=sha256:{_hex(r, 64)} \\" for _ in range(5))
    ),
    "conda lock": lambda r: (
        f"- name: amazon-braket-sdk\n  hash:\n    md5: {_hex(r, 32)}\n    sha256: {_hex(r, 64)}\n"
        f"  url: https://conda.anaconda.org/conda-forge/noarch/ionq-1.0-pyhd8ed1ab_0.conda"
    ),
    "uv lock": lambda r: (
        'name = "qiskit-ionq"\nsdist = { url = "https://files.pythonhosted.org/packages/'
        f'{_hex(r, 2)}/{_hex(r, 2)}/{_hex(r, 60)}/ionq.tar.gz", hash = "sha256:{_hex(r, 64)}" }}'
    ),
    "yarn integrity": lambda r: f'"@ibm/plex@^6":\n  integrity sha512-{_base64(r, 64)}',
    "sri": lambda r: f'<script integrity="sha384-{_base64(r, 48)}" src="ibm.js"></script>',
    "uuids": lambda r: f"aws session {_uuid(r)}, token: {_uuid(r)}, ionq job {_uuid(r)}",
    "cell ids": lambda r: json.dumps({"id": _hex(r, 8), "cell_type": "code", "token": _uuid(r)}),
    "widget": lambda r: json.dumps(
        {"application/vnd.jupyter.widget-view+json": {"model_id": _hex(r, 32), "ionq": 1}}
    ),
    "widget state": lambda r: json.dumps(
        {_hex(r, 32): {"model_name": "IonQModel", "state": {"layout": f"IPY_MODEL_{_hex(r, 32)}"}}}
    ),
    "colab": lambda r: json.dumps(
        {"colab": {"provenance": [{"file_id": f"1{_base64(r, 24)[:32]}", "timestamp": 1}]}}
    ),
    "colab output": lambda r: json.dumps({"outputId": _uuid(r), "id": _base64(r, 9)}),
    "image": lambda r: _base64(r, 30_000),
    "image in HTML": lambda r: f'ibm <img src="data:image/png;base64,{_base64(r, 6_000)}"/> aws',
    "wrapped image": lambda r: "\n".join(_base64(r, 57) for _ in range(200)),
    "counts": lambda r: repr({_bits(r, 40): r.randint(1, 900) for _ in range(60)}),
    "hidden string": lambda r: f's = "{_bits(r, 24)}"\nsecret = "{_bits(r, 64)}"',
    "array": lambda r: repr([r.random() for _ in range(100)]),
    "complex": lambda r: f"Statevector([{r.random():.8f}+{r.random():.8f}j], dims=(2, 2)) ibm",
    "hex array": lambda r: " ".join(f"0x{_hex(r, 16)}" for _ in range(20)),
    "memory": lambda r: f"<ionq.Token object at 0x{_hex(r, 12)}> token=<Token 0x{_hex(r, 12)}>",
    "crn": lambda r: (
        f"crn:v1:bluemix:public:quantum-computing:us-east:a/{_hex(r, 32)}:{_uuid(r)}::"
    ),
    "arn": lambda r: (
        f"arn:aws:braket:us-east-1:{r.randint(10**11, 10**12)}:quantum-task/{_uuid(r)}"
    ),
    "ibm job": lambda r: f"ibm job cz{_hex(r, 18)} on ibm_torino is DONE",
    "resource id": lambda r: (
        f"/subscriptions/{_uuid(r)}/resourceGroups/AzureQuantum/providers/Microsoft.Quantum"
    ),
    "qasm": lambda r: "OPENQASM 3.0;\n" + "\n".join(f"cx q[{n}], q[{n + 1}];" for n in range(50)),
    "tokenizer": lambda r: (
        'tokenizer = AutoTokenizer.from_pretrained("bert-base-uncased")\n'
        f'max_new_tokens={r.randint(1, 4096)}, pad_token="[PAD]", eos_token="<|endoftext|>"'
    ),
    "training": lambda r: f"tokens: {r.randint(1, 10**12)} secret: 0.{r.randint(1, 10**9)}",
    "code": lambda _: (
        'token = os.environ["IBM_QUANTUM_TOKEN"]\napi_key = os.getenv("IONQ_API_KEY")\n'
        "password = getpass('Password: ')\nsecret = vault.secrets.kv.v2.read_secret(path='ionq1')\n"
        "token=token, password=settings.password, api_key=cfg['ionq']['api_key']"
    ),
    "helper": lambda _: 'import jupyter_qcred as qcred\nqcred.get("ibm-quantum").reveal()',
    "placeholders": lambda _: 'token="[redacted:ibm-quantum]" [redacted:generic-secret] key: ***',
    "examples": lambda _: (
        "export AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n"
        'token = "YOUR_TOKEN_HERE_12345"\napi_key: <your key 1>\npassword = "${PASSWORD_2}"\n'
        "postgresql://user:password@localhost/db  hvs.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
    ),
    "links": lambda r: (
        f"https://ibm.com/docs/{_hex(r, 6)} https://arxiv.org/abs/2401.01234v2 "
        f"https://drive.google.com/file/d/1{_hex(r, 32)}/view mailto:a@b.test http://a:8080/x@y"
    ),
    "certificate": lambda r: (
        f"-----BEGIN CERTIFICATE-----\n{_base64(r, 48)}\n-----END CERTIFICATE-----"
    ),
    "public key": lambda r: f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{_base64(r, 32)[:43]} a@aws",
    "doi": lambda r: f"doi:10.1103/PhysRevLett.{r.randint(100, 130)}.{r.randint(10000, 99999)} IBM",
    "plotly": lambda r: json.dumps(
        {"data": [{"y": {"dtype": "f8", "bdata": _base64(r, 800)}, "uid": _uuid(r)}], "aws": 1}
    ),
    "mathjax": lambda _: r"$\ket{\psi} = \frac{1}{\sqrt{2}}(\ket{00}+\ket{11})$ token \\nu \times",
    "mime bundle": lambda r: json.dumps(
        {"text/html": f"<div id='ibm-{_uuid(r)}'>{_hex(r, 40)}</div>"}
    ),
    "version": lambda r: f"password-store: 1.7.4-{r.randint(1, 9)}\nlibsecret: 0.21.4-1ubuntu3",
    "k8s": lambda r: (
        f"secretName: ionq-credentials-{r.randint(1, 9)}\nsecret: tls-cert-prod-{_hex(r, 2)}"
    ),
    "etag": lambda r: f'aws s3 ETag: "{_hex(r, 32)}", x-amz-id-2 {_uuid(r)}',
}


@pytest.mark.parametrize("kind", CLEAN)
def test_a_clean_text_has_no_finding(kind: str) -> None:
    """Hashes, ids, images, numbers and code are left byte for byte alone, as text and in JSON."""
    for seed in range(40):
        text = CLEAN[kind](random.Random(f"{kind} {seed}"))
        assert ALL.find(text) == []
        assert ALL.find(json.dumps({"source": [text, "x"]}, indent=1)) == []


def test_a_clean_notebook_has_no_finding() -> None:
    """A researcher's notebook with everything in it, leaf by leaf and as a file."""
    book = notebook(2_000_000)
    leaves = collect(book).texts
    assert ALL.find_each(leaves) == {}
    assert ALL.find(json.dumps(book, indent=1)) == []


def test_everything_clean_side_by_side_has_no_finding() -> None:
    """Words of vendors stand near everything, as in a lab's notebook."""
    words = "ibm qiskit aws ionq dwave vault azure token secret"
    for seed in range(10):
        rng = random.Random(seed)
        kinds = rng.sample(sorted(set(CLEAN) - {"ibm job"}), 12)
        for kind in kinds:
            text = CLEAN[kind](rng)
            assert ALL.find(f"# {words}\n{text}\n# {words}\n") == [], kind

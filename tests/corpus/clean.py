"""Notebooks with nothing to hide, of all that a redactor could take for a value.

Pure: the same number gives the same notebook. All but the old minor versions are as nbformat's
newest version wants them; every one is valid.
"""

from __future__ import annotations

import json
import random
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from corpus.clean_outputs import KINDS
from corpus.places import a_notebook, code, prose

if TYPE_CHECKING:
    from collections.abc import Iterator

NUMBER: Final = 240

_PROSE: Final = (
    "## Bell state\n\nWe prepare $\\frac{1}{\\sqrt2}(|00\\rangle + |11\\rangle)$ and measure it.\n",
    "# 量子計算の実験\n\n回路を実行して結果を確認します。エラー率は 0.3 % です。\n",
    "# ניסוי קוונטי\n\nتجربة الكم: نقيس الحالة ثم نعيد الحساب.\n",
    "| gate | error |\n|------|-------|\n| cx   | 0.0071 |\n| sx   | 0.0002 |\n",
    "See [the job](https://quantum.example.org/jobs/cx9f2ra8vq2g008wt3zg?page=2&sort=-created).\n",
    "The key is never shown: `qcred.get('ibm-quantum')` hands it to the client. 🔑🧪\n",
    "S P A C E D headings, and l e t t e r s   a p a r t.\n",
    "",
)
_SOURCES: Final = (
    "from qiskit import QuantumCircuit\nqc = QuantumCircuit(2)\nqc.h(0)\nqc.cx(0, 1)\n",
    "import numpy as np\nrng = np.random.default_rng(20260101)\nx = rng.normal(size=(8, 8))\nx",
    "token = os.environ['IQP_TOKEN']  # [redacted:ibm-quantum] stood here once\n",
    "%%bash\ngit rev-parse HEAD\nsha256sum data/*.npz\n",
    "!pip install --require-hashes -r requirements.txt",
    "secret = hashlib.sha512(b'not one').hexdigest()\npassword = getpass()\n",
    "",
)


def clean_notebooks(number: int = NUMBER) -> Iterator[dict[str, Any]]:
    """Return as many notebooks, each kind of output many times among them."""
    return islice(map(clean_notebook, range(number)), number)


def clean_notebook(number: int) -> dict[str, Any]:
    """Return the notebook of that number."""
    rng = random.Random(f"clean {number}")
    kinds = list(KINDS.values())
    first = kinds[number % len(kinds)]
    cells = [prose(rng.choice(_PROSE)), code(rng.choice(_SOURCES), first(rng))]
    for _ in range(rng.randint(0, 6)):
        cells.append(code(_lines(rng, rng.choice(_SOURCES)), rng.choice(kinds)(rng)))
        if rng.random() < 0.4:
            cells.append(prose(_lines(rng, rng.choice(_PROSE)), rng.choice(("markdown", "raw"))))
    made = a_notebook(*cells, **_metadata(rng))
    for cell in made["cells"]:
        cell["id"] = f"{rng.getrandbits(32):08x}-{rng.getrandbits(16):04x}"
    return _older(made, number % 6)


def _lines(rng: random.Random, text: str) -> str | list[str]:
    return text if rng.random() < 0.5 else text.splitlines(keepends=True)


def _metadata(rng: random.Random) -> dict[str, Any]:
    if rng.random() < 0.6:
        return {}
    model = {
        "model_name": "LayoutModel",
        "model_module": "@jupyter-widgets/base",
        "model_module_version": "2.0.0",
        "state": {"_view_count": None, "width": "auto"},
    }
    state = {f"{rng.getrandbits(128):032x}": model for _ in range(rng.randint(1, 8))}
    widgets = {"state": state, "version_major": 2, "version_minor": 0}
    run = {"parameters": {"shots": 4096, "seed": rng.getrandbits(40)}, "duration": rng.random()}
    return {
        "widgets": {"application/vnd.jupyter.widget-state+json": widgets},
        "papermill": run,
        "vscode": {"interpreter": {"hash": f"{rng.getrandbits(256):064x}"}},
    }


def _older(notebook: dict[str, Any], minor: int) -> dict[str, Any]:
    """As an earlier minor version has it: cells have ids since 4.5, attachments since 4.1."""
    if minor < 5:
        for cell in notebook["cells"]:
            del cell["id"]
    return {**notebook, "nbformat_minor": minor}


def as_text(notebook: dict[str, Any]) -> str:
    """As nbformat writes it, lone surrogates and all."""
    try:
        text = json.dumps(notebook, ensure_ascii=False, indent=1)
        text.encode()
    except UnicodeEncodeError:
        text = json.dumps(notebook, indent=1)
    return f"{text}\n"

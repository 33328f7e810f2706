"""A directory as a scanner meets it: files of many kinds, some with one key each, most without.

A key stands as people write it: under the name of its variable, in the call of its library. What a
scanner has to tell apart from it is in the clean files: hashes, ids, placeholders, images.
"""

from __future__ import annotations

import base64
import json
import random
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from corpus.clean import as_text, clean_notebook
from corpus.outputs import display, stream
from corpus.places import a_notebook, code, prose
from corpus.values import values

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_NAMES: Final = {
    "ibm-quantum": "IBM_QUANTUM_TOKEN",
    "ibm-legacy": "IBMQ_API_TOKEN",
    "d-wave": "DWAVE_API_TOKEN",
    "ionq": "IONQ_API_KEY",
    "aws-key-id": "AWS_ACCESS_KEY_ID",
    "aws-key-id-letters": "AWS_ACCESS_KEY_ID",
    "aws-secret-key": "AWS_SECRET_ACCESS_KEY",
    "aws-session": "AWS_SESSION_TOKEN",
    "azure-secret": "AZURE_CLIENT_SECRET",
    "azure-connection": "AZURE_QUANTUM_CONNECTION_STRING",
    "jwt": "PASQAL_TOKEN",
    "quantinuum": "QUANTINUUM_REFRESH_TOKEN",
    "vault": "VAULT_TOKEN",
    "vault-long": "VAULT_TOKEN",
    "github": "GITHUB_TOKEN",
    "private-key": "SIGNING_KEY",
    "qbraid": "QBRAID_API_KEY",
    "client-secret": "OAUTH_CLIENT_SECRET",
}
"""The variable that holds a vendor's value."""

_CLEAN_TEXT_SHARE: Final = 3
"""Clean notebooks for each clean text file."""


@dataclass(frozen=True, slots=True)
class Planted:
    """What is in a tree.

    Attributes:
        secret: paths of files that hold one value each, relative to its root.
        clean: all others.
    """

    secret: frozenset[str]
    clean: frozenset[str]


def plant(root: Path, notebooks: int, seeds: tuple[int, ...] = (11, 12, 13)) -> Planted:
    """Write a tree below ``root``, an empty directory.

    Args:
        root: where.
        notebooks: clean ones; the text files beside them are fewer.
        seeds: of the values, each of which is written once into every kind of file.
    """
    secret: dict[str, str] = {}
    for seed in seeds:
        for vendor, value in values(seed).items():
            for kind, write in _KINDS.items():
                name = f"{vendor}/{seed}/{kind}"
                secret[name] = write(_NAMES[vendor], value.text)
    clean = {f"clean/{n:03}.ipynb": as_text(clean_notebook(n)) for n in range(notebooks)}
    for number in range(notebooks // _CLEAN_TEXT_SHARE):
        rng = random.Random(f"clean text {number}")
        names = list(_CLEAN_TEXTS)
        name = names[number % len(names)]
        clean[f"clean/{number:03}/{name}"] = _CLEAN_TEXTS[name](rng)
    for name, text in {**secret, **clean}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Planted(frozenset(secret), frozenset(clean))


def _python(name: str, value: str) -> str:
    return f"import os\n\n{name} = {json.dumps(value)}\nos.environ['SHOTS'] = '4096'\n"


def _settings(name: str, value: str) -> str:
    return f"service:\n  shots: 4096\n  {name.lower()}: {json.dumps(value)}\n"


def _notes(name: str, value: str) -> str:
    return f"# Access\n\nSet `{name}` before you begin:\n\n```\n{name}={value}\n```\n"


def _script(name: str, value: str) -> str:
    return f"#!/bin/sh\nset -eu\nexport {name}={json.dumps(value)}\nexec python run.py\n"


def _source(name: str, value: str) -> str:
    return as_text(a_notebook(prose("# Bell state"), code(_python(name, value))))


def _printed(name: str, value: str) -> str:
    shown = stream(f"HOME=/home/alice\n{name}={value}\nSHELL=/bin/sh\n")
    return as_text(a_notebook(code("!env", [shown])))


def _answer(name: str, value: str) -> str:
    shown = display("application/json", {"user": "alice", name.lower(): value})
    return as_text(a_notebook(code("settings", [shown])))


_KINDS: Final[dict[str, Callable[[str, str], str]]] = {
    ".env": lambda name, value: f"SHOTS=4096\n{name}={json.dumps(value)}\n",
    "run.py": _python,
    "settings.yaml": _settings,
    "README.md": _notes,
    "run.sh": _script,
    "source.ipynb": _source,
    "printed.ipynb": _printed,
    "answer.ipynb": _answer,
}


def _hashes(rng: random.Random) -> str:
    return "".join(
        f"package-{n}==1.{n} \\\n    --hash=sha256:{rng.getrandbits(256):064x}\n" for n in range(60)
    )


def _lock(rng: random.Random) -> str:
    packages: dict[str, Any] = {}
    for number in range(60):
        digest = rng.getrandbits(512)
        packages[f"node_modules/p{number}"] = {
            "version": f"1.0.{number}",
            "resolved": f"https://registry.example.org/p{number}/-/p{number}-1.0.{number}.tgz",
            "integrity": f"sha512-{_base64(digest)}",
        }
    return json.dumps({"lockfileVersion": 3, "packages": packages}, indent=2)


def _base64(number: int) -> str:
    return base64.b64encode(number.to_bytes(64, "big")).decode()


def _example(_rng: random.Random) -> str:
    return "".join(f"{name}=<your {name.lower()} here>\n" for name in _NAMES.values())


def _by_name(_rng: random.Random) -> str:
    lines = [f"{name.lower()} = os.environ['{name}']" for name in _NAMES.values()]
    return "import os\n\n" + "\n".join(lines) + "\nclient = connect(token=ibm_quantum_token)\n"


def _ids(rng: random.Random) -> str:
    ids = [f"  - {uuid.UUID(int=rng.getrandbits(128), version=4)}" for _ in range(30)]
    commits = [f"  - {rng.getrandbits(160):040x}" for _ in range(30)]
    return "\n".join(["jobs:", *ids, "commits:", *commits]) + "\n"


def _prose(rng: random.Random) -> str:
    return (
        "# Tokens\n\nNever write your IBM Quantum token, AWS secret access key or password into a\n"
        f"notebook. The build is `{rng.getrandbits(160):040x}`; keys look like `ghp_...`.\n"
    )


_CLEAN_TEXTS: Final[dict[str, Callable[[random.Random], str]]] = {
    "requirements.txt": _hashes,
    "package-lock.json": _lock,
    ".env.example": _example,
    "client.py": _by_name,
    "jobs.yaml": _ids,
    "README.md": _prose,
}

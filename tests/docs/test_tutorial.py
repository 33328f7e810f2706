"""The laptop tutorial, walked as it is written: what it says is shown is what is shown."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest
from support.jupyter import JupyterServer
from support.openbao import wait_until
from support.processes import processes_naming, stop_all
from support.sweep import files_with

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text()
KEY = "any-text-of-eight-characters-or-more"


def blocks(heading: str, language: str) -> list[str]:
    """Return the blocks of a section."""
    part = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(rf"^```{language}\n(.*?)^```$", part, re.MULTILINE | re.DOTALL)


RUN = {
    ("Store a key", "console", 0), ("Use it", "python", 0), ("Make a mistake", "python", 0),
    ("Let it end", "console", 0), ("Narrow a notebook", "json", 0),
}  # fmt: skip
"""Section, language and number of each block that is run below."""

NOT_RUN = {
    ("Install", "console", 0): "takes minutes: CI does it, and `tests/release` with the wheel",
    ("Use it", "python", 1): "a vendor's SDK: `tests/adapters` run them",
}
"""The others, and why not."""


def test_every_block_is_walked_or_has_a_reason() -> None:
    """Who adds a command or a cell to the page adds it to the walk."""
    there = {
        (section, language, number)
        for section in re.findall(r"^## (.*)$", PAGE, re.MULTILINE)
        for language in ("console", "python", "json")
        for number, _ in enumerate(blocks(section, language))
    }
    assert there == RUN | NOT_RUN.keys()


def same(shown: str, told: str) -> bool:
    """Whether a text is what the page shows, but for lease ids and what is left of a time."""
    patterns = (r"[0-9a-f]{16}", "<id>"), (r"\b\d+m( \d+s)?", "<time>"), (r"\s+", " ")
    for pattern, instead in patterns:
        shown, told = (re.sub(pattern, instead, text) for text in (shown, told))
    return shown.strip() == told.strip()


@pytest.fixture
def laptop(tmp_path: Path) -> Iterator[JupyterServer]:
    """A home in which nothing was ever configured."""
    made = JupyterServer(tmp_path / "home")
    yield made
    made.close()
    stop_all(processes_naming(tmp_path))


def run(laptop: JupyterServer, script: str, given: str = "") -> str:
    """Run a line of the page in a shell."""
    done = subprocess.run(
        ["/bin/sh", "-euc", script], env=laptop.env, cwd=laptop.root, input=given, text=True,
        capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_five_minutes_are_as_told(laptop: JupyterServer) -> None:
    """Store, use, make a mistake, let it end: every output, and the file, is the page's."""
    (stored,) = blocks("Store a key", "console")
    command, *told = stored.splitlines()
    said = run(laptop, command.removeprefix("$ "), given=KEY)
    assert said.splitlines() == [line for line in told if not line.endswith("value:")]

    laptop.start()
    kernel = laptop.open_notebook("first.ipynb")
    (first, _), (shown, table) = blocks("Use it", "python"), blocks("Use it", "text")
    assert same(kernel.execute(first).text, shown)
    assert same(kernel.execute("%qcred").text, table)
    (mistake,), (redacted,) = blocks("Make a mistake", "python"), blocks("Make a mistake", "text")
    printed = kernel.execute(mistake)
    assert printed.text == redacted

    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell(mistake, outputs=printed.outputs),
            nbformat.v4.new_markdown_cell(f"My key: {KEY}"),
        ]
    )
    laptop.save("first.ipynb", notebook)
    saved = (laptop.root / "first.ipynb").read_text()
    assert "My key: [redacted:ibm-quantum]" in saved
    assert "[redacted:ibm-quantum]" in kernel.execute("print(cred.reveal())").text
    assert kernel.execute("print(cred.reveal()[:10])").text == f"{KEY[:10]}\n"

    kernel.delete()
    look, listed = blocks("Let it end", "console"), blocks("Let it end", "text")
    wait_until(
        "the audit is what is told",
        lambda: set(listed[0].split()) <= set(run(laptop, look[0]).split()),
        seconds=60,
    )
    events = run(laptop, look[0]).split()
    assert events[-2:] == ["revoked", "revoked"]
    assert laptop.terminate() == 0
    assert files_with(KEY, laptop.home) == []


def test_a_notebook_is_narrowed_as_told(laptop: JupyterServer) -> None:
    """The list in its metadata takes away what it does not name."""
    run(laptop, "jupyter qcred put ibm-quantum", given=KEY)
    run(laptop, "jupyter qcred put ionq", given=f"another-{KEY}")
    (metadata,) = blocks("Narrow a notebook", "json")
    laptop.start()
    kernel = laptop.open_notebook("narrow.ipynb", metadata=json.loads(metadata))
    got = kernel.execute('import jupyter_qcred as qcred; print(qcred.get("ibm-quantum"))')
    assert "value hidden" in got.text
    assert "UnknownCredentialError" in kernel.execute('qcred.get("ionq")').text
    kernel.delete()


def test_a_key_of_several_parts_is_stored_and_read_as_told(laptop: JupyterServer) -> None:
    """The command and the calls of the last section; the main part comes without a name."""
    told = PAGE.partition("\n## Next\n")[2]
    (command,) = re.findall(r"`(jupyter qcred put [^`]*)`", told)
    parts = {"access_key": "AKIA0123456789ABCDEF", "secret_key": KEY}
    run(laptop, command, given=json.dumps(parts))
    laptop.start()
    kernel = laptop.open_notebook("parts.ipynb")
    lines = [
        'import jupyter_qcred as qcred; cred = qcred.get("amazon-braket")',
        *(f"print(len({call}))" for call in re.findall(r"`((?:cred\.)?reveal\(.*?\))`", told)),
    ]
    code = "\n".join(lines).replace("(reveal", "(cred.reveal")
    assert code.count("reveal(") == 2
    shown = kernel.execute(code).text.split()
    assert shown == [str(len(parts["access_key"])), str(len(parts["secret_key"]))]
    kernel.delete()

"""The page of each vendor's credential: all of them are there, and say what the code does."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from jupyter_qcred.core.static_key import STATIC_KEY_MEANS
from jupyter_qcred.issue.builtin import VENDORS
from jupyter_qcred.issue.care import CARE
from jupyter_qcred.issue.exchange.registry import exchange_named
from jupyter_qcred.issue.profile import SourceKind
from jupyter_qcred.issue.profile_file import load_profiles
from jupyter_qcred.issue.static_keys import EXCHANGES
from jupyter_qcred.kernel.adapters import registry

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "reference" / "credentials"
TRAPS = tomllib.loads((ROOT / "tests" / "adapters" / "traps.toml").read_text())["trap"]

each_vendor = pytest.mark.parametrize("name", VENDORS)


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What is written at build time, by the names of the files."""
    place = tmp_path_factory.mktemp("generated")
    code = "import qcred_reference as q, pathlib, sys; q.write_pages(pathlib.Path(sys.argv[1]))"
    extension = ROOT / "docs" / "_ext"
    subprocess.run([sys.executable, "-c", code, place], check=True, cwd=extension, timeout=60)
    return {file.name: file.read_text() for file in place.glob("credential*.txt")}


def blocks(text: str, language: str) -> list[str]:
    """Return the code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_every_vendor_is_in_the_table_and_has_its_page() -> None:
    """Who adds a vendor is reminded of both; no page is left of one that has gone."""
    assert CARE.keys() == VENDORS.keys()
    assert {page.stem for page in PAGES.glob("*.md")} == {"index", *VENDORS}
    listed = (PAGES / "index.md").read_text().partition(":hidden:")[2].split()
    assert listed[:-1] == sorted(VENDORS)


@each_vendor
def test_a_page_has_the_facts_and_the_traps(name: str, parts: dict[str, str]) -> None:
    """The facts are those that the code wrote; the traps stand below them."""
    page = (PAGES / f"{name}.md").read_text()
    assert page.startswith(f"# {VENDORS[name].title}\n")
    assert f"```{{include}} ../generated/credential-{name}.txt" in page
    assert f"credential-{name}.txt" in parts
    told = page.partition("\n## Traps\n")[2]
    assert told.count("\n- **") >= 1
    if name in registry.vendors():
        known = [trap for trap in TRAPS if trap.get("vendor") == name]
        assert told.count("\n- **") >= min(len(known), 3), "traps.toml knows more of them"


@each_vendor
def test_the_facts_answer_what_people_ask(name: str, parts: dict[str, str]) -> None:
    """How to store it, how long it lives, what its end means, and the line for a notebook."""
    text = parts[f"credential-{name}.txt"]
    for heading in ("Store it", "How long it lives", "When a kernel ends", "In a notebook"):
        assert f"\n## {heading}\n" in text
    assert f"jupyter qcred put {name}" in text
    assert CARE[name].life in text
    assert CARE[name].ends in text
    for code in blocks(text, "python"):
        ast.parse(code)
    call = "client" if name in registry.vendors() else "get"
    assert f'qcred.{call}("{name}"' in text


@each_vendor
def test_the_profiles_that_are_shown_can_be_used(name: str, parts: dict[str, str]) -> None:
    """They are read as an administrator's are; one that is shown for an exchange uses it."""
    text = parts[f"credential-{name}.txt"]
    read = [load_profiles(block, "a page")[name] for block in blocks(text, "yaml")]
    kinds = {one.source.kind for one in read}
    assert SourceKind.KV2 in kinds
    assert (SourceKind.EXCHANGE in kinds) is bool(CARE[name].exchange)


@each_vendor
def test_a_static_key_is_called_one(name: str, parts: dict[str, str]) -> None:
    """In the words that a lease is labelled with, and with the outcome of its end."""
    text = parts[f"credential-{name}.txt"]
    assert f"static key: {STATIC_KEY_MEANS}" in text
    assert "`unsupported`" in text
    assert (f"It is a **static key: {STATIC_KEY_MEANS}**" in text) is not bool(CARE[name].exchange)
    assert (name in EXCHANGES) is bool(CARE[name].exchange)


@pytest.mark.parametrize("name", [name for name, care in CARE.items() if care.exchange])
def test_an_exchange_of_the_table_is_one_that_is_there(name: str) -> None:
    """And takes what the table says: an identity token, or nothing but one."""
    takes = exchange_named(CARE[name].exchange).takes
    assert ("identity token" in takes) is CARE[name].federated
    assert takes.startswith("an identity token") is CARE[name].keyless


def test_the_overview_leads_to_every_page(parts: dict[str, str]) -> None:
    """By the vendor's own name."""
    for vendor in VENDORS.values():
        assert f"[{vendor.title}]({vendor.name}.md)" in parts["credentials.txt"]

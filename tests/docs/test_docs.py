"""The README and the documentation: they build, and what they name exists."""

from __future__ import annotations

import ast
import base64
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

import jupyter_qcred
from jupyter_qcred.cli.main import parser
from jupyter_qcred.core import errors
from jupyter_qcred.deliver.alerts import Alerts
from jupyter_qcred.deliver.provisioner import QcredProvisioner
from jupyter_qcred.deliver.service import CredentialService
from jupyter_qcred.issue.embedded.openbao import EmbeddedOpenBao
from jupyter_qcred.issue.profile_file import load_profiles
from jupyter_qcred.issue.vault.issuer import VaultIssuer
from jupyter_qcred.redact import Redactor
from jupyter_qcred.server.app import QcredApp
from jupyter_qcred.server.metrics import FIGURES

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
WRITTEN = [
    README,
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted(
        page for page in (ROOT / "docs").rglob("*.md")
        if not {"generated", "_build"} & set(page.relative_to(ROOT / "docs").parts)
    ),
]  # fmt: skip
CLASSES = {
    cls.__name__: cls
    for cls in (
        *(QcredApp, CredentialService, Alerts),
        *(VaultIssuer, EmbeddedOpenBao, QcredProvisioner),
    )
}
SETTING = re.compile(rf"\b(?:c\.)?({'|'.join(CLASSES)})\.([a-z_]\w*)")
COMMAND = re.compile(r"jupyter qcred ([a-z]+)\b([^`\n|]*)")

each_page = pytest.mark.parametrize("page", WRITTEN, ids=lambda page: str(page.relative_to(ROOT)))


def blocks(page: Path, language: str) -> Iterator[str]:
    """Yield the code blocks of a language, those inside lists too."""
    block = rf"^( *)```{language}\n(.*?)^\1```$"
    for match in re.finditer(block, page.read_text(), re.MULTILINE | re.DOTALL):
        indent = match[1]
        yield re.sub(rf"^{indent}", "", match[2], flags=re.MULTILINE)


def set_ups() -> list[str]:
    """Return the README's commands that make an environment."""
    lines = [line for block in blocks(README, "console") for line in block.splitlines()]
    return [line for line in lines if "venv" in line]


def subcommands() -> dict[str, argparse.ArgumentParser]:
    """Return the parser of each command."""
    (choices,) = (
        action.choices for action in parser()._actions if isinstance(action.choices, dict)
    )
    return choices


# -- it builds ------------------------------------------------------------------------------------


def test_the_documentation_builds_without_a_warning(tmp_path: Path) -> None:
    """Every page, every link, every generated page; nothing is written beside the sources."""
    source = tmp_path / "docs"
    shutil.copytree(
        ROOT / "docs", source, ignore=shutil.ignore_patterns("generated", "_build", "__pycache__")
    )
    sphinx = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-n", "-q"]
    command = [*sphinx, source, tmp_path / "out"]
    built = subprocess.run(command, check=False, capture_output=True, text=True, timeout=150)
    assert built.returncode == 0, built.stderr
    settings = (tmp_path / "out" / "reference" / "generated" / "settings.html").read_text()
    assert "withhold_environment" in settings
    assert str(Path.home()) not in settings


def test_the_reference_knows_everything(tmp_path: Path) -> None:
    """No setting, command, error, event, message, policy, route or figure is missing."""
    code = "import qcred_reference as q, pathlib, sys; q.write_pages(pathlib.Path(sys.argv[1]))"
    subprocess.run(
        [sys.executable, "-c", code, tmp_path], check=True, cwd=ROOT / "docs" / "_ext", timeout=60
    )
    text = {page.stem: page.read_text() for page in tmp_path.iterdir()}
    assert all(f"`{name}`" in text["settings"] for cls in CLASSES.values() for name in own(cls))
    assert all(f"\n## {name}\n" in text["commands"] for name in subcommands())
    assert all(f"`{code}`" in text["errors"] for code in errors._tree(errors.QcredError))
    events = ROOT / "jupyter_qcred" / "audit" / "schemas"
    assert all(f"\n## {event.name}\n" in text["events"] for event in events.iterdir())
    policies = ROOT / "jupyter_qcred" / "issue" / "policies"
    assert all(policy.read_text().strip() in text["operator"] for policy in policies.glob("*.hcl"))
    assert "\n## deliver\n" in text["messages"]
    api = yaml.safe_load((ROOT / "jupyter_qcred" / "server" / "openapi.yaml").read_text())
    assert all(f" {path}\n" in text["api"] for path in api["paths"])
    assert all(f"\n### {name}\n" in text["api"] for name in api["components"]["schemas"])
    assert all(f"`{name}`" in text["metrics"] for name in FIGURES)
    assert all(f"\n## {name}\n" in text["helper"] for name in ("get", "list", "enable"))


def own(cls: type[Any]) -> list[str]:
    """Return the settings of a class that are ours."""
    traits = cls.class_traits(config=True).items()
    return [name for name, trait in traits if trait.this_class.__module__.startswith("jupyter_qcr")]


# -- the two commands of the README ---------------------------------------------------------------


def test_there_are_two_commands_for_a_fresh_machine() -> None:
    """One shows it, one tests it; each is one line with nothing before it."""
    shows, tests = set_ups()
    make, install, demo = shows.split(" && ")
    assert (make, install) == ("python3 -m venv .venv", '.venv/bin/pip install ".[demo]"')
    assert demo == ".venv/bin/jupyter qcred demo"
    assert tests.startswith(f"{make} && ")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {"demo", "dev"} <= project["optional-dependencies"].keys()
    assert project["requires-python"] == ">=3.11"


def test_ci_runs_the_readme_s_second_command() -> None:
    """What a reader is told is what is checked."""
    script = (ROOT / ".ci" / "run").read_text().replace(" --quiet", "")
    for step in set_ups()[1].split(" && "):
        assert step in script


# -- what is named exists -------------------------------------------------------------------------


@each_page
def test_settings_that_are_named_exist(page: Path) -> None:
    """A setting that was renamed is found here, not by a reader."""
    named = SETTING.findall(page.read_text())
    assert [f"{cls}.{name}" for cls, name in named if name not in own(CLASSES[cls])] == []


@each_page
def test_commands_that_are_named_exist(page: Path) -> None:
    """Their options, too."""
    known = subcommands()
    for name, rest in COMMAND.findall(page.read_text()):
        assert name in known
        for option in re.findall(r"--[a-z-]+", rest.partition(" -- ")[0].partition("#")[0]):
            assert option in known[name]._option_string_actions, f"{name} {option}"


@each_page
def test_helpers_that_are_named_exist(page: Path) -> None:
    """What follows ``qcred.`` in a call, and every error."""
    text = page.read_text()
    for name in re.findall(r"\b(?:qcred|jupyter_qcred)\.(\w+)\(", text):
        assert hasattr(jupyter_qcred, name), name
    for name in re.findall(r"`(\w+Error)(?::|`)", text):
        assert name == "ModuleNotFoundError" or hasattr(jupyter_qcred, name), name


@each_page
def test_files_that_are_linked_exist(page: Path) -> None:
    """Links between the README, the documentation and the other files of the repository."""
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert "generated/" in link or (page.parent / link).exists(), link


@each_page
def test_tests_that_are_named_exist(page: Path) -> None:
    """A promise without its test is none."""
    for file, name in re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", page.read_text()):
        assert not name or f"def {name}(" in (ROOT / file).read_text(), name
        assert (ROOT / file).exists()


def test_the_limits_of_redaction_are_those_that_are_told() -> None:
    """What the page says is caught is caught; what it says passes, passes."""
    page = (ROOT / "docs" / "explanation" / "redaction.md").read_text()
    caught, passes = page.split("## What it does not catch")
    value = re.findall(r"for the value `([^`]+)`", caught)[0]
    redactor = Redactor()
    redactor.arm("ibm-quantum", [value])
    rows = re.findall(r"^\| .* \| `([^`]+)` \|$", caught.partition("| --- |")[2], re.MULTILINE)
    found = [text for text in rows if redactor.text(text).findings]
    assert found == [text for text in rows if not text.startswith("MII")]
    assert len(found) == 11
    code = re.findall(r"`([^`]+)`", passes.partition("## Streams")[0])
    slips = [piece for piece in code if re.search(r"\bvalue\b", piece)]
    texts = [str(eval(slip, {"value": value, "b64encode": base64.b64encode})) for slip in slips]
    assert len(texts) == 4
    assert [text for text in texts if redactor.text(text).findings] == []


@each_page
def test_examples_can_be_read(page: Path) -> None:
    """Python compiles, JSON parses, and the profiles are profiles."""
    for block in blocks(page, "python"):
        ast.parse(block)
    for block in blocks(page, "json"):
        json.loads(block)
    for block in blocks(page, "yaml"):
        assert load_profiles(block, page.name)

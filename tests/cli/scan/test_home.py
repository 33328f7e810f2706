"""Files in which vendors' tools keep keys."""

from __future__ import annotations

import json
import random
import string

import pytest

from jupyter_qcred.cli.scanning.vendor_files import VENDOR_FILES, Format
from jupyter_qcred.issue.builtin import VENDORS

SECRET = "".join(random.Random(3).choices(string.ascii_letters + string.digits, k=40))


def content(known, name, secret):
    """A file of this kind with one key."""
    match known.format:
        case Format.JSON:
            return json.dumps({"account": {name: secret, "more": True}})
        case Format.INI:
            return f"[default]\n{name} = {secret}\nregion = x\n"
        case Format.TOML:
            return f'[default]\n{name} = "{secret}"\nshots = 5\n'
        case Format.ENV:
            return f"export {name}='{secret}'\nOTHER=1\n"
        case _:
            return f"{secret}\n"


CASES = [(known, name) for known in VENDOR_FILES for name in known.keys or ("",)]


@pytest.mark.parametrize(
    ("known", "name"), CASES, ids=lambda value: getattr(value, "path", value) or "line"
)
def test_each_file_and_field_that_is_known_is_found(place, found, scan, known, name):
    """In the place which the vendor's tool uses, whatever the rules make of the value."""
    path = known.path.replace("{config}", "~/.config").replace("{preferences}", "~/.config")
    path = path.replace("{data}", "~/.local/share").replace("[_-]", "_").replace("*", "")
    file = place.parent / "home" / path.removeprefix("~/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content(known, name, SECRET))
    (hit,) = found("--home")
    assert hit["path"] == str(file)
    assert hit["line"] in {1, 2}
    assert SECRET not in scan("--home").stdout
    assert "jupyter qcred migrate" in scan("--home").stdout


@pytest.mark.parametrize("value", ["", "YOUR_API_TOKEN", "<your-api-key>", "short", "xxxxxxxxxxxx"])
def test_examples_are_no_keys(place, found, value):
    """What a tool's manual shows, and what is too short for a key."""
    file = place.parent / "home" / ".qbraid" / "qbraidrc"
    file.parent.mkdir()
    file.write_text(f"[default]\napi-key = {value}\n")
    assert found("--home") == []


def test_broken_files_are_no_crash(place, found):
    """Another format than the name says, or nothing at all."""
    home = place.parent / "home"
    for known in VENDOR_FILES:
        file = home / known.path.replace("{config}", ".config").removeprefix("~/")
        if "{" not in known.path.removeprefix("{config}") and "*" not in known.path:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(b"\xff[[[ not { anything =\0")
    assert found("--home") == []


def test_an_empty_home_is_clean(found):
    """And nothing is created in it."""
    assert found("--home") == []


def test_the_table_names_credentials_that_exist():
    """Each has a source, and the name of a vendor or none."""
    for known in VENDOR_FILES:
        assert known.credential in {"", *VENDORS}
        assert known.source.startswith("https://")
        assert (known.format is Format.LINE) == (not known.keys)

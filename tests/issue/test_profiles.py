"""Profiles: what a settings file may say, and what it is told when it says something else."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from string import printable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_qcred.core.errors import ConfigError
from jupyter_qcred.issue import profile_file
from jupyter_qcred.issue.builtin import VENDORS, builtin_profiles
from jupyter_qcred.issue.profile import DeliverWhen, Source, SourceKind, is_name
from jupyter_qcred.issue.profile_file import (
    load_profiles,
    load_profiles_file,
    profiles_from_mapping,
)

DATA = Path(__file__).parent / "profiles"
GOOD = sorted((DATA / "good").glob("*.yaml"))
BAD = sorted((DATA / "bad").glob("*.yaml"))


def as_data(profiles):
    rows = {}
    for name, profile in profiles.items():
        row = asdict(profile)
        assert row.pop("name") == name
        assert row.pop("builtin") is False
        rows[name] = {**row, "public": sorted(row["public"])}
    return rows


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_good_file_gives_its_profiles(path):
    """A file is read into exactly the profiles that stand beside it."""
    expected = json.loads(path.with_suffix(".expected.json").read_text())
    assert as_data(load_profiles_file(path)) == expected


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_bad_file_is_told_what_is_wrong(path):
    """Every problem is named with line and column, in the words that stand beside the file."""
    with pytest.raises(ConfigError) as caught:
        load_profiles(path.read_text(), path.name)
    assert f"{caught.value}\n" == path.with_suffix(".expected.txt").read_text()


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_pasted_key_is_never_quoted(path):
    """No message, cause or context holds a value of the file."""
    with pytest.raises(ConfigError) as caught:
        load_profiles(path.read_text(), path.name)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_documented_example_is_the_tested_one():
    """The example in the module's docstring is the file that the tests read."""
    example = (DATA / "good" / "documented.yaml").read_text()
    docstring = profile_file.__doc__
    for line in example.splitlines():
        assert f"    {line}\n" in docstring


def test_setting_reads_like_the_file():
    """A dict in a Python settings file gives the same profiles as YAML."""
    expected = json.loads((DATA / "good" / "documented.expected.json").read_text())
    setting = {
        "ibm-quantum": {
            "source": "kv2:secret/team/ibm",
            "public": ["instance"],
            "labels": {"project": "q7"},
        },
        "braket": {
            "vendor": "amazon-braket",
            "source": {"kind": "dynamic", "path": "aws/sts/braket", "parameters": {"ttl": "1h"}},
            "main": "secret_key",
            "ttl": 3600,
            "deliver": "use",
        },
    }
    assert as_data(profiles_from_mapping(setting, "QcredApp.profiles")) == expected


def test_setting_names_the_place_of_a_problem():
    """Where there are no lines, the path of keys says where to look."""
    setting = {
        "ionq": {"source": object(), "ttl": True, 3: "x"},
        "iqm": {"source": "kv2:secret/iqm", "token": "hunter2"},
    }
    with pytest.raises(ConfigError) as caught:
        profiles_from_mapping(setting, "QcredApp.profiles")
    message = str(caught.value)
    assert "5 problems in QcredApp.profiles" in message
    assert "profiles.ionq.source: expected text, a number, a list or a mapping" in message
    assert "profiles.ionq.ttl: not a duration" in message
    assert "profiles.iqm.token: keys and tokens do not belong in settings" in message
    assert "hunter2" not in message


def test_setting_that_holds_itself_is_refused():
    """A dict that contains itself ends in an error, not in a recursion."""
    setting: dict[str, object] = {}
    setting["ionq"] = setting
    with pytest.raises(ConfigError, match="nested or repeated too much"):
        profiles_from_mapping(setting, "QcredApp.profiles")


def test_unreadable_file_is_a_settings_error(tmp_path):
    """A missing file, a directory and text that is not UTF-8 are told apart."""
    with pytest.raises(ConfigError, match="No such file"):
        load_profiles_file(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match="Is a directory"):
        load_profiles_file(tmp_path)
    (tmp_path / "latin.yaml").write_bytes(b"profiles: \xff\n")
    with pytest.raises(ConfigError, match="not UTF-8 text at byte 10"):
        load_profiles_file(tmp_path / "latin.yaml")


def test_byte_order_mark_is_skipped(tmp_path):
    """A file saved by Windows' editor reads like any other."""
    path = tmp_path / "windows.yaml"
    path.write_text("profiles:\r\n  ionq: {source: 'kv2:secret/ionq'}\r\n", encoding="utf-8-sig")
    assert list(load_profiles_file(path)) == ["ionq"]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "- " * 100_000,
        "{a: b, " * 30_000,
        "&a " * 60_000,
        "x" * 1_000_000,
        "\n".join(
            ["a: &a [x,x,x,x,x,x,x,x,x]"]
            + [
                f"{c}: &{c} [*{p},*{p},*{p},*{p},*{p},*{p},*{p},*{p}]"
                for p, c in zip("abcdefgh", "bcdefghi", strict=True)
            ]
        ),
    ],
    ids=["brackets", "dashes", "braces", "anchors", "long", "billion-laughs"],
)
@pytest.mark.timeout(20)
def test_text_made_to_hurt_is_refused(text):
    """Deep, long and self-multiplying texts end in a settings error, soon."""
    with pytest.raises(ConfigError):
        load_profiles(text, "bomb.yaml")


@given(st.text(alphabet=printable + "é\x00\ud800\u2028", max_size=60))
def test_any_text_gives_profiles_or_a_settings_error(text):
    """Nothing but our own error ever comes out of a file."""
    with suppress(ConfigError):
        load_profiles(f"profiles:\n  ionq: {text}", "any.yaml")


_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.binary(),
    lambda below: (
        st.lists(below, max_size=4)
        | st.dictionaries(
            st.sampled_from(["vendor", "source", "ttl", "labels", "public", "kind"]) | st.text(),
            below,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(_PLAIN)
def test_any_setting_gives_profiles_or_a_settings_error(value):
    """Nothing but our own error ever comes out of a dict."""
    with suppress(ConfigError):
        profiles_from_mapping({"ionq": value}, "setting")


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("ibm-quantum", True),
        ("7", True),
        ("a" * 64, True),
        ("a" * 65, False),
        ("", False),
        ("-a", False),
        ("a\n", False),
        ("A", False),
        ("..", False),
        ("a/b", False),
        ("é", False),
        (None, False),
    ],
)
def test_names_are_safe_everywhere(text, good):
    """A name is safe in paths, URLs, logs and argument lists."""
    assert is_name(text) is good


def test_path_below_the_mount():
    """A source knows its path inside the engine."""
    assert Source(SourceKind.KV2, "teams/q/ibm", mount="teams/q").below_mount == "ibm"
    assert Source(SourceKind.DYNAMIC, "aws/sts/q").below_mount == "aws/sts/q"


def test_builtin_profile_for_each_vendor():
    """Each known cloud can be used by its name, at first use, from the given mount."""
    profiles = builtin_profiles("keys")
    assert profiles.keys() == VENDORS.keys()
    for name, profile in profiles.items():
        assert is_name(name)
        assert profile.name == profile.vendor == name
        assert profile.builtin
        assert profile.deliver is DeliverWhen.USE
        assert profile.source == Source(SourceKind.KV2, f"keys/{name}", mount="keys")
        assert profile.main not in profile.public

"""Texts of any kind, length and encoding."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys

import pytest

PEAK = """
import sys
from pathlib import Path
from jupyter_qcred.cli.main import main
try:
    sys.exit(main())
finally:
    status = Path("/proc/self/status").read_text()
    print(status.partition("VmHWM:")[2].split()[0], file=sys.stderr)
"""
"""A command that says its peak in kB. ``ru_maxrss`` would have that of the tests' own process."""


@pytest.mark.parametrize(
    "name", ["notes.md", "deploy.yaml", "run.sh", "main.py", ".env", "without_suffix"]
)
def test_a_key_in_a_text_is_found_by_its_line(place, found, key, login, name):
    """The finding has the path, the line, the rule and a fingerprint, and nothing of the key."""
    (place / name).write_text(f"first\nsecond\n{login(key)}")
    assert found() == [
        {"path": name, "line": 3, "rule": "ibm-cloud", "fingerprint": found()[0]["fingerprint"]}
    ]


def test_a_clean_tree_gives_an_empty_list(place, found, scan):
    """Nothing else is on standard output, and the exit code is 0."""
    (place / "a.py").write_text("print(42)\n")
    assert found() == []
    assert scan("--json").stdout.strip() == "[]"
    assert "Nothing found" in scan().stdout
    assert not list((place.parent / "home").rglob("*")), "a clean scan leaves nothing behind"


@pytest.mark.parametrize("format_", ["text", "json", "sarif", "github"])
def test_no_format_shows_a_secret(place, scan, make_key, login, format_):
    """Also not the other one on its line, nor one that no rule knows."""
    first, second, unknown = make_key(), make_key(), make_key()[:30]
    line = login(first).strip() + f' + "{second}" # {unknown}'
    (place / "a.py").write_text(line)
    done = scan("--format", format_)
    assert done.returncode == 1
    for secret in (first, second, unknown):
        assert secret not in done.stdout + done.stderr
        assert secret[8:24] not in done.stdout + done.stderr


def test_the_same_secret_has_the_same_fingerprint_for_one_user_alone(
    place, found, make_key, login, tmp_path
):
    """Under a random key of 0600 in the user's data directory, which another user does not have."""
    one, other = make_key(), make_key()
    for name, secret in (("a.py", one), ("b.py", one), ("c.py", other)):
        (place / name).write_text(login(secret))
    a, b, c = (hit["fingerprint"] for hit in found())
    assert a == b != c
    assert found()[0]["fingerprint"] == a
    (stored,) = (place.parent / "home").rglob("fingerprint.key")
    assert stored.stat().st_mode & 0o777 == 0o600
    assert stored.stat().st_size == 32
    (tmp_path / "other").mkdir()
    assert found(HOME=str(tmp_path / "other"))[0]["fingerprint"] != a


def test_binary_files_are_skipped_and_utf_16_is_text(place, found, key, login):
    """A NUL byte is the sign, unless a byte order mark says otherwise."""
    (place / "a.bin").write_bytes(b"\x89PNG\0\0" + login(key).encode())
    (place / "b.ps1").write_text(login(key), encoding="utf-16")
    (place / "c.txt").write_bytes(b"caf\xe9\n" + login(key).encode())
    assert [hit["path"] for hit in found()] == ["b.ps1", "c.txt"]


def test_pipes_sockets_and_links_do_not_stop_a_scan(place, found, key, login):
    """Only regular files are read; a link to nothing, or to a parent, is passed over."""
    os.mkfifo(place / "pipe")
    (place / "loop").symlink_to(place)
    (place / "nowhere").symlink_to(place / "missing")
    (place / "a.py").write_text(login(key))
    assert [hit["path"] for hit in found()] == ["a.py"]
    (place.parent / "link.py").symlink_to(place / "a.py")
    assert len(found(place.parent / "link.py")) == 1, "a link that is named is followed"


@pytest.mark.skipif(sys.platform != "linux", reason="there is no such file elsewhere")
def test_what_can_not_be_read_is_told_and_is_not_clean(place, scan):
    """A scan that did not see everything must not say that all is well."""
    (place / "a.py").write_text("x")
    # Nobody can read it from its beginning, whatever their rights.
    (place / "b.py").symlink_to("/proc/self/mem")
    done = scan("a.py", "b.py")
    assert done.returncode == 2
    assert "b.py could not be looked at: Input/output error" in done.stderr
    done = scan("a.py", "b.py", "--json")
    assert (done.returncode, done.stdout) == (2, "[]\n")


def test_a_huge_line_takes_little_memory(place, environment, key, login):
    """200 MB without a line break, a key at the end and one across the border of two windows."""
    block = "".join(random.Random(1).choices("0123456789  ", k=1 << 20))
    with (place / "huge.txt").open("w") as file:
        for number in range(200):
            file.write(block)
            if number == 3:
                file.seek(file.tell() - 600 - 64 * 1024)
                file.write(login(key).strip())
                file.seek(0, os.SEEK_END)
        file.write(login(key))
    done = subprocess.run(
        [sys.executable, "-c", PEAK, "scan", "--json", "--jobs", "1"],
        cwd=place,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert [hit["line"] for hit in json.loads(done.stdout)] == [1]  # one line, one secret
    peak = int(done.stderr.split()[-1])
    assert peak < 400_000, f"{peak} kB"


@pytest.mark.parametrize("offset", range(-120, 121, 24))
def test_a_key_is_found_once_wherever_windows_meet(place, found, make_key, login, offset):
    """Windows overlap, and each finding belongs to one of them."""
    from jupyter_qcred.cli.scanning.windows import SIZE, TAIL

    text = login(make_key())
    filler = "# nothing here\n" * (SIZE // 15 + 4)
    start = SIZE - TAIL + offset
    (place / "a.py").write_text(filler[:start] + "\n" + text + filler)
    (hit,) = found()
    assert hit["line"] == filler[:start].count("\n") + 2


def test_names_of_files_can_not_disturb_a_terminal_or_hold_a_secret(place, scan, key, login):
    """Control characters in a name are shown as such, and a key in it is redacted."""
    (place / "a\x1b[2Jb\n.py").write_text(login(key))
    (place / f"ibm token={key}.txt").write_text(login(key))
    done = scan()
    assert "\x1b" not in done.stdout
    assert key not in done.stdout
    assert "token=[redacted:ibm-cloud]" in done.stdout
    assert "::error file=a\x1b[2Jb%0A.py," in scan("--format", "github").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["missing.py"], "does not exist"),
        (["--home", "."], "--home takes no PATH"),
        (["--jobs", "0"], "at least 1"),
        (["--only", "no-such"], "there is no detector"),
        (["--staged"], "not in a git repository"),
        (["--history"], "not in a git repository"),
        (["--baseline", "missing.json"], "can't be read"),
        (["--staged", "--history"], "not allowed"),
    ],
)
def test_wrong_usage_is_exit_code_2(scan, words, said):
    """The message says what is wrong; standard output stays empty."""
    done = scan(*words)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == ""


def test_rules_can_be_chosen(place, found, key, login):
    """``--only`` and ``--without`` take ids of detectors."""
    (place / "a.py").write_text(login(key))
    assert found("--only", "dwave") == []
    assert [hit["rule"] for hit in found("--only", "ibm-cloud")] == ["ibm-cloud"]
    assert "ibm-cloud" not in {hit["rule"] for hit in found("--without", "ibm-cloud")}


def test_several_processes_find_what_one_finds(place, found, make_key, login):
    """In the same order, whatever finishes first."""
    for number in range(600):
        secret = login(make_key()) if number % 50 == 0 else ""
        (place / f"{number:03}.py").write_text("# filler\n" * 900 + secret)
    alone = found("--jobs", "1")
    assert len(alone) == 12
    assert found("--jobs", "3") == alone


def test_a_reader_that_has_enough_is_no_crash(place, environment, make_key, login):
    """As when the output goes to ``head``."""
    (place / "a.py").write_text("".join(login(make_key()) for _ in range(3000)))
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyter_qcred.cli.main", "scan"],
        cwd=place,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 141


def test_help_has_examples_and_exit_codes(scan):
    """``--help`` alone is enough to use it."""
    shown = scan("--help").stdout
    assert "examples:" in shown
    assert "Exit codes: 0 clean, 1 " in shown


def test_a_scan_loads_neither_a_server_nor_settings(place, environment):
    """A hook runs at each commit: what it needs not, it does not import."""
    (place / "a.py").write_text("x\n")
    code = (
        "import sys; from jupyter_qcred.cli.main import main; main(['scan', 'a.py']); "
        "heavy = {'tornado', 'traitlets', 'jupyter_core', 'jupyter_server', 'zmq', 'requests', "
        "'hvac', 'nbformat', 'asyncio'}; sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=place, env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr

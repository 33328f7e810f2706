"""The command, as a person and a pipeline run it, and keys that no file of ours holds."""

from __future__ import annotations

import json
import os
import random
import string
import subprocess
import sys

import pytest

SCAN = [sys.executable, "-m", "jupyter_qcred.cli.main", "scan"]


@pytest.fixture
def make_key():
    """Make keys of IBM Cloud: 44 characters, the same in each run."""
    source = random.Random(20261122)
    return lambda: "".join(source.choices(string.ascii_letters + string.digits, k=44))


@pytest.fixture
def key(make_key):
    """One of them."""
    return make_key()


@pytest.fixture
def place(tmp_path):
    """An empty directory to work in, with a home of its own beside it."""
    for name in ("home", "work"):
        (tmp_path / name).mkdir()
    return tmp_path / "work"


@pytest.fixture
def environment(place):
    """What a command sees."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(place.parent / "home"),
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_SYSTEM": "/dev/null",
    }


@pytest.fixture
def scan(place, environment):
    """Run a scan to its end; return the finished process."""

    def start(*words, **more):
        return subprocess.run(
            [*SCAN, *map(str, words)],
            cwd=place,
            env={**environment, **more},
            capture_output=True,
            text=True,
            check=False,
        )

    return start


@pytest.fixture
def found(scan):
    """Run a scan, and return its findings."""

    def start(*words, **more):
        done = scan(*words, "--format", "json", **more)
        assert done.stderr == ""
        findings = json.loads(done.stdout)
        assert done.returncode == (1 if findings else 0)
        return findings

    return start


@pytest.fixture
def git(place, environment):
    """Run git in the directory."""

    def run(*words, cwd=place):
        identity = ["-c", "user.name=n", "-c", "user.email=n@example.org"]
        done = subprocess.run(
            ["git", *identity, *words],
            cwd=cwd,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    return run


@pytest.fixture
def repository(place, git):
    """The directory as a git repository."""
    git("init", "-q")
    return place


def login(secret):
    """A line of code with a key."""
    return f'service = QiskitRuntimeService(channel="ibm_cloud", token="{secret}")\n'


@pytest.fixture(name="login")
def _login():
    return login

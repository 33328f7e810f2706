"""Without a setting, the journal is on a disk of this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_qcred.revoke import journal_place
from jupyter_qcred.revoke.journal_place import file_system_type, local_directory

NFS, CIFS, SMB2, FUSE, LUSTRE, NINE_P = (
    0x6969, 0xFF534D42, 0xFE534D42, 0x65735546, 0x0BD00BD0, 0x01021997,
)  # fmt: skip
EXT4 = 0xEF53


def elsewhere(home, number=NFS):
    """A statfs that says: all below ``home`` is on such a file system, the rest on a disk."""
    return lambda path: number if path.is_relative_to(home) else EXT4


@pytest.fixture
def home(tmp_path):
    path = tmp_path / "home"
    path.mkdir()
    return path


@pytest.fixture
def runtime(tmp_path, monkeypatch):
    path = tmp_path / "runtime"
    path.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(path))
    return path


@pytest.fixture
def shared(tmp_path, monkeypatch):
    """Places that everybody may write to, instead of the machine's; and no runtime directory."""
    paths = [tmp_path / "shared", tmp_path / "kept"]
    for path in paths:
        path.mkdir()
        path.chmod(0o1777)
    monkeypatch.setenv("XDG_RUNTIME_DIR", "")
    monkeypatch.setattr(journal_place, "_SHARED", tuple(map(str, paths)))
    # A machine with logins has one of its own.
    private = journal_place._is_private
    monkeypatch.setattr(
        journal_place,
        "_is_private",
        lambda path: not path.is_relative_to("/run/user") and private(path),
    )
    return paths


def test_on_a_local_disk_nothing_changes(home, runtime):
    """The preferred directory is taken, and not made."""
    assert local_directory(home / "journal", file_system=lambda _: EXT4) == home / "journal"
    assert local_directory(home / "journal", file_system=lambda _: None) == home / "journal"
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("number", [NFS, CIFS, SMB2, FUSE, LUSTRE, NINE_P])
def test_a_network_home_leads_to_the_runtime_directory(home, runtime, number):
    """The session's own directory is local, private, and gone with the machine's stop."""
    chosen = local_directory(home / "journal", file_system=elsewhere(home, number))
    assert chosen.parent == runtime
    assert not chosen.exists()


def test_without_a_runtime_directory_a_private_one_is_taken(home, shared):
    """In a place that everybody shares, under a name of the user's own."""
    chosen = local_directory(home / "journal", file_system=elsewhere(home))
    assert chosen.parent == shared[0]
    assert str(os.geteuid()) in chosen.name
    chosen.mkdir(mode=0o700)
    assert local_directory(home / "journal", file_system=elsewhere(home)) == chosen


@pytest.mark.parametrize("trick", ["open to all", "a link", "a file"])
def test_a_place_that_somebody_else_prepared_is_not_taken(home, shared, tmp_path, trick):
    """Whatever stands under the name and is not a private directory: the next place is taken."""
    first = local_directory(home / "journal", file_system=elsewhere(home))
    if trick == "open to all":
        first.mkdir()
        first.chmod(0o777)
    elif trick == "a link":
        (tmp_path / "mine").mkdir(mode=0o700)
        first.symlink_to(tmp_path / "mine")
    else:
        first.touch(mode=0o600)
    assert local_directory(home / "journal", file_system=elsewhere(home)).parent == shared[1]


def test_a_place_without_the_sticky_bit_is_not_taken(home, shared):
    """There anybody could put something else under our name."""
    shared[0].chmod(0o777)
    assert local_directory(home / "journal", file_system=elsewhere(home)).parent == shared[1]


def test_where_everything_is_elsewhere_the_preferred_stays(home, runtime):
    """Better a journal there than none."""
    assert local_directory(home / "journal", file_system=lambda _: NFS) == home / "journal"


@pytest.mark.skipif(sys.platform != "linux", reason="statfs gives numbers on Linux only")
def test_the_system_tells_what_a_path_lies_on(tmp_path):
    """What statfs says is what stat(1) says, for paths that are still to be made as well."""
    told = subprocess.run(
        ["stat", "--file-system", "--format=%t", str(tmp_path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert file_system_type(tmp_path / "not" / "there") == int(told.stdout, 16)
    assert file_system_type(Path("/proc")) == 0x9FA0

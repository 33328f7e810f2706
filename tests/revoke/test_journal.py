"""The journal: whatever happens to the server, nothing that it asked for is forgotten."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_qcred.core.clock import SystemClock
from jupyter_qcred.core.errors import ConfigError, QcredError
from jupyter_qcred.revoke.journal import Journal, adopt, new_intent
from jupyter_qcred.revoke.journal_lines import (
    DOUBT,
    LOST_RENEWAL,
    SKEW,
    Closed,
    Intended,
    Issued,
    Ledger,
    Moment,
    Renewed,
    decode,
    encode,
    read,
)

as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounts a file system: root only"
)


class Clock:
    """A clock that moves when told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.date = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> float:
        return self.seconds

    def wall(self) -> datetime:
        return self.date

    def pass_(self, seconds: float) -> None:
        self.seconds += seconds
        self.date += timedelta(seconds=seconds)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "journal"


def server_and_session(journal, ttl=600.0):
    """Record a server token and a session token below it; return both intents."""
    server, session = new_intent(), new_intent()
    journal.intend(server, kind="server", issuer="bao", parent=None, bound=ttl)
    journal.issued(server, "accessor-of-server", ttl)
    journal.intend(session, kind="session", issuer="bao", parent=server, bound=ttl)
    journal.issued(session, "accessor-of-session", ttl)
    return server, session


def accessors(entries):
    return [entry.accessor for entry in entries]


# The life of a file


def test_a_clean_end_leaves_no_file(directory, clock):
    """Once everything is closed, closing the journal deletes its file."""
    journal = Journal.open(directory, instance="one", clock=clock)
    server, session = server_and_session(journal)
    assert accessors(journal.owed()) == ["accessor-of-server", "accessor-of-session"]
    journal.closed(session, "confirmed")
    assert accessors(journal.owed()) == ["accessor-of-server"]
    journal.closed(server, "confirmed")
    journal.closed(server, "confirmed")
    journal.close()
    journal.close()
    assert list(directory.iterdir()) == []


def test_what_is_owed_at_the_end_is_adopted(directory, clock):
    """A server that stops with debts leaves them to the next, which settles them."""
    journal = Journal.open(directory, instance="one", clock=clock)
    server, session = server_and_session(journal)
    journal.close()

    (adopted,) = adopt(directory, clock)
    assert accessors(adopted.owed()) == ["accessor-of-server", "accessor-of-session"]
    assert adopted.owed()[1].parent == server
    assert adopted.owed()[1].issuer == "bao"
    adopted.closed(session, "confirmed")
    adopted.close()

    (again,) = adopt(directory, clock)
    assert accessors(again.owed()) == ["accessor-of-server"]
    again.closed(server, "expired")
    again.close()
    again.close()
    assert list(directory.iterdir()) == []


def test_files_and_directory_are_private(directory, clock):
    """Only the owner may read accessors, also where the directory was open before."""
    directory.mkdir(mode=0o755)
    journal = Journal.open(directory, instance="one", clock=clock)
    server_and_session(journal)
    assert directory.stat().st_mode & 0o777 == 0o700
    assert journal.path.stat().st_mode & 0o777 == 0o600
    journal.close()


def test_instance_cannot_lead_out_of_the_directory(directory, clock):
    """A name that is more than a name is refused."""
    for instance in ("../x", "", ".hidden", "a/b", "x" * 65, "a\n"):
        with pytest.raises(ConfigError):
            Journal.open(directory, instance=instance, clock=clock)


def test_a_living_owner_is_never_adopted(directory, clock):
    """Two servers share a directory, even by one name, without touching each other's debts."""
    one = Journal.open(directory, instance="same", clock=clock)
    two = Journal.open(directory, instance="same", clock=clock)
    server_and_session(one)
    server_and_session(two)
    assert one.path != two.path
    assert adopt(directory, clock) == []
    two.close()
    (adopted,) = adopt(directory, clock)
    assert len(adopted.owed()) == 2
    assert adopt(directory, clock) == []
    adopted.close()
    one.close()


def test_empty_and_missing_directories_hold_nothing(directory, clock):
    """Adoption is quiet where there is nothing, and takes away what is empty."""
    assert adopt(directory, clock) == []
    directory.mkdir()
    (directory / "old-00000000.jsonl").touch()
    (directory / ".old-00000000.jsonl.0000.tmp").touch()
    (directory / "other.txt").touch()
    assert adopt(directory, clock) == []
    assert [path.name for path in directory.iterdir()] == ["other.txt"]


def test_foreign_things_are_left_alone(directory, clock):
    """A link, a pipe and a directory of a journal's name are not opened, followed or deleted."""
    directory.mkdir()
    target = directory / "target"
    target.write_text("precious")
    (directory / "link.jsonl").symlink_to(target)
    os.mkfifo(directory / "pipe.jsonl")
    (directory / "directory.jsonl").mkdir()
    assert adopt(directory, clock) == []
    assert len(list(directory.iterdir())) == 4
    assert target.read_text() == "precious"


def test_a_long_life_does_not_grow_the_file(directory, clock):
    """Heartbeats of weeks are folded into what is open, and the lock stays."""
    journal = Journal.open(directory, instance="one", clock=clock)
    server, _ = server_and_session(journal)
    for _ in range(12_000):
        clock.pass_(200)
        journal.renewed(server, 600)
    assert journal.path.stat().st_size < 1 << 20
    assert accessors(journal.owed()) == ["accessor-of-server"]
    assert adopt(directory, clock) == []
    journal.close()
    (adopted,) = adopt(directory, clock)
    assert accessors(adopted.owed()) == ["accessor-of-server"]
    adopted.close()


def test_a_deleted_file_comes_back(directory, clock):
    """Whoever cleans runtime directories under us loses nothing: the next intent writes it anew."""
    journal = Journal.open(directory, instance="one", clock=clock)
    server_and_session(journal)
    journal.path.unlink()
    directory.rmdir()
    intent = new_intent()
    journal.intend(intent, kind="session", issuer="bao", parent=None, bound=60)
    assert adopt(directory, clock) == []
    journal.close()
    (adopted,) = adopt(directory, clock)
    assert len(adopted.owed()) == 3
    adopted.close()


# Processes that end badly


_SERVER = """
import os, sys
from pathlib import Path
from jupyter_qcred.core.clock import SystemClock
from jupyter_qcred.revoke.journal import Journal, new_intent

def say(word):
    print(word, flush=True)
    if word == stop:
        sys.stdin.readline()

stop = sys.argv[2]
journal = Journal.open(Path(sys.argv[1]), instance="dying", clock=SystemClock())
say("opened")
intent = new_intent()
journal.intend(intent, kind="server", issuer="bao", parent=None, bound=600)
say("intended")
journal.issued(intent, "accessor", 600)
say("issued")
journal.renewed(intent, 600)
say("renewed")
if stop == "forked":
    if os.fork() == 0:
        sys.stdin.readline()
        os._exit(0)
    say("forked")
journal.closed(intent, "confirmed")
say("closed")
"""


@contextmanager
def dying_server(directory, stop):
    """A process that uses a journal up to one step; killed when the block ends, if not before."""
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVER, str(directory), stop],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            while process.stdout.readline().strip() != stop:
                assert process.poll() is None
            yield process
        finally:
            process.kill()
            process.stdin.close()


@pytest.mark.parametrize(
    ("stop", "owed"),
    [
        ("opened", None),
        ("intended", [None]),
        ("issued", ["accessor"]),
        ("renewed", ["accessor"]),
        ("closed", None),
    ],
)
def test_a_killed_server_is_adopted_at_every_step(directory, stop, owed):
    """Between the intent and the tombstone, a kill leaves exactly what is owed."""
    with dying_server(directory, stop) as process:
        assert adopt(directory, SystemClock()) == []
        process.send_signal(signal.SIGKILL)
        process.wait()
        found = adopt(directory, SystemClock())
    assert [accessors(adopted.owed()) for adopted in found] == ([] if owed is None else [owed])
    for adopted in found:
        assert adopted.damaged == 0
        adopted.close()


def test_a_forked_child_keeps_the_lock(directory):
    """While a fork of the server lives nobody adopts: too late is safe, too early is not."""
    with dying_server(directory, "forked") as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert adopt(directory, SystemClock()) == []


# Time


def test_an_entry_dies_at_its_bound(directory, clock):
    """What nobody closed is forgotten once it is certainly dead, and not before."""
    journal = Journal.open(directory, instance="one", clock=clock)
    server, _ = server_and_session(journal, ttl=600)
    clock.pass_(500)
    journal.renewed(server, 600)
    clock.pass_(100 + SKEW - 1)
    assert accessors(journal.owed()) == ["accessor-of-server", "accessor-of-session"]
    clock.pass_(2)
    assert accessors(journal.owed()) == ["accessor-of-server"]
    clock.pass_(600)
    assert journal.owed() == ()
    journal.close()
    assert list(directory.iterdir()) == []


def test_no_child_outlives_its_parent(directory, clock):
    """A session's bound is its parent's where that comes first, and so is its end."""
    journal = Journal.open(directory, instance="one", clock=clock)
    server, session = new_intent(), new_intent()
    journal.intend(server, kind="server", issuer="bao", parent=None, bound=60)
    journal.intend(session, kind="session", issuer="bao", parent=server, bound=9999)
    assert {entry.bound for entry in journal.owed()} == {clock.now() + 60 + SKEW}
    journal.closed(server, "unsupported")
    assert len(journal.owed()) == 1
    journal.intend(server, kind="server", issuer="bao", parent=None, bound=60)
    journal.closed(server, "confirmed")
    assert journal.owed() == ()
    journal.close()


@pytest.mark.parametrize("boot", ["second", ""], ids=["another-boot", "unknown-boot"])
def test_bounds_survive_a_reboot(directory, clock, boot):
    """After a boot the steady clock begins anew, and the wall clock tells what has died."""
    journal = Journal.open(directory, instance="one", clock=clock, boot="first" if boot else "")
    server_and_session(journal, ttl=100)
    journal.close()
    life = 100 + 100 + SKEW

    clock.pass_(life - 100)
    clock.seconds = 5.0
    (adopted,) = adopt(directory, clock, boot=boot)
    assert len(adopted.owed()) == 2
    assert adopted.owed()[0].bound == pytest.approx(5.0 + 100)
    adopted.close()

    clock.pass_(101)
    clock.seconds = 5.0
    (adopted,) = adopt(directory, clock, boot=boot)
    # A date may be wrong: once more somebody may try to revoke it.
    assert {entry.bound for entry in adopted.owed()} == {5.0 + DOUBT}
    clock.pass_(DOUBT + 1)
    assert adopted.owed() == ()
    assert len(adopted.expired()) == 2
    adopted.close()
    assert list(directory.iterdir()) == []


def test_a_jump_of_the_wall_clock_changes_nothing_within_a_boot(directory, clock):
    """Setting the date a year ahead or back neither kills nor prolongs an entry."""
    for years in (1, -1):
        journal = Journal.open(directory, instance="one", clock=clock, boot="this")
        server_and_session(journal, ttl=100)
        journal.close()
        clock.date += timedelta(days=365 * years)
        (adopted,) = adopt(directory, clock, boot="this")
        assert adopted.owed()[0].bound == clock.now() + 100 + 100 + SKEW
        adopted.closed(adopted.owed()[0].intent, "confirmed")
        adopted.close()
        assert list(directory.iterdir()) == []


def test_a_wall_clock_set_back_over_a_reboot_keeps_the_entry(directory, clock):
    """With the date in the past the entry counts as fresh: kept too long, never too short."""
    journal = Journal.open(directory, instance="one", clock=clock, boot="first")
    server_and_session(journal, ttl=100)
    journal.close()
    clock.date -= timedelta(days=9999)
    clock.seconds = 5.0
    (adopted,) = adopt(directory, clock, boot="second")
    assert adopted.owed()[0].bound == 5.0 + 100 + 100 + SKEW
    adopted.close()


def test_a_lost_renewal_is_allowed_for(directory, clock):
    """An adopted token may have been renewed once more than the disk knows, up to ten minutes."""
    journal = Journal.open(directory, instance="one", clock=clock)
    server_and_session(journal, ttl=36_000)
    journal.close()
    (adopted,) = adopt(directory, clock)
    assert adopted.owed()[0].bound == clock.now() + 36_000 + LOST_RENEWAL + SKEW
    adopted.close()


# Disks that refuse


def test_an_unusable_directory_means_memory_and_says_so(tmp_path, clock):
    """Where no file can be, the journal works in memory and is not durable."""
    (tmp_path / "file").touch()
    journal = Journal.open(tmp_path / "file" / "journal", instance="one", clock=clock)
    assert not journal.durable
    assert "Not a directory" in journal.trouble
    server, _ = server_and_session(journal)
    assert len(journal.owed()) == 2
    journal.closed(server, "confirmed")
    assert journal.owed() == ()
    journal.close()


@as_root
def test_somebody_elses_directory_is_not_used(directory, clock):
    """In a shared place another user may have been faster: nothing is written there."""
    directory.mkdir()
    os.chown(directory, 65534, 65534)
    journal = Journal.open(directory, instance="one", clock=clock)
    assert not journal.durable
    assert "belongs to another user" in journal.trouble
    assert list(directory.iterdir()) == []
    journal.close()


@contextmanager
def mounted(directory, options):
    directory.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(directory)]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        pytest.skip("this machine does not let root mount")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(directory)], check=True)


@as_root
def test_a_read_only_home_means_memory(directory, clock):
    """A read-only file system is an unusable directory."""
    with mounted(directory, "ro"):
        journal = Journal.open(directory, instance="one", clock=clock)
        assert not journal.durable
        assert "Read-only" in journal.trouble
        journal.close()


def fill(path):
    """Write to a file until the disk is full."""
    with suppress(OSError), path.open("wb", buffering=0) as file:
        while file.write(b"x"):
            pass


def intend_many(journal, count, parent):
    for _ in range(count):
        intent = new_intent()
        journal.intend(intent, kind="session", issuer="bao", parent=parent, bound=60)
        journal.closed(intent, "confirmed")


@as_root
def test_a_full_disk_stops_issuing_but_not_revoking(directory, clock):
    """No space: no intent, so no token. What is open can be closed; space makes all well again."""
    with mounted(directory, "size=64k"):
        journal = Journal.open(directory, instance="one", clock=clock)
        server, session = server_and_session(journal)
        ballast = directory / "ballast"
        fill(ballast)
        # The file's last block still has room for some lines.
        with pytest.raises(QcredError, match=r"none is issued: No space left on device"):
            intend_many(journal, 100, parent=server)
        journal.closed(session, "confirmed")
        assert accessors(journal.owed()) == ["accessor-of-server"]

        ballast.unlink()
        after = new_intent()
        journal.intend(after, kind="session", issuer="bao", parent=server, bound=60)
        journal.close()
        (adopted,) = adopt(directory, clock)
        assert adopted.damaged == 0
        assert [entry.intent for entry in adopted.owed()] == [server, after]
        adopted.close()


_LIMITED = """
import resource, sys
from pathlib import Path
from jupyter_qcred.core.clock import SystemClock
from jupyter_qcred.core.errors import QcredError
from jupyter_qcred.revoke.journal import Journal, adopt, new_intent

journal = Journal.open(Path(sys.argv[1]), instance="limited", clock=SystemClock())
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
written = []
try:
    while True:
        written.append(new_intent())
        journal.intend(written[-1], kind="server", issuer="bao", parent=None, bound=600)
except QcredError as error:
    assert "File too large" in str(error), error
    refused = written.pop()
assert [entry.intent for entry in journal.owed()] == written
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
written.append(new_intent())
journal.intend(written[-1], kind="server", issuer="bao", parent=None, bound=600)
journal.close()
(adopted,) = adopt(Path(sys.argv[1]), SystemClock())
assert adopted.damaged == 0
assert [entry.intent for entry in adopted.owed()] == written
"""


def test_a_line_that_was_written_in_part_is_taken_back(directory):
    """The last bytes before a limit hold half a line: it is cut off, and the next one is whole."""
    subprocess.run([sys.executable, "-c", _LIMITED, str(directory)], check=True)


# Damage


def a_history():
    """Records of every kind, each about its own token."""
    at = Moment(1_700_000_000.5, 1000.25, "boot")
    records = []
    for number in range(4):
        intent = f"intent-{number}"
        kind = "session" if number else "server"
        parent = "intent-0" if number else None
        records += [
            Intended(intent=intent, kind=kind, issuer="bao", parent=parent, ttl=60.0, at=at),
            Issued(intent=intent, kind=kind, issuer="bao", accessor=f"a{number}", ttl=60.0, at=at),
            Renewed(intent=intent, ttl=61.0, at=at),
        ]
    return [*records, Closed(intent="intent-3", outcome="confirmed", at=at)]


HISTORY = a_history()
LINES = [encode(record) for record in HISTORY]
WHOLE = b"".join(LINES)


def test_lines_are_read_as_they_were_written():
    """Every kind of record comes back the same."""
    reading = read(WHOLE)
    assert list(reading.records) == HISTORY
    assert reading.damaged == 0
    assert reading.first_damage is None


def test_a_file_cut_at_any_byte_keeps_the_lines_before():
    """Wherever a crash tore the file, the whole lines count and half a line is noticed."""
    for length in range(len(WHOLE) + 1):
        reading = read(WHOLE[:length])
        whole = WHOLE[:length].count(b"\n")
        # Only the newline is missing: the line itself is whole.
        complete = length + 1 <= len(WHOLE) and WHOLE[length : length + 1] == b"\n"
        assert list(reading.records) == HISTORY[: whole + complete]
        torn = not complete and not WHOLE[:length].endswith(b"\n") and length > 0
        assert reading.damaged == torn
        assert (reading.first_damage is not None) == torn


def test_a_flipped_bit_costs_its_own_line_only():
    """No flipped bit goes unnoticed, changes a record, or takes other lines with it."""
    starts = [sum(map(len, LINES[:index])) for index in range(len(LINES) + 1)]
    for position in range(len(WHOLE)):
        line = next(index for index, start in enumerate(starts) if start > position) - 1
        # A flipped newline joins two lines; the last line stays whole, with rubbish behind it.
        lost = {line, line + 1} if WHOLE[position] == 10 else {line}
        expected = [record for index, record in enumerate(HISTORY) if index not in lost]
        for bit in range(8):
            data = bytearray(WHOLE)
            data[position] ^= 1 << bit
            reading = read(bytes(data))
            assert list(reading.records) == expected
            assert reading.damaged
            assert reading.first_damage == starts[line]


@given(st.lists(st.integers(0, len(WHOLE) - 1), max_size=40), st.binary(max_size=40))
def test_any_damage_only_ever_loses(positions, noise):
    """Whatever rubbish is written over a file, no record is read that was never written."""
    data = bytearray(WHOLE)
    for position in positions:
        data[position : position + len(noise)] = noise
    for record in read(bytes(data)).records:
        assert record in HISTORY


@given(st.binary(max_size=300))
def test_any_bytes_can_be_read(data):
    """Reading never raises."""
    assert read(data).records == ()


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"{}",
        b"7",
        b'{"op":"closed"}',
        b'{"op":["closed"],"intent":"i","outcome":"o","at":{"wall":1,"clock":1,"boot":""}}',
        b'{"op":"closed","intent":"i","outcome":"o","at":{"wall":1,"clock":1}}',
        b'{"op":"closed","intent":"i","outcome":"o","at":{"wall":NaN,"clock":1,"boot":""}}',
        b'{"op":"closed","intent":7,"outcome":"o","at":{"wall":1,"clock":1,"boot":""}}',
        b'{"op":"renewed","intent":"i","ttl":-1,"at":{"wall":1,"clock":1,"boot":""}}',
        b'{"op":"unheard-of","intent":"i","outcome":"o","at":{"wall":1,"clock":1,"boot":""}}',
    ],
)
def test_a_right_checksum_does_not_make_a_record(body):
    """A line of another program, or of a later version, is damage and not a crash."""
    digest = blake2b(body, digest_size=8).hexdigest().encode()
    assert decode(body[:-1] + b',"sum":"' + digest + b'"}') is None


def test_damage_is_kept_aside_and_the_rest_is_owed(directory, clock):
    """A file with a hole gives what is intact, and its bad part lies beside it for a look."""
    journal = Journal.open(directory, instance="one", clock=clock)
    _, session = server_and_session(journal)
    path = journal.path
    journal.close()
    lines = path.read_bytes().splitlines(keepends=True)
    hole = b"\x00" * 20 + lines[2][20:]
    path.write_bytes(b"".join([*lines[:2], hole, lines[3], b'{"op":"clo']))

    (adopted,) = adopt(directory, clock)
    assert adopted.damaged == 2
    assert adopted.quarantined == path.with_name(path.name + ".corrupt")
    assert adopted.quarantined.read_bytes() == hole + lines[3] + b'{"op":"clo'
    assert adopted.quarantined.stat().st_mode & 0o777 == 0o600
    # The session's first line is the hole: its accessor is known from the second.
    assert accessors(adopted.owed()) == ["accessor-of-server", "accessor-of-session"]
    adopted.closed(session, "confirmed")
    adopted.close()

    (again,) = adopt(directory, clock)
    assert accessors(again.owed()) == ["accessor-of-server"]
    again.close()


def test_a_file_of_rubbish_is_reported_once(directory, clock):
    """Nothing but damage: copied aside, reported, gone."""
    directory.mkdir()
    (directory / "old-00000000.jsonl").write_bytes(b"\xff" * 100)
    (adopted,) = adopt(directory, clock)
    assert adopted.damaged == 1
    assert adopted.owed() == ()
    adopted.close()
    assert [path.name for path in directory.iterdir()] == ["old-00000000.jsonl.corrupt"]
    assert adopt(directory, clock) == []


# Rules and threads


_INTENTS = st.sampled_from(["a", "b", "c"])
_AT = Moment(1.0, 1.0, "boot")


@given(
    st.lists(
        st.one_of(
            st.builds(
                Intended,
                intent=_INTENTS,
                kind=st.just("session"),
                issuer=st.just("bao"),
                parent=st.none() | st.just("a"),
                ttl=st.floats(0, 100),
                at=st.just(_AT),
            ),
            st.builds(
                Issued,
                intent=_INTENTS,
                kind=st.just("session"),
                issuer=st.just("bao"),
                accessor=st.sampled_from(["x", "y"]),
                ttl=st.floats(0, 100),
                at=st.just(_AT),
            ),
            st.builds(Renewed, intent=_INTENTS, ttl=st.floats(0, 100), at=st.just(_AT)),
            st.builds(
                Closed,
                intent=_INTENTS,
                outcome=st.sampled_from(["confirmed", "not issued"]),
                at=st.just(_AT),
            ),
        ),
        max_size=20,
    )
)
@settings(max_examples=300)
def test_the_short_form_of_a_ledger_is_the_same_ledger(records):
    """What a compacted file says is what the long one said."""
    long, short = Ledger(), Ledger()
    for record in records:
        long.apply(record)
    for record in long.records():
        short.apply(decode(encode(record).rstrip(b"\n")))
    for owner_gone in (True, False):
        assert short.open(_AT, owner_gone=owner_gone) == long.open(_AT, owner_gone=owner_gone)


def test_many_threads_lose_nothing(directory):
    """Fifty kernels start and half of them end at once: each is in the file, whole."""
    journal = Journal.open(directory, instance="one", clock=SystemClock())
    kept = []

    def kernel(number):
        for _ in range(10):
            intent = new_intent()
            journal.intend(intent, kind="session", issuer="bao", parent=None, bound=600)
            journal.issued(intent, f"accessor-{intent}", 600)
            if number % 2:
                journal.closed(intent, "confirmed")
            else:
                kept.append(intent)

    threads = [threading.Thread(target=kernel, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.close()
    (adopted,) = adopt(directory, SystemClock())
    assert adopted.damaged == 0
    assert {entry.intent for entry in adopted.owed()} == set(kept)
    assert set(accessors(adopted.owed())) == {f"accessor-{intent}" for intent in kept}
    adopted.close()


def test_the_file_holds_names_and_times_only(directory, clock):
    """Nobody finds anything in a journal but intents, accessors, kinds, issuers and times."""
    journal = Journal.open(directory, instance="one", clock=clock, boot="boot")
    server, session = server_and_session(journal)
    words = set(re.findall(r'"([^"]*)"', journal.path.read_text()))
    names = {"op", "intent", "kind", "issuer", "parent", "ttl", "at", "wall", "clock", "boot"}
    values = {"intended", "issued", "server", "session", "bao", server, session}
    accessors_ = {"accessor", "accessor-of-server", "accessor-of-session"}
    rest = words - names - values - accessors_ - {"sum"}
    assert all(re.fullmatch("[0-9a-f]{16}", word) for word in rest)
    journal.close()

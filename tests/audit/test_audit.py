"""The audit: from any thread, to the server's event logger and to a file, without ever raising."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from jupyter_events import EVENTS_METADATA_VERSION, EventLogger

from jupyter_qcred.audit.audit import METADATA_VERSION, Audit, register_schemas
from jupyter_qcred.audit.events import Denied, Issued, Redacted, schema_id, schema_paths


class Clock:
    """A clock that stands."""

    def now(self) -> float:
        return 0.0

    def wall(self) -> datetime:
        return datetime(2026, 5, 1, 14, 2, tzinfo=UTC)


def denied(number=0):
    return Denied(user="alice", server="s", kernel=f"k{number}", reason="not_entitled")


def lines_of(*paths):
    return [json.loads(line) for path in paths for line in path.read_text().splitlines()]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "audit" / "events.jsonl"


@pytest.fixture
def sink():
    return io.StringIO()


@pytest.fixture
def event_logger(sink):
    logger = EventLogger(handlers=[logging.StreamHandler(sink)])
    yield logger
    for handler in list(logger.handlers):
        logger.remove_handler(handler)


def test_the_file_speaks_of_the_same_version_as_the_event_logger():
    """Ours is a copy of the number."""
    assert METADATA_VERSION == EVENTS_METADATA_VERSION


def test_the_file_gets_one_line_per_event(path):
    """A line holds the schema, its version, the time in UTC and every field."""
    audit = Audit(file=path, clock=Clock())
    audit.emit(Issued(user="alice", server="s", what="session token", issuer="bao", narrowed=False))
    audit.emit(denied())
    audit.close()
    issued, refusal = lines_of(path)
    assert issued["__schema__"] == "https://events.jupyter.org/jupyter_qcred/issued/v1"
    assert issued["__schema_version__"] == "1"
    assert issued["__timestamp__"] == "2026-05-01T14:02:00Z"
    assert issued["narrowed"] is False
    assert issued["ttl"] is None
    assert refusal["reason"] == "not_entitled"
    assert audit.dropped == 0


def test_the_file_is_private(path):
    """Nobody else reads who used what, also where the file lay there readable."""
    path.parent.mkdir()
    path.touch(mode=0o644)
    audit = Audit(file=path)
    audit.close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_file_is_of_bounded_size(path):
    """Full files are kept beside it, privately, the oldest goes, and nothing else is lost."""
    audit = Audit(file=path, max_bytes=4096)
    for number in range(100):
        audit.emit(denied(number))
    audit.close()
    files = sorted(path.parent.iterdir())
    assert [file.name for file in files] == ["events.jsonl", *(f"events.jsonl.{n}" for n in "1234")]
    for file in files:
        assert file.stat().st_size <= 4096
        assert file.stat().st_mode & 0o777 == 0o600
    kept = [line["kernel"] for line in lines_of(*reversed(files[1:]), files[0])]
    assert kept == [f"k{number}" for number in range(100 - len(kept), 100)]
    assert audit.dropped == 0


def test_two_servers_share_a_file(path):
    """When one rotates the file, the other goes on in the new one."""
    one, two = Audit(file=path, max_bytes=4096), Audit(file=path, max_bytes=1 << 20)
    two.emit(denied(1))
    for number in range(2, 14):
        one.emit(denied(number))
    two.emit(denied(14))
    one.close()
    two.close()
    rotated = path.with_name("events.jsonl.1")
    assert [line["kernel"] for line in lines_of(rotated, path)] == [f"k{n}" for n in range(1, 15)]
    assert lines_of(path)[-1]["kernel"] == "k14"


def test_a_link_is_not_followed(path, tmp_path, caplog):
    """Whoever puts a link in the file's place does not get our lines elsewhere."""
    target = tmp_path / "target"
    target.write_text("precious")
    path.parent.mkdir()
    path.symlink_to(target)
    audit = Audit(file=path)
    audit.emit(denied())
    audit.close()
    assert target.read_text() == "precious"
    assert audit.dropped == 2
    assert len(caplog.records) == 1


def test_a_file_that_cannot_be_opened_is_tried_again(path, caplog):
    """Events before are counted and reported once; when the place is there, the file is."""
    path.parent.touch()
    audit = Audit(file=path)
    audit.emit(denied(1))
    audit.emit(denied(2))
    assert audit.dropped == 3
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    path.parent.unlink()
    audit.emit(denied(3))
    audit.close()
    assert [line["kernel"] for line in lines_of(path)] == ["k3"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full")
def test_a_full_disk_never_raises(caplog):
    """An event that finds no space is counted, told once, and the caller goes on."""
    audit = Audit(file=Path("/dev/full"))
    for number in range(3):
        audit.emit(denied(number))
    audit.close()
    assert audit.dropped == 3
    assert caplog.messages == ["A denied event was not recorded: No space left on device"]


def test_the_servers_handlers_get_events_too(event_logger, sink, path):
    """A deployment's own handlers see the same event as the file."""
    audit = Audit(event_logger=event_logger, file=path, clock=Clock())
    audit.emit(denied())
    audit.close()
    assert json.loads(sink.getvalue()) == lines_of(path)[0]


def test_schemas_may_be_registered_before(event_logger, sink):
    """Whoever registered the schemas first, nobody trips."""
    for schema in schema_paths():
        event_logger.register_event_schema(schema)
    register_schemas(event_logger)
    audit = Audit(event_logger=event_logger)
    audit.emit(denied())
    assert audit.dropped == 0
    assert sink.getvalue()


def test_an_invalid_event_is_counted_not_raised(event_logger, sink, caplog):
    """A deployment's modifier that breaks an event costs the event, and nothing of it is logged."""
    register_schemas(event_logger)

    def break_it(schema_id, data):
        return {**data, "surprise": "canary"}

    event_logger.add_modifier(schema_id=schema_id(Denied), modifier=break_it)
    audit = Audit(event_logger=event_logger)
    audit.emit(denied())
    assert audit.dropped == 1
    assert sink.getvalue() == ""
    assert caplog.messages == ["A denied event was not recorded: ValidationError"]


async def _emit_from_threads(audit, count):
    def work():
        for number in range(count):
            audit.emit(denied(number))

    await asyncio.gather(*(asyncio.to_thread(work) for _ in range(4)))


def test_listeners_run_on_the_loop_whatever_the_thread(event_logger, sink):
    """Events of worker threads reach listeners on the server's loop, in each thread's order."""
    heard = []

    async def listener(logger, schema_id, data):
        heard.append((threading.current_thread(), data["kernel"]))

    async def server():
        loop = asyncio.get_running_loop()
        register_schemas(event_logger)
        event_logger.add_listener(schema_id=schema_id(Denied), listener=listener)
        audit = Audit(event_logger=event_logger, call_on_loop=loop.call_soon_threadsafe)
        await _emit_from_threads(audit, 50)
        while audit._pending:
            await asyncio.sleep(0)
        await event_logger.gather_listeners()
        audit.close()
        assert audit.dropped == 0

    asyncio.run(server())
    assert len(heard) == 200
    assert {thread for thread, _ in heard} == {threading.main_thread()}
    assert len(sink.getvalue().splitlines()) == 200


def test_events_after_the_loop_has_stopped_reach_the_handlers(event_logger, sink):
    """The revocations of a shutdown come when the loop is gone: closing hands them over."""
    heard = []

    async def listener(logger, schema_id, data):
        heard.append(data["kernel"])

    loop = asyncio.new_event_loop()
    register_schemas(event_logger)
    event_logger.add_listener(schema_id=schema_id(Denied), listener=listener)
    audit = Audit(event_logger=event_logger, call_on_loop=loop.call_soon_threadsafe)
    audit.emit(denied(1))
    loop.close()
    audit.emit(denied(2))
    assert sink.getvalue() == ""
    audit.close()
    assert [json.loads(line)["kernel"] for line in sink.getvalue().splitlines()] == ["k1", "k2"]
    assert heard == ["k1", "k2"]
    assert audit.dropped == 0


def test_closing_on_the_loop_does_not_wait_for_it(event_logger, sink):
    """On the loop itself nobody else could take what is pending: it is handed over at once."""

    async def server():
        loop = asyncio.get_running_loop()
        audit = Audit(event_logger=event_logger, call_on_loop=loop.call_soon_threadsafe)
        audit.emit(denied(1))
        while audit._pending:
            await asyncio.sleep(0)
        audit.emit(denied(2))
        before = loop.time()
        audit.close()
        assert loop.time() - before < 0.5
        assert len(sink.getvalue().splitlines()) == 2

    asyncio.run(server())
    assert len(sink.getvalue().splitlines()) == 2


def test_closing_on_another_loop_leaves_listeners_to_theirs(event_logger):
    """A life-cycle thread with a loop of its own waits for the server's loop, which is alive."""
    heard = []

    async def listener(logger, schema_id, data):
        heard.append(threading.current_thread())

    async def life_cycle(audit):
        audit.emit(denied())
        audit.close()

    async def server():
        loop = asyncio.get_running_loop()
        register_schemas(event_logger)
        event_logger.add_listener(schema_id=schema_id(Denied), listener=listener)
        audit = Audit(event_logger=event_logger, call_on_loop=loop.call_soon_threadsafe)
        await asyncio.to_thread(lambda: asyncio.run(life_cycle(audit)))
        await event_logger.gather_listeners()

    asyncio.run(server())
    assert heard == [threading.main_thread()]


def test_the_time_is_that_of_the_event(event_logger, sink):
    """Waiting for the loop does not change when something happened."""

    class Moving(Clock):
        minute = 0

        def wall(self) -> datetime:
            self.minute += 1
            return datetime(2026, 5, 1, 14, self.minute, tzinfo=UTC)

    waiting = []
    audit = Audit(event_logger=event_logger, call_on_loop=waiting.append, clock=Moving())
    audit.emit(denied(1))
    audit.emit(denied(2))
    for function in waiting:
        function()
    stamps = [json.loads(line)["__timestamp__"] for line in sink.getvalue().splitlines()]
    assert stamps == ["2026-05-01T14:01:00Z", "2026-05-01T14:02:00Z"]


def test_threads_do_not_mix_their_lines(path):
    """Long events of many threads are whole lines, none is missing."""
    audit = Audit(file=path, max_bytes=1 << 24)

    def work(number):
        for _ in range(20):
            audit.emit(
                Redacted(
                    user="u", server="s", kernel=f"k{number}", where="save", count=1, path="é" * 999
                )
            )

    threads = [threading.Thread(target=work, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    audit.close()
    lines = lines_of(path)
    assert len(lines) == 200
    assert all(line["path"] == "é" * 999 for line in lines)


def test_without_a_sink_nothing_happens():
    """An audit without file and event logger takes events and closes quietly."""
    audit = Audit()
    audit.emit(denied())
    audit.close()
    audit.close()
    assert audit.dropped == 0


def test_after_closing_the_file_stays_as_it_is(path):
    """Late events do not open the file again."""
    audit = Audit(file=path)
    audit.emit(denied(1))
    audit.close()
    audit.emit(denied(2))
    assert [line["kernel"] for line in lines_of(path)] == ["k1"]

"""The kernel's session redacts whatever it sends, and never stops sending."""

from __future__ import annotations

import datetime as dt
import importlib.util
import itertools
import subprocess
import sys
import textwrap
import threading
import time

import pytest
import zmq
from hypothesis import given, settings
from hypothesis import strategies as st
from ipykernel.iostream import IOPubThread, OutStream
from jupyter_client.session import Session
from traitlets.config import Config

from jupyter_qcred.kernel.session import RedactingSession
from jupyter_qcred.kernel.withheld import WITHHELD
from jupyter_qcred.redact import Redactor
from jupyter_qcred.redact.matcher import Matcher

VALUE = "Qk3vT9zLw0_xR7mNp2sYb8cHd5fGj1aE4uWiOq6tZlKV"
MARK = "[redacted:ibm-quantum]"
PARENT = {"msg_id": "cell-1", "msg_type": "execute_request"}
OTHER = {"msg_id": "cell-2", "msg_type": "execute_request"}
PACKERS = ["json", "pickle"] + [
    name for name in ("orjson", "msgpack") if importlib.util.find_spec(name)
]


class Wire:
    """A session that sends into a socket, and one that reads the other end."""

    def __init__(self, delay: float = 30.0, packer: str = "json") -> None:
        self.context = zmq.Context()
        address = f"inproc://{id(self)}"
        self.out = self.context.socket(zmq.PAIR)
        self.into = self.context.socket(zmq.PAIR)
        self.out.bind(address)
        self.into.connect(address)
        self.redactor = Redactor()
        self.findings: list[tuple[dict[str, int], str]] = []
        quick = type("QuickSession", (RedactingSession,), {"hold_delay": delay})
        config = Config({"Session": {"packer": packer, "unpacker": packer}})
        self.session = quick(
            config=config,
            key=b"key",
            redactor=self.redactor,
            on_redacted=lambda findings, where: self.findings.append((dict(findings), where)),
        )
        self.reader = Session(config=config, key=b"key")

    def send(self, kind: str, content: object, parent: dict = PARENT, **more: object) -> dict:
        return self.session.send(self.out, kind, content, parent=parent, **more)

    def print(self, text: str, name: str = "stdout", parent: dict = PARENT) -> dict:
        return self.send("stream", {"name": name, "text": text}, parent)

    def read(self, timeout: float = 0.0) -> dict | None:
        if not self.into.poll(timeout * 1000):
            return None
        _, message = self.reader.recv(self.into, mode=0)
        return message

    def read_all(self) -> list[dict]:
        found = []
        while (message := self.read()) is not None:
            found.append(message)
        return found

    def texts(self) -> list[str]:
        return [message["content"]["text"] for message in self.read_all()]

    def close(self) -> None:
        self.context.destroy(linger=0)


@pytest.fixture
def wire():
    wire = Wire()
    wire.redactor.arm("ibm-quantum", [VALUE])
    yield wire
    wire.close()


def test_while_nothing_is_armed_messages_are_those_of_the_base_class() -> None:
    """Without an armed value the parts on the wire are what jupyter_client makes of the message."""
    wire = Wire()
    try:
        message = wire.session.msg("stream", {"name": "stdout", "text": VALUE}, parent=PARENT)
        plain = Session(key=b"key", config=wire.session.config)
        wire.session.send(wire.out, message)
        assert wire.into.recv_multipart() == plain.serialize(message)
        assert wire.session.serialize(message) == plain.serialize(message)
    finally:
        wire.close()


CONTENTS = {
    "execute_result": {"data": {"text/plain": f"'{VALUE}'"}, "metadata": {}, "execution_count": 1},
    "display_data": {"data": {"application/json": {VALUE: [VALUE, {"deep": (VALUE,)}]}}},
    "update_display_data": {"data": {"text/html": f"<b>{VALUE}</b>"}, "transient": {}},
    "error": {"ename": "E", "evalue": VALUE, "traceback": [f"\x1b[31m{VALUE}\x1b[0m"]},
    "execute_reply": {"status": "ok", "payload": [{"data": {"text/plain": VALUE}}]},
    "inspect_reply": {"status": "ok", "data": {"text/plain": VALUE}, "found": True},
    "comm_msg": {"comm_id": "c", "data": {"state": {"value": VALUE}}},
    "debug_reply": {"body": {"variables": [{"name": "token", "value": repr(VALUE)}]}},
    "execute_input": {"code": f"token = {VALUE!r}", "execution_count": 3},
    "input_request": {"prompt": VALUE, "password": False},
}


@pytest.mark.parametrize("packer", PACKERS)
@pytest.mark.parametrize("kind", CONTENTS)
def test_every_kind_of_message_is_redacted_with_every_packer(kind: str, packer: str) -> None:
    """No type of message carries the value, whatever packer the user chose."""
    wire = Wire(packer=packer)
    wire.redactor.arm("ibm-quantum", [VALUE])
    try:
        sent = wire.send(kind, CONTENTS[kind], metadata={"note": VALUE})
        raw = wire.into.recv_multipart()
        assert VALUE.encode() not in b"".join(raw)
        _, parts = wire.reader.feed_identities(raw)
        message = wire.reader.deserialize(parts)
        assert MARK in repr(message["content"])
        assert message["metadata"] == {"note": MARK}
        assert VALUE not in repr(sent)
        assert [where for _, where in wire.findings] == [kind]
    finally:
        wire.close()


def test_what_the_caller_handed_in_is_left_alone(wire: Wire) -> None:
    """The caller's dicts still hold what they held: only what is sent is redacted."""
    content = {"data": {"text/plain": VALUE}, "metadata": {}}
    message = wire.session.msg("display_data", content)
    wire.session.send(wire.out, message)
    assert content == {"data": {"text/plain": VALUE}, "metadata": {}}
    assert message["content"] is content


def test_packer_set_for_session_reaches_the_subclass() -> None:
    """A user's Session.packer setting works as it does without us."""
    session = RedactingSession(config=Config({"Session": {"packer": "pickle"}}), key=b"k")
    assert session.packer == "pickle"


def test_a_value_split_over_two_messages_is_redacted(wire: Wire) -> None:
    """The first half waits until the second shows what it was."""
    first = wire.print(f"token: {VALUE[:20]}")
    second = wire.print(f"{VALUE[20:]} done\n")
    assert wire.texts() == ["token: ", f"{MARK} done\n"]
    assert first["content"]["text"] == "token: "
    assert second["msg_type"] == "stream"
    assert wire.findings == [({"ibm-quantum": 1}, "stream")]


def test_an_empty_stream_message_is_never_sent(wire: Wire) -> None:
    """A text that is held back whole sends nothing, yet send returns a message."""
    held = wire.print(VALUE[:10])
    assert wire.read_all() == []
    assert held["msg_type"] == "stream"
    assert held["content"] == {"name": "stdout", "text": ""}
    assert held["tracker"].done
    wire.print(VALUE[10:])
    assert wire.texts() == [MARK]


def test_streams_and_cells_are_held_apart(wire: Wire) -> None:
    """Halves printed to different streams or by different cells do not make a value."""
    wire.print(VALUE[:20], "stdout")
    wire.print(f"{VALUE[20:40]}, no more", "stderr")
    wire.print(f"{VALUE[20:40]}, no more", "stdout", OTHER)
    assert wire.texts() == [f"{VALUE[20:40]}, no more"] * 2
    wire.print(VALUE[20:], "stdout")
    assert wire.texts() == [MARK]


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("display_data", {"data": {}}),
        ("update_display_data", {"data": {}}),
        ("execute_result", {"data": {}}),
        ("error", {"ename": "E"}),
        ("clear_output", {"wait": True}),
        ("input_request", {"prompt": ""}),
        ("execute_reply", {"status": "ok"}),
        ("status", {"execution_state": "idle"}),
    ],
)
def test_held_text_goes_out_before_what_follows_it(wire: Wire, kind: str, content: dict) -> None:
    """Order is kept: a display or the end of a cell comes after the text before it."""
    wire.print(VALUE[:10], parent=PARENT)
    wire.print(VALUE[:12], parent=OTHER)
    wire.send(kind, content)
    sent = [(message["msg_type"], message["parent_header"]) for message in wire.read_all()]
    assert sent == [("stream", PARENT), (kind, PARENT)]
    wire.print(VALUE[10:])
    assert wire.texts() == [MARK], "what was let out is remembered, and the rest redacted"


@pytest.mark.parametrize(
    ("kind", "content"),
    [("status", {"execution_state": "busy"}), ("comm_msg", {"data": {}}), ("status", None)],
)
def test_other_messages_leave_held_text_where_it_is(
    wire: Wire, kind: str, content: dict | None
) -> None:
    """Only what a reader sees after the text makes the text go out."""
    wire.print(VALUE[:10])
    wire.send(kind, content)
    assert [message["msg_type"] for message in wire.read_all()] == [kind]


def test_held_text_goes_out_by_itself_after_a_while() -> None:
    """A prompt that happens to look like the beginning of a value appears without further ado."""
    others = held_output_threads()
    wire = Wire(delay=0.05)
    wire.redactor.arm("ibm-quantum", [VALUE])
    try:
        wire.print(VALUE[:6])
        message = wire.read(timeout=10)
        assert message is not None
        assert message["content"] == {"name": "stdout", "text": VALUE[:6]}
        assert message["parent_header"] == PARENT
        wire.print(VALUE[6:])
        assert wire.texts() == [MARK]
        wait_until(lambda: held_output_threads() <= others, "the thread ends when nothing is held")
    finally:
        wire.close()


def held_output_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if "held output" in thread.name}


def wait_until(condition, what: str, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.005)


def test_output_of_threads_after_the_cell_ended_is_not_lost(wire: Wire) -> None:
    """A thread that prints after idle is heard, and its output redacted."""
    wire.send("status", {"execution_state": "idle"})
    wire.print(f"late {VALUE}\n")
    wire.print(VALUE[:9])
    wire.send("status", {"execution_state": "idle"})
    assert [m["content"].get("text") for m in wire.read_all() if m["msg_type"] == "stream"] == [
        f"late {MARK}\n",
        VALUE[:9],
    ]


def test_streams_of_very_many_cells_are_let_out_when_they_are_forgotten(wire: Wire) -> None:
    """Memory is bounded: the oldest held text is sent, not dropped."""
    for number in range(300):
        wire.print(VALUE[:9], parent={"msg_id": f"cell-{number}"})
    early = wire.read_all()
    assert [message["parent_header"]["msg_id"] for message in early] == [
        f"cell-{number}" for number in range(300 - 256)
    ]


def test_many_threads_lose_nothing_and_leak_nothing() -> None:
    """Eight threads print pieces of the value to cells of their own, in one session."""
    wire = Wire(delay=0.001)
    wire.redactor.arm("ibm-quantum", [VALUE])
    lock = threading.Lock()  # a plain socket, unlike the kernel's, belongs to one thread at a time

    class Out:
        def send_multipart(self, parts, **_):
            with lock:
                wire.out.send_multipart(parts)

    out = Out()
    pieces = [VALUE[:3], VALUE[3:17], VALUE[17:40], VALUE[40:], "\n", "plain text\n"] * 20

    def work(cell: str) -> None:
        for piece in pieces:
            content = {"name": "stdout", "text": piece}
            wire.session.send(out, "stream", content, parent={"msg_id": cell})
        idle = {"execution_state": "idle"}
        wire.session.send(out, "status", idle, parent={"msg_id": cell})

    threads = [threading.Thread(target=work, args=(f"cell-{n}",)) for n in range(8)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        cells: dict[str, str] = {}
        for message in wire.read_all():
            if message["msg_type"] == "stream":
                cell = message["parent_header"]["msg_id"]
                cells[cell] = cells.get(cell, "") + message["content"]["text"]
        assert len(cells) == 8
        for text in cells.values():
            assert VALUE not in text
            assert text.count("plain text\n") == 20
            assert text.count(MARK) == 20
    finally:
        wire.close()


@settings(max_examples=60)
@given(cuts=st.lists(st.integers(0, 200), max_size=8), ends=st.sets(st.integers(0, 8)))
def test_however_a_text_is_cut_the_value_never_goes_out_whole(cuts: list[int], ends: set) -> None:
    """Any cuts, with ends of cells between them: all the other text arrives, the value does not."""
    text = f"one {VALUE} two\n{VALUE[:20]}\nthree {VALUE}{VALUE} four\n"
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    wire = Wire()
    wire.redactor.arm("ibm-quantum", [VALUE])
    try:
        for number, (start, end) in enumerate(itertools.pairwise(edges)):
            if text[start:end]:
                wire.print(text[start:end])
            if number in ends:
                wire.send("status", {"execution_state": "idle"})
        wire.send("status", {"execution_state": "idle"})
        messages = [m for m in wire.read_all() if m["msg_type"] == "stream"]
        assert all(message["content"]["text"] for message in messages)
        whole = "".join(message["content"]["text"] for message in messages)
        assert VALUE not in whole
        assert whole.count(MARK) == 3
        for word in ("one ", " two\n", "\nthree ", " four\n"):
            assert word in whole
    finally:
        wire.close()


def test_binary_buffers_are_redacted_without_changing_their_length(wire: Wire) -> None:
    """A widget's buffer keeps its length, and loses the value."""
    buffer = b"\x00\x01" + VALUE.encode() + b"\xff"
    wire.send("comm_msg", {"data": {}}, buffers=[memoryview(buffer), b"clean"])
    message = wire.read()
    first, second = (bytes(part) for part in message["buffers"])
    assert VALUE.encode() not in first
    assert len(first) == len(buffer)
    assert first.startswith(b"\x00\x01[redacted:ibm-quantum]*")
    assert second == b"clean"


def test_a_buffer_that_is_none_is_refused_as_the_base_class_does(wire: Wire) -> None:
    """The words of the base class reach the developer."""
    with pytest.raises(TypeError, match="buffer protocol"):
        wire.send("comm_msg", {"data": {}}, buffers=["text"])


@pytest.mark.parametrize(
    "value", [{VALUE}, {"inner": {VALUE: 1}.keys()}, iter([VALUE]), [dt.date(2026, 1, 1)]]
)
def test_objects_that_only_a_packer_understands_are_redacted(wire: Wire, value: object) -> None:
    """Sets and iterators become lists on the wire, so they are looked into as well."""
    wire.send("comm_msg", {"data": value, "note": VALUE})
    raw = wire.into.recv_multipart()
    assert VALUE.encode() not in b"".join(raw)
    assert MARK.encode() in b"".join(raw)


def test_an_iterator_without_a_value_arrives_whole(wire: Wire) -> None:
    """Looking into an iterator does not use it up."""
    wire.send("comm_msg", {"data": iter([1, 2, "x"])})
    assert wire.read()["content"] == {"data": [1, 2, "x"]}


def test_what_cannot_be_packed_is_refused_as_the_base_class_does(wire: Wire) -> None:
    """A content that no packer takes raises in the caller, and nothing is sent."""
    with pytest.raises(Exception, match="JSON") as ours:
        wire.send("comm_msg", {"data": object()})
    with pytest.raises(Exception, match="JSON") as theirs:
        Session(key=b"k", config=wire.session.config).send(wire.out, "comm_msg", {"data": object()})
    assert type(ours.value) is type(theirs.value)
    assert wire.read_all() == []


def test_serialize_is_a_net_for_messages_built_by_hand(wire: Wire) -> None:
    """What does not pass send is redacted too, also a content that was packed before."""
    by_hand = wire.session.msg("display_data", {"data": {"text/plain": VALUE}})
    packed = {**by_hand, "content": wire.session.pack(by_hand["content"])}
    as_text = {**by_hand, "content": packed["content"].decode()}
    for message in (by_hand, packed, as_text):
        parts = wire.session.serialize(message, ident=b"topic")
        assert VALUE.encode() not in b"".join(parts)
        assert MARK.encode() in b"".join(parts)
    clean = {**by_hand, "content": wire.session.pack({"data": {}})}
    assert wire.session.serialize(clean)[-1] == clean["content"]


class BrokenMatcher(Matcher):
    """Stands for any failure inside the search."""

    broken = True

    def find(self, data: bytes) -> list:
        return self._found(super().find, data)

    def find_in(self, texts: list[str]) -> dict:
        return self._found(super().find_in, texts)

    def _found(self, find, looked_at):
        if self.broken:
            raise MemoryError("while looking at a text")
        return find(looked_at)


class BrokenRedactor(Redactor):
    matcher_type = BrokenMatcher


@pytest.fixture
def broken():
    wire = Wire(delay=0.05)
    wire.session.redactor = BrokenRedactor()
    wire.session.redactor.arm("ibm-quantum", [VALUE])
    yield wire
    wire.close()


@pytest.mark.parametrize("kind", [*CONTENTS, "custom_message"])
def test_a_message_that_cannot_be_checked_is_withheld(broken: Wire, kind: str) -> None:
    """If redaction itself fails the kernel goes on, and says so in place of the message."""
    broken.send(kind, CONTENTS.get(kind, {"text": VALUE}), metadata={"note": VALUE})
    raw = broken.into.recv_multipart()
    assert VALUE.encode() not in b"".join(raw)
    _, parts = broken.reader.feed_identities(raw)
    message = broken.reader.deserialize(parts)
    assert WITHHELD in repr(message["content"])
    expected = "stream" if kind in {"comm_msg", "custom_message"} else kind
    assert message["msg_type"] == message["header"]["msg_type"] == expected
    if kind.endswith("_reply"):
        assert message["content"]["status"] == "error"


def test_text_and_buffers_that_cannot_be_checked_are_withheld(broken: Wire) -> None:
    """Neither a stream nor a buffer goes out unchecked."""
    broken.print(VALUE)
    broken.send("comm_msg", {}, buffers=[VALUE.encode()])
    raw = broken.into.recv_multipart() + broken.into.recv_multipart()
    assert VALUE.encode() not in b"".join(raw)
    assert WITHHELD.encode() in b"".join(raw)
    assert raw[-1] == b"\0" * len(VALUE)


def test_status_survives_a_broken_redactor(broken: Wire) -> None:
    """A client that waits for idle still gets it."""
    broken.send("status", {"execution_state": "idle"})
    message = broken.read()
    assert (message["msg_type"], message["content"]) == ("status", {"execution_state": "idle"})


def test_held_text_that_cannot_be_checked_any_more_is_withheld(broken: Wire) -> None:
    """A failure between the two halves does not let the first one out."""
    searcher = BrokenMatcher
    searcher.broken = False
    try:
        broken.print(VALUE[:12])
        searcher.broken = True
        message = broken.read(timeout=10)
        assert message["content"] == {"name": "stdout", "text": f"{WITHHELD}\n"}
    finally:
        searcher.broken = True


def test_a_callback_that_raises_does_no_harm(wire: Wire) -> None:
    """Reporting is an extra: output does not depend on it."""
    wire.session.on_redacted = lambda findings, where: 1 / 0
    wire.print(f"{VALUE}\n")
    assert wire.texts() == [f"{MARK}\n"]


def test_a_clone_redacts_with_the_same_redactor(wire: Wire) -> None:
    """A copy of the session, as kernels make for further sockets, knows the same values."""
    copy = wire.session.clone()
    copy.send(wire.out, "stream", {"name": "stdout", "text": f"{VALUE}\n"})
    assert wire.texts() == [f"{MARK}\n"]
    assert copy.redactor is wire.redactor
    assert wire.findings == [({"ibm-quantum": 1}, "stream")]


def test_sessions_share_the_redactor_of_their_class() -> None:
    """A session made by somebody else in the kernel knows what the kernel's own one knows."""
    assert RedactingSession(key=b"k").redactor is RedactingSession(key=b"k").redactor


def test_prints_through_the_kernels_own_streams_are_redacted() -> None:
    """ipykernel's OutStream and IOPub thread work on top, from several threads."""
    context = zmq.Context()
    publisher, subscriber = context.socket(zmq.PUB), context.socket(zmq.SUB)
    port = publisher.bind_to_random_port("tcp://127.0.0.1")
    subscriber.subscribe(b"")
    subscriber.connect(f"tcp://127.0.0.1:{port}")
    session = RedactingSession(key=b"key", redactor=Redactor())
    session.redactor.arm("ibm-quantum", [VALUE])
    reader = Session(key=b"key")
    thread = IOPubThread(publisher, session=session)
    thread.start()
    stdout = OutStream(session, thread, "stdout", watchfd=False)
    stdout.set_parent({"header": PARENT})
    try:
        seen = ""

        def read_more() -> bool:
            nonlocal seen
            stdout.write(".\n")
            stdout.flush()
            while subscriber.poll(20):
                seen += reader.recv(subscriber)[1]["content"]["text"]
            return "." in seen

        wait_until(read_more, "the subscription works")
        stdout.write(f"a {VALUE[:20]}")
        stdout.flush()
        stdout.write(f"{VALUE[20:]} b\n")
        stdout.flush()
        session.send(thread, "status", {"execution_state": "idle"}, parent=PARENT)
        last: dict = {}

        def read_rest() -> bool:
            nonlocal seen, last
            while subscriber.poll(20):
                last = reader.recv(subscriber)[1]
                seen += last["content"].get("text", "")
            return last.get("msg_type") == "status"

        wait_until(read_rest, "idle arrives")
        assert f"a {MARK} b\n" in seen
        assert VALUE not in seen
    finally:
        thread.stop()
        stdout.close()
        thread.close()
        context.destroy(linger=0)


FORK = """
    import os, sys, threading
    from jupyter_qcred.kernel.session import RedactingSession
    from jupyter_qcred.redact import Redactor
    value = sys.argv[1]
    session = RedactingSession(key=b"key", redactor=Redactor())
    session.redactor.arm("ibm-quantum", [value])
    read, write = os.pipe()

    class Pipe:
        def send_multipart(self, parts, **_):
            os.write(write, parts[-1] + b"\\n")

    def say(text):
        session.pid = os.getpid()  # as ipykernel's streams do
        session.send(Pipe(), "stream", {"name": "stdout", "text": text}, parent={"msg_id": "c"})

    say("parent held " + value[:9])
    taken, leave = threading.Event(), threading.Event()

    def holder():
        with session._hold.lock:
            taken.set()
            leave.wait(30)

    thread = threading.Thread(target=holder)
    thread.start()
    taken.wait(30)
    child = os.fork()
    if child == 0:
        say("child " + value + " says\\n")
        say("child held " + value[:9])
        say(value[9:] + "\\n")
        os._exit(0)
    leave.set()
    thread.join()
    _, status = os.waitpid(child, 0)
    say(value[9:] + "\\n")
    os.write(write, b"end")
    os.close(write)
    print(status)
    sys.stdout.write(os.read(read, 1 << 16).decode())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
def test_a_forked_child_redacts_and_loses_nothing() -> None:
    """After a fork the child's output is redacted, sent at once, and free of its parent's lock."""
    command = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(FORK), VALUE]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout.splitlines() == [
        "0",
        '{"name": "stdout", "text": "parent held "}',
        f'{{"name": "stdout", "text": "child {MARK} says\\n"}}',
        f'{{"name": "stdout", "text": "child held {VALUE[:9]}"}}',
        f'{{"name": "stdout", "text": "{MARK}\\n"}}',
        f'{{"name": "stdout", "text": "{MARK}\\n"}}',
        "end",
    ]


def test_held_text_is_sent_before_the_process_ends() -> None:
    """What was held when the interpreter exits still goes out."""
    script = """
        import sys
        from jupyter_qcred.kernel.session import RedactingSession
        from jupyter_qcred.redact import Redactor

        class Out:
            def send_multipart(self, parts, **_):
                sys.stdout.write(parts[-1].decode())

        class Slow(RedactingSession):
            hold_delay = 60.0

        session = Slow(key=b"key", redactor=Redactor())
        session.redactor.arm("ibm-quantum", [sys.argv[1]])
        session.send(Out(), "stream", {"name": "stdout", "text": sys.argv[1][:9]})
    """
    command = [sys.executable, "-c", textwrap.dedent(script), VALUE]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert VALUE[:9] in run.stdout

"""One connection's messages: in order, redacted, and withheld where they could not be checked."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import pytest
from jupyter_server.services.kernels.connection.base import (
    deserialize_binary_message,
    deserialize_msg_from_ws_v1,
    serialize_binary_message,
    serialize_msg_to_ws_v1,
)
from tornado.websocket import WebSocketClosedError

from jupyter_qcred.kernel.withheld import WITHHELD
from jupyter_qcred.redact import Redactor
from jupyter_qcred.redact.matcher import Matcher
from jupyter_qcred.server.outgoing import LONG, Outgoing

VALUE = "Qk3vT9zLw0_xR7mNp2sYb8cHd5fGj1aE4uWiOq6tZlKV"
MARK = "[redacted:ibm-quantum]"
PARTS = ("header", "parent_header", "metadata", "content")


class Breakable(Matcher):
    """Raises at a word: stands for any failure inside the search."""

    def find(self, data: bytes) -> list:
        if b"fail" in data:
            raise RuntimeError(data)
        return super().find(data)

    def find_in(self, texts: Any) -> dict:
        if any("fail" in text for text in texts):
            raise RuntimeError(texts)
        return super().find_in(texts)


class BreakableRedactor(Redactor):
    matcher_type = Breakable


class Line:
    """A connection, and what its browser got."""

    def __init__(self, v1: bool, armed: bool = True) -> None:
        self.v1 = v1
        self.exempt = False
        self.closed = False
        self.sent: list[Any] = []
        self.told: list[tuple[dict[str, int], str]] = []
        redactor = BreakableRedactor()
        if armed:
            redactor.arm("ibm-quantum", [VALUE])
        self.outgoing = Outgoing(
            self._send,
            redactor,
            lambda: self.exempt,
            lambda findings, kind: self.told.append((dict(findings), kind)),
            logging.getLogger("test"),
        )

    def _send(self, message: Any, binary: bool) -> None:
        if self.closed:
            raise WebSocketClosedError
        assert binary == isinstance(message, bytes)
        self.sent.append(message)

    def message(self, kind: str, content: Any, buffers: list[bytes] | None = None) -> Any:
        header = {"msg_id": f"m-{kind}", "msg_type": kind}
        parts = {"header": header, "parent_header": {"msg_id": "p"}, "metadata": {}}
        parts["content"] = content
        buffers = buffers or []
        if self.v1:
            packed = [json.dumps(parts[name]).encode() for name in PARTS]
            return serialize_msg_to_ws_v1([*packed, *buffers], "iopub")
        whole = {**parts, "msg_type": kind, "channel": "iopub", "buffers": buffers}
        return serialize_binary_message(whole) if buffers else json.dumps(whole)

    def write(self, kind: str, content: Any, buffers: list[bytes] | None = None) -> None:
        message = self.message(kind, content, buffers)
        self.outgoing.write(message, isinstance(message, bytes))

    def print(self, text: str) -> None:
        self.write("stream", {"name": "stdout", "text": text})

    def got(self) -> list[dict[str, Any]]:
        return [self._read(message) for message in self.sent]

    def _read(self, message: Any) -> dict[str, Any]:
        if not self.v1:
            if isinstance(message, bytes):
                return deserialize_binary_message(message)
            return json.loads(message)
        _, parts = deserialize_msg_from_ws_v1(message)
        read = {name: json.loads(part) for name, part in zip(PARTS, parts, strict=False)}
        return read | {"buffers": parts[4:]}

    def text(self) -> str:
        streams = [m for m in self.got() if m["header"]["msg_type"] == "stream"]
        return "".join(message["content"]["text"] for message in streams)


@pytest.fixture(params=[True, False], ids=["v1", "legacy"])
def v1(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def run(steps: Any) -> None:
    """Run on a loop."""

    async def on_loop() -> None:
        result = steps()
        if asyncio.iscoroutine(result):
            await result

    asyncio.run(on_loop())


async def until(condition: Any) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


def test_clean_messages_are_sent_as_they_came(v1: bool) -> None:
    """The very object, also those of types that nobody knows."""
    line = Line(v1)
    messages = [
        line.message("stream", {"name": "stdout", "text": "clean\n"}),
        line.message("strange", [1, None, "x"]),
        line.message("comm_msg", {"data": {"a": 1}}, [b"\0" * 9]),
    ]
    run(lambda: [line.outgoing.write(m, isinstance(m, bytes)) for m in messages] and None)
    assert all(one is other for one, other in zip(line.sent, messages, strict=True))


@pytest.mark.parametrize("how", ["exempt", "unarmed"])
def test_a_kernel_that_redacts_itself_costs_nothing(v1: bool, how: str) -> None:
    """Its messages are not even read, nor are any while nothing is armed."""
    line = Line(v1, armed=how != "unarmed")
    line.exempt = how == "exempt"
    run(lambda: line.outgoing.write(b"no message at all", True))
    assert line.sent == [b"no message at all"]


SHAPES = {
    "stream": {"name": "stdout", "text": "fail"},
    "display_data": {"data": {"text/plain": "fail"}, "metadata": {}},
    "execute_reply": {"status": "ok", "execution_count": 3, "payload": ["fail"]},
    "status": {"execution_state": "idle", "why": "fail"},
    "comm_msg": {"data": "fail"},
}


@pytest.mark.parametrize("kind", SHAPES)
def test_what_cannot_be_checked_is_withheld(
    v1: bool, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A message of a shape that its reader expects comes in its place; the next is as ever."""
    line = Line(v1)

    def steps() -> None:
        content = json.loads(json.dumps(SHAPES[kind]).replace("fail", f"fail {VALUE}"))
        line.write(kind, content)
        line.print("after\n")

    run(steps)
    withheld, after = line.got()
    assert VALUE not in str(line.sent)
    assert withheld["parent_header"] == {"msg_id": "p"}
    if kind == "status":
        assert withheld["content"] == {"execution_state": "idle"}
    else:
        assert WITHHELD in json.dumps(withheld["content"])
    assert after["content"]["text"] == "after\n"
    assert VALUE not in caplog.text


def test_what_cannot_be_read_is_dropped(v1: bool, caplog: pytest.LogCaptureFixture) -> None:
    """Neither protocol, half a message, and one of no type: told in the log, and not sent."""
    line = Line(v1)
    broken = [b"\0" * 40, VALUE, "[" * 100_000, "[]", "{}", line.message("stream", 1)[:60], b""]

    def steps() -> None:
        for message in broken:
            line.outgoing.write(message, isinstance(message, bytes))

    run(steps)
    assert line.sent == []
    assert "withheld an unreadable message" in caplog.text
    assert VALUE not in caplog.text


def test_depth_is_withheld_or_redacted(v1: bool) -> None:
    """No depth lets a value through."""
    line = Line(v1)
    for levels in (500, 200_000):
        text = json.dumps({"data": {"a": "DEEP"}}).replace(
            '"DEEP"', "[" * levels + f'"{VALUE}"' + "]" * levels
        )
        header = {"msg_id": "1", "msg_type": "display_data"}
        packed = [json.dumps(part).encode() for part in (header, {"msg_id": "p"}, {})]
        if v1:
            message: Any = serialize_msg_to_ws_v1([*packed, text.encode()], "iopub")
        else:
            message = (
                f'{{"header": {json.dumps(header)}, "parent_header": {{}}, "metadata": {{}}, '
                f'"channel": "iopub", "content": {text}}}'
            )

        async def steps(message: Any = message) -> None:
            line.outgoing.write(message, isinstance(message, bytes))
            await until(lambda: not line.outgoing._waiting)

        run(steps)
    assert VALUE not in str(line.sent)


def test_long_messages_keep_their_place(v1: bool) -> None:
    """What is searched in a thread is overtaken by nothing that came later."""
    line = Line(v1)

    async def steps() -> None:
        for number in range(6):
            line.print(f"{number}" + "x" * (LONG if number % 2 else 1) + VALUE[:20])
            line.print(VALUE[20:] + "\n")
        line.write("status", {"execution_state": "idle"})
        await until(lambda: len(line.told) > 0)

    run(steps)
    assert line.text().replace("x", "") == "".join(f"{n}{MARK}\n" for n in range(6))
    assert line.got()[-1]["content"] == {"execution_state": "idle"}
    assert line.told == [({"ibm-quantum": 6}, "stream")]


def test_a_browser_that_left_is_no_failure(v1: bool) -> None:
    """What was held for it is dropped; who writes is told as ever."""
    line = Line(v1)

    async def steps() -> None:
        line.print(VALUE[:20])
        line.closed = True
        with pytest.raises(WebSocketClosedError):
            line.write("status", {"execution_state": "idle"})
        await until(lambda: line.outgoing._timer is None)

    run(steps)
    assert line.sent == []


def test_a_kernel_that_begins_to_redact_gets_what_was_held(v1: bool) -> None:
    """The order stays when a kernel takes over in the middle of a line."""
    line = Line(v1)

    def steps() -> None:
        line.print(f"a {VALUE[:20]}")
        line.exempt = True
        line.print(" b")

    run(steps)
    assert line.text() == f"a {VALUE[:20]} b"

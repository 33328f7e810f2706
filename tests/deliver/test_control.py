"""The channel inside Jupyter's control messages, against real kernels and hostile connections."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
import zmq
from jupyter_client.connect import write_connection_file
from support.processes import alive

from jupyter_qcred.core import wire
from jupyter_qcred.core.errors import WireError
from jupyter_qcred.deliver.boot import boot_command, boots
from jupyter_qcred.deliver.control import ControlLink
from jupyter_qcred.deliver.control_socket import ControlSocket, Endpoint
from jupyter_qcred.kernel.claim import BootConfig
from jupyter_qcred.kernel.control import Sealed, seal
from jupyter_qcred.kernel.envelope import REQUEST, envelope, opened, why_insecure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LOG = logging.getLogger(__name__)
VALUE = "a-value-that-travels-over-the-control-channel"
DELIVER = wire.Deliver(
    credential="ibm-quantum", lease_id="a-lease", vendor="ibm-quantum", main="value",
    values={"value": VALUE}, public={}, expires_in=None, renewable=False, revocable=False,
    labels={},
)  # fmt: skip


# -- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("info", "why"),
    [
        ({"transport": "tcp", "key": "k"}, "plain TCP"),
        ({"key": b"k"}, "plain TCP"),
        ({"transport": "tcp", "key": "k", "curve_publickey": ""}, "plain TCP"),
        ({"transport": "tcp", "key": "", "curve_publickey": "x" * 40}, "not signed"),
        ({"transport": "ipc", "key": ""}, "not signed"),
        ({"transport": "ipc", "key": "k"}, ""),
        ({"transport": "tcp", "key": b"k", "curve_publickey": b"x" * 40}, ""),
    ],
)
def test_only_signed_and_private_channels_are_used(info: dict[str, Any], why: str) -> None:
    """CURVE, or sockets of the file system; and a key, or anybody could pose as the kernel."""
    assert why in Endpoint.why_not(info)
    assert bool(Endpoint.why_not(info)) == bool(why)


def test_what_was_changed_on_its_way_is_not_opened() -> None:
    """Jupyter signs contents and not buffers: the content signs the buffer."""
    content = envelope(b"key", "deliver", b"line")
    assert opened(b"key", content, [b"line"]) == b"line"
    for key, buffers in ((b"key", [b"lime"]), (b"other", [b"line"]), (b"key", []),
                         (b"key", [b"line", b"line"])):  # fmt: skip
        assert opened(key, content, buffers) is None
    assert opened(b"key", {"digest": None}, [b"line"]) is None
    assert opened(b"key", {}, [b"line"]) is None
    assert VALUE not in str(envelope(b"key", "deliver", VALUE.encode()))


def test_a_sealed_buffer_shows_nothing_and_is_taken_once() -> None:
    """It may be logged, kept as a parent message, and looked at by the user."""
    (sealed,) = seal([memoryview(VALUE.encode())])
    assert VALUE not in f"{sealed!r} {sealed} {[sealed]} {dir(sealed)}"
    assert isinstance(sealed, Sealed)
    assert (sealed.take(), sealed.take()) == (VALUE.encode(), b"")


SPOKEN = {1: "84585ae25b34f6a2"}
"""What each released protocol says: kinds of messages, their fields and types."""


def test_a_changed_message_is_another_protocol() -> None:
    """A remote kernel's half may be of an earlier release: raise PROTOCOL, and record it here."""
    said = repr(sorted((kind, sorted(cls.fields.items())) for kind, cls in wire._KINDS.items()))
    assert hashlib.sha256(said.encode()).hexdigest()[:16] == SPOKEN[wire.PROTOCOL]


# -- commands -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cmd", "fits"),
    [
        (["python", "-m", "ipykernel_launcher", "-f", "x"], True),
        (["python", "/there/launch_ipykernel.py", "--kernel-id", "1"], True),
        (["python", "-u", "launch_ipykernel.py"], True),
        (["launch_ipykernel.py", "--kernel-id", "1"], False),
        (["python", "-m", "other", "launch_ipykernel.py"], False),
        (["python", "-c", "pass", "launch_ipykernel.py"], False),
        (["python", "other.py"], False),
        ([], False),
    ],
)
def test_commands_that_start_an_ipykernel(cmd: list[str], fits: bool) -> None:
    """By a module, or by the script of provisioners for clusters; all else is left alone."""
    assert boots(cmd) == fits
    if fits:
        changed = boot_command(cmd, config("n"))
        assert changed[changed.index("-c") + 1].startswith("# ipykernel_launcher")
        kept = [word for word in cmd if word not in {"-m", "ipykernel_launcher"}]
        assert [word for word in changed if word in kept] == kept
    else:
        with pytest.raises(ValueError, match="not a command"):
            boot_command(cmd, config("n"))


def test_a_program_survives_a_shell_when_it_is_told_of_one(tmp_path: Path) -> None:
    """Some provisioners join the words of a command without quoting them."""
    script = tmp_path / "launch_ipykernel.py"
    script.write_text("import sys; print('args', sys.argv[1:], __name__)")
    cmd = boot_command([sys.executable, str(script), "a", "b"], config("n"), quoted=True)
    ran = subprocess.run(" ".join(cmd), shell=True, capture_output=True, text=True, check=True)
    assert ran.stdout == "args ['a', 'b'] __main__\n"


# -- real kernels ---------------------------------------------------------------------------------


def config(nonce: str, beat: float = 10.0) -> BootConfig:
    return BootConfig(fd=-1, nonce=nonce, server_pid=os.getpid(), hide_memory=False,
                      min_secret_length=8, min_fragment_length=24, beat=beat)  # fmt: skip


class Kernel:
    """An ipykernel on an encrypted connection, with our half or plain."""

    def __init__(self, place: Path, nonce: str | None, beat: float = 10.0) -> None:
        public, secret = zmq.curve_keypair()
        file, _ = write_connection_file(
            str(place / "kernel.json"), key=b"a key", curve_publickey=public, curve_secretkey=secret
        )
        with open(file) as stream:
            self.info = json.load(stream)
        cmd = [sys.executable, "-m", "ipykernel_launcher", "-f", file, "--debug"]
        cmd = cmd if nonce is None else boot_command(cmd, config(nonce, beat))
        self.log_file = place / "log"
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(
                cmd, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env=os.environ | {"IPYTHONDIR": str(place), "IPY_TEST_SIMPLE_PROMPT": "1"},
            )  # fmt: skip
        self.endpoint = Endpoint.of(self.info, None)

    def close(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Callable[..., Kernel]]:
    """Start kernels, and end them with their children."""
    made: list[Kernel] = []

    def make(nonce: str | None, beat: float = 10.0) -> Kernel:
        place = tmp_path / f"kernel{len(made)}"
        place.mkdir()
        made.append(Kernel(place, nonce, beat))
        return made[-1]

    yield make
    for one in made:
        one.close()


def run(coroutine: Any) -> Any:
    return asyncio.run(asyncio.wait_for(coroutine, 60))


def test_a_conversation(kernel: Callable[..., Kernel]) -> None:
    """Claimed, delivered, acknowledged; the kernel's own log has the message and not the value."""

    async def talk() -> Kernel:
        link = ControlLink(10.0, LOG)
        started = kernel(link.nonce)
        link.launched(started.endpoint)
        claimed = await link.claimed()
        assert claimed is not None
        assert claimed.pid is None
        assert link.send(DELIVER)
        async for message in link.messages():
            assert message == wire.Ack(lease_id="a-lease")
            break
        link.close()
        assert not link.send(DELIVER)
        return started

    log = run(talk()).log_file.read_text()
    assert "'kind': 'deliver'" in log
    assert VALUE not in log


def test_a_plain_kernel_never_claims_and_logs_nothing(kernel: Callable[..., Kernel]) -> None:
    """It is asked one thing, which every kernel knows."""

    async def talk() -> None:
        link = ControlLink(10.0, LOG)
        started = kernel(None)
        link.launched(started.endpoint)
        assert await link.claimed() is None
        link.close()
        log = started.log_file.read_text()
        assert "qcred_" not in log
        assert "UNKNOWN" not in log

    run(talk())


def test_a_link_that_may_not_be_used_ends_at_once() -> None:
    """No endpoint, or closed before the kernel was there."""

    async def talk() -> None:
        for close in (True, False):
            link = ControlLink(10.0, LOG)
            if close:
                link.close()
            else:
                link.launched(None)
            assert await link.claimed() is None

    run(talk())


@pytest.mark.parametrize("forked", [False, True])
def test_the_end_of_the_process_ends_the_conversation(
    kernel: Callable[..., Kernel], forked: bool
) -> None:
    """Also where a forked child holds the kernel's sockets open: it answers no ping."""

    async def talk() -> float:
        link = ControlLink(2.0, LOG)
        started = kernel(link.nonce, 2.0)
        link.launched(started.endpoint)
        assert await link.claimed() is not None
        child = await fork_in(started) if forked else None
        os.kill(started.process.pid, signal.SIGKILL)
        started.process.wait()
        begin = time.monotonic()
        assert [message async for message in link.messages()] == []
        link.close()
        if child is not None:
            assert alive(child), "the child ended by itself: nothing was shown"
        return time.monotonic() - begin

    assert run(talk()) < (25 if forked else 10)


async def fork_in(started: Kernel) -> int:
    """Let a kernel fork a child that stays; return its pid."""
    from jupyter_client.asynchronous.client import AsyncKernelClient

    client = AsyncKernelClient()
    client.load_connection_info(started.info)
    client.start_channels()
    await client.wait_for_ready()
    said: list[str] = []
    await client.execute_interactive(
        "import os, time\npid = os.fork()\nif not pid: time.sleep(50); os._exit(0)\nprint(pid)",
        output_hook=lambda message: said.append(message["content"].get("text", "")),
    )
    client.stop_channels()
    return int("".join(said))


def test_messages_of_strangers_are_nothing(kernel: Callable[..., Kernel]) -> None:
    """Another key, a replay, a changed buffer, another launch's name: no answer, and no harm."""

    async def talk() -> None:
        link = ControlLink(10.0, LOG)
        started = kernel(link.nonce)
        stranger = ControlSocket(started.endpoint, 10.0)
        assert await stranger.kernel_protocol() == wire.PROTOCOL
        other = Endpoint.of(started.info | {"key": "another key"}, None)
        forger = ControlSocket(other, 10.0)
        forger.send(wire.Offer(nonce=link.nonce))
        stranger.send(wire.Offer(nonce="of another launch"))
        stranger.send(wire.Offer(nonce=link.nonce, protocol=wire.PROTOCOL + 1))
        session = stranger._session
        line = wire.encode(wire.Offer(nonce=link.nonce))
        content = envelope(session.key, "offer", line)
        stranger._transmit(session.msg(REQUEST, content), line + b" ")
        stranger._transmit(session.msg(REQUEST, content), line, line)
        stranger._transmit(session.msg(REQUEST, {}))
        # All were read once this is answered.
        assert await answer_to_info(stranger) == "kernel_info_reply"
        link.launched(Endpoint.of(started.info, None))
        assert await link.claimed() is not None
        stranger.send(wire.Offer(nonce=link.nonce))
        stranger.send(DELIVER)
        assert await answer_to_info(stranger) == "kernel_info_reply"
        assert forger._incoming.empty()
        for socket in (stranger, forger, link):
            socket.close()

    run(talk())


async def answer_to_info(socket: ControlSocket) -> str:
    socket._transmit(socket._session.msg("kernel_info_request", {}))
    frames = await socket._incoming.get()
    assert frames is not None
    message = socket._verified(frames)
    assert message is not None
    return str(message["msg_type"])


def test_lines_that_are_not_of_the_protocol_end_it() -> None:
    """A kernel is only as trusted as its user."""

    async def talk() -> None:
        socket = ControlSocket(Endpoint.of(HOSTILE, None), 10.0)
        for broken in (b"not JSON\n", b'{"kind": "unheard-of"}\n'):
            session = socket._session
            content = envelope(session.key, "ack", broken)
            frames = session.serialize(session.msg("qcred_message", content))
            await socket._incoming.put([*frames, broken])
            with pytest.raises(WireError):
                await anext(socket.messages())
        socket.close()

    run(talk())


HOSTILE = {"transport": "tcp", "ip": "127.0.0.1", "control_port": 9, "key": "k",
           "curve_publickey": zmq.curve_keypair()[0].decode()}  # fmt: skip


def test_the_reasons_are_told_alike_on_both_sides() -> None:
    """The kernel checks its own socket by the same rule."""
    assert why_insecure("tcp", encrypted=False, signed=True) == Endpoint.why_not({"key": "k"})

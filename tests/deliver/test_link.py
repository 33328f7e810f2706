"""The server's end of the inherited socket."""

from __future__ import annotations

import asyncio
import socket

import pytest

from jupyter_qcred.core import wire
from jupyter_qcred.core.errors import WireError
from jupyter_qcred.deliver.link import KernelLink


async def first_messages(*lines: bytes) -> list[wire.Message]:
    """What a link yields of lines that a kernel wrote before the server looked."""
    link = KernelLink()
    kernel = socket.socket(fileno=socket.dup(link.fd))
    claim = wire.encode(wire.Claim(nonce=link.nonce, pid=1, dumpable=False))
    kernel.sendall(claim + b"".join(lines))
    kernel.close()
    link.launched()
    try:
        assert await link.claimed() is not None
        return [message async for message in link.messages()]
    finally:
        link.close()


@pytest.mark.parametrize("cut", [None, 7])
def test_a_cell_may_ask_before_the_server_has_read_the_claim(cut: int | None) -> None:
    """On a busy machine the kernel is faster: its first requests wait behind the claim."""
    asked = [wire.Ask(id=number, op="get", credential="ibm-quantum") for number in (1, 2)]
    lines = b"".join(wire.encode(ask) for ask in asked)[:cut]
    assert asyncio.run(first_messages(lines)) == ([] if cut else asked)


def test_what_comes_before_a_claim_is_an_error() -> None:
    """Nothing is served to a process that has not claimed."""

    async def talk() -> None:
        link = KernelLink()
        kernel = socket.socket(fileno=socket.dup(link.fd))
        kernel.sendall(wire.encode(wire.Ask(id=1, op="get", credential="ibm-quantum")))
        with pytest.raises(WireError):
            await link.claimed()
        kernel.close()
        link.close()

    asyncio.run(talk())

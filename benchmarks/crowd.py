"""The kernels' ends of many channels in one process: they claim, acknowledge, and hold.

``python -m benchmarks.crowd FD …``; ends when its standard input does.
"""

from __future__ import annotations

import os
import selectors
import socket
import sys

from jupyter_qcred.core import wire


class _Member:
    """One kernel's end."""

    def __init__(self, fd: int) -> None:
        self.channel = socket.socket(fileno=fd)
        self._lines = wire.LineBuffer()

    def read(self) -> bool:
        """Answer what has come; False at the end."""
        chunk = self.channel.recv(65536)
        for message in self._lines.feed(chunk):
            if isinstance(message, wire.Offer):
                self._send(wire.Claim(nonce=message.nonce, pid=os.getpid(), dumpable=True))
            elif isinstance(message, wire.Deliver):
                self._send(wire.Ack(lease_id=message.lease_id))
        return bool(chunk)

    def _send(self, message: wire.Message) -> None:
        self.channel.sendall(wire.encode(message))


def main(descriptors: list[int]) -> None:
    """Serve until nobody wants it any more."""
    with selectors.DefaultSelector() as selector:
        selector.register(sys.stdin, selectors.EVENT_READ, None)
        for fd in descriptors:
            member = _Member(fd)
            selector.register(member.channel, selectors.EVENT_READ, member)
        while True:
            for key, _ in selector.select():
                if key.data is None:
                    return
                if not key.data.read():
                    selector.unregister(key.fileobj)


if __name__ == "__main__":
    main([int(fd) for fd in sys.argv[1:]])

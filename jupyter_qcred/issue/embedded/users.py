"""The connections of those who need OpenBao, as the supervisor sees them.

Standard library only, for the supervisor.
"""

from __future__ import annotations

import os
import secrets
import selectors
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from jupyter_qcred.issue.embedded.sockets import is_ours, peer_pid

if TYPE_CHECKING:
    import socket


class Users:
    """Who holds OpenBao.

    Args:
        selector: the supervisor's; a key's data is called with its file.
        nonce: what a connection has to say to be counted.
    """

    def __init__(self, selector: selectors.BaseSelector, nonce: str) -> None:
        self._selector = selector
        self._hello = f"{nonce}\n".encode()
        self._links: dict[socket.socket, int | None] = {}
        self._held: set[socket.socket] = set()

    def __bool__(self) -> bool:
        """Whether anybody has said the nonce and is still there."""
        return bool(self._held)

    def admit(self, listener: socket.socket) -> None:
        """Take a new connection, unless it is another user's."""
        with suppress(OSError):
            link, _ = listener.accept()
            if not is_ours(link):
                link.close()
                return
            link.settimeout(0)
            self._links[link] = self._watch_process(link)
            self._selector.register(link, selectors.EVENT_READ, self.hear)

    def hear(self, link: socket.socket) -> None:
        """Something came, or the end."""
        try:
            said = link.recv(256)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        if link not in self._held and secrets.compare_digest(said, self._hello):
            self._held.add(link)
            with suppress(OSError):
                link.send(b"held\n")
        else:  # the end, or not of our protocol
            self._drop(link)

    def _watch_process(self, link: socket.socket) -> int | None:
        """A descriptor that turns readable when the connecting process is dead, where there is."""
        if sys.platform == "linux":
            # Process 0: of another namespace.
            with suppress(OSError):  # an old kernel
                descriptor = os.pidfd_open(peer_pid(link))
                end = lambda _: self._drop(link)  # noqa: E731
                self._selector.register(descriptor, selectors.EVENT_READ, end)
                return descriptor
        return None

    def _drop(self, link: socket.socket) -> None:
        descriptor = self._links.pop(link)
        self._held.discard(link)
        self._selector.unregister(link)
        link.close()
        if descriptor is not None:
            self._selector.unregister(descriptor)
            os.close(descriptor)

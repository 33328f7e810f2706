"""Whether a host answers: so that a tutorial without a network says so at its first cell."""

from __future__ import annotations

import socket
import threading
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies

_PATIENCE: Final = 3.0
"""Seconds; looking a name up has no limit of its own."""


def unreachable(url: str) -> str:
    """Return the host that does not answer; empty when it does, or when that can't be known.

    It is connected to, and nothing is sent. Behind a proxy only a real request would tell.
    """
    parts = urlsplit(url)
    proxies = getproxies()
    if proxies.get(parts.scheme) or proxies.get("all") or not parts.hostname:
        return ""
    port = parts.port or (80 if parts.scheme == "http" else 443)
    answered = threading.Event()

    def connect() -> None:
        try:
            socket.create_connection((str(parts.hostname), port), _PATIENCE).close()
        except OSError:
            return
        answered.set()

    # A thread of its own, since a resolver that hangs can't be told to stop.
    thread = threading.Thread(target=connect, name="qcred-reach", daemon=True)
    thread.start()
    thread.join(_PATIENCE)
    return "" if answered.is_set() else str(parts.hostname)

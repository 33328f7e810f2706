"""How our messages travel inside Jupyter's control messages.

The line, which may hold a value, is a binary buffer: ipykernel writes the content of control
messages to its debug log, and jupyter_client prints it where ``Session.debug`` is set, but both
show no more of a buffer than that it is one. Jupyter's signature leaves buffers out, so the content
carries an HMAC of the line under the same key.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

REQUEST: Final = "qcred_request"
"""Type of a message from the server."""

MESSAGE: Final = "qcred_message"
"""Type of a message from the kernel; sent to the server's own connection only."""

MARK: Final = "qcred_protocol"
"""In the metadata of ``kernel_info_reply``: the protocol of the kernel's half."""


def envelope(key: bytes, kind: str, line: bytes) -> dict[str, str]:
    """Return the content of the message that carries ``line``; it is no secret."""
    return {"kind": kind, "digest": _digest(key, line)}


def opened(key: bytes, content: Mapping[str, Any], buffers: Sequence[bytes]) -> bytes | None:
    """Return the line of a received message; None where it is not what the sender signed."""
    digest = content.get("digest")
    if len(buffers) != 1 or not isinstance(digest, str):
        return None
    line = bytes(buffers[0])
    return line if hmac.compare_digest(digest.encode(), _digest(key, line).encode()) else None


def why_insecure(transport: str, *, encrypted: bool, signed: bool) -> str:
    """Why no credential may travel on a control channel; empty where it may.

    Args:
        transport: Jupyter's, ``tcp`` or ``ipc``.
        encrypted: the connection has CURVE keys.
        signed: the connection has a key for signatures.
    """
    if not signed:
        return "The kernel's messages are not signed"
    if transport != "ipc" and not encrypted:
        return "The kernel's control channel is plain TCP, which others can read"
    return ""


INSECURE_NEXT: Final = (
    'Turn on KernelManager.transport_encryption and put "supported_encryption": ["curve"] '
    "into the kernelspec's metadata, or use the ipc transport"
)


def _digest(key: bytes, line: bytes) -> str:
    return hmac.new(key, line, hashlib.sha256).hexdigest()

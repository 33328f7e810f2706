"""The kernel application where the channel is Jupyter's control channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from traitlets import default

from jupyter_qcred.core.wire import PROTOCOL

from . import current
from .app import QcredKernelApp
from .control import seal
from .envelope import INSECURE_NEXT, MARK, REQUEST, why_insecure
from .session import RedactingSession

if TYPE_CHECKING:
    from .control import ControlChannel


class ControlSession(RedactingSession):
    """A session that hands our requests on closed, and tells nobody of them.

    Attributes:
        marked: whether replies to ``kernel_info_request`` tell that our half is here.
    """

    marked = False

    def deserialize(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Read a message; what one of ours carries is sealed before anybody can log or keep it."""
        message = super().deserialize(*args, **kwargs)
        if message["msg_type"] == REQUEST:
            message["buffers"] = seal(message["buffers"])
        return dict(message)

    def send(  # noqa: PLR0913, PLR0917 - the signature of the base class
        self,
        stream: Any,
        msg_or_type: dict[str, Any] | str,
        content: dict[str, Any] | None = None,
        parent: dict[str, Any] | None = None,
        ident: bytes | list[bytes] | None = None,
        buffers: list[Any] | None = None,
        track: bool = False,  # noqa: FBT001, FBT002 - the signature of the base class
        header: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> dict[str, Any] | None:
        """Send a message, but no busy and idle for our requests.

        A server counts those as activity, and would never cull a kernel whose leases are renewed.
        """
        if msg_or_type == "status" and _type_of(parent) == REQUEST:
            return None
        if msg_or_type == "kernel_info_reply" and self.marked:
            metadata = {**(metadata or {}), MARK: PROTOCOL}
        return super().send(
            stream, msg_or_type, content, parent, ident, buffers, track, header, metadata
        )


class ControlKernelApp(QcredKernelApp):
    """An IPython kernel whose credentials come over its control channel."""

    channel: ControlChannel | None = None

    @default("session")
    def _redacting_session(self) -> ControlSession:
        return ControlSession(
            parent=self, redactor=self.redactor, on_redacted=self._report_redacted
        )

    def init_kernel(self) -> None:
        """Open the channel where others cannot read it; else remember the reason."""
        super().init_kernel()  # type: ignore[no-untyped-call]
        session, client, channel = self.session, self.client, self.channel
        assert client is not None
        assert channel is not None
        why_not = why_insecure(
            self.transport,
            encrypted=self.curve_secretkey is not None,
            signed=bool(session.key),
        )
        if why_not or not isinstance(session, ControlSession):
            channel.close()
            current.set_reason(why_not or "The kernel has a session of its own", INSECURE_NEXT)
            return
        session.marked = True
        channel.attach(self.kernel)
        client.start()
        current.set_client(client)


def _type_of(message_or_header: dict[str, Any] | None) -> object:
    found = message_or_header or {}
    return found.get("header", found).get("msg_type")

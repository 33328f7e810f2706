"""A kernel's connection to a browser without values: whatever class is configured, composed.

Connection classes have little in common: some hand each message to ``handle_outgoing_message``,
some (jupyter_server_documents) do not, and status messages and warnings of the server itself go
past it in any case. What they all do is to write to the handler which they are given, so that is
where messages are looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from .outgoing import Outgoing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_qcred.redact import Redactor


class KernelState(Protocol):
    """What a connection asks of the service."""

    @property
    def redactor(self) -> Redactor:
        """What is armed."""
        ...

    def redacts_itself(self, kernel_id: str) -> bool:
        """Whether the kernel's own session redacts whatever it sends."""
        ...

    def redacted_live(self, kernel_id: str, findings: Mapping[str, int], where: str) -> None:
        """Hear of what was redacted on the way to a browser."""
        ...


def redacting_connection(base: Any, service: KernelState) -> Any:
    """Return a subclass of the connection class ``base`` whose browser sees no armed value.

    Kernels that redact by themselves pass at the price of one question a message.
    """
    if getattr(base, "qcred_redacts", False):
        return base

    class RedactingConnection(base):  # type: ignore[misc]
        """See the module's docstring."""

        qcred_redacts = True

        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            handler, kernel_id = self.websocket_handler, str(self.kernel_id)
            outgoing = Outgoing(
                handler.write_message,
                service.redactor,
                lambda: service.redacts_itself(kernel_id),
                lambda findings, where: service.redacted_live(kernel_id, findings, where),
                self.log,
            )
            handler.write_message = outgoing.write

    name = f"Redacting{base.__name__}"
    RedactingConnection.__name__ = RedactingConnection.__qualname__ = name
    return RedactingConnection

"""The kernel application: ipykernel's own, with our Session and magic.

Everything that users configure for ``IPKernelApp`` and ``Session`` still applies: traitlets reads
configuration along the class hierarchy.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

from ipykernel.kernelapp import IPKernelApp
from traitlets import default

from .session import RedactingSession

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_qcred.redact.redactor import Redactor

    from .client import Client


class QcredKernelApp(IPKernelApp):
    """An IPython kernel whose outgoing messages are redacted."""

    # Given by the boot before the instance exists; None means a plain kernel. Where the collector
    # was at work, the boot has stopped it.
    redactor: Redactor | None = None
    client: Client | None = None
    collects = False

    @default("session")
    def _redacting_session(self) -> RedactingSession:
        return RedactingSession(
            parent=self, redactor=self.redactor, on_redacted=self._report_redacted
        )

    def _report_redacted(self, findings: Mapping[str, int], where: str) -> None:
        if self.client is not None:
            for credential, count in findings.items():
                self.client.redacted(credential, where, count)

    def init_shell(self) -> None:
        """Add the magic as soon as the shell is there, before startup files may use it."""
        super().init_shell()  # type: ignore[no-untyped-call]
        # The class may be made anew by %autoreload, with nothing in it.
        self.redactor, self.client = self.redactor, self.client
        shell: Any = self.shell
        if shell is not None:
            from .magic import register

            register(shell)
        if self.collects:
            self._collect_from_now_on()

    def _collect_from_now_on(self) -> None:
        """Let the collector work, and leave what the start has made alone: it never goes."""
        if hasattr(gc, "freeze"):  # CPython's; other collectors have their own ways
            gc.freeze()
        gc.enable()
